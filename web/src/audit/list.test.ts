// The audit: page by page, and in words.
import { describe, expect, it } from 'vitest';
import { translator } from '../i18n/words';
import { actionText, append, cursor, detailText, emptyAudit, short, whoText } from './list';
import { ACTIONS, type AuditEntry } from './types';

const entry = (number: number): AuditEntry => ({
  number,
  at: '2026-11-27T05:00:00.123Z',
  who: 'admin',
  action: 'camera.add',
  target: 'press',
  detail: null,
});
const numbers = (list: { entries: readonly AuditEntry[] }) =>
  list.entries.map(({ number }) => number);

describe('the pages', () => {
  it('follow each other until one is not full', () => {
    expect(cursor(emptyAudit)).toBeUndefined();
    const first = append(emptyAudit, [entry(9), entry(8)], 2);
    expect([cursor(first), first.end]).toEqual([8, false]);
    const second = append(first, [entry(7)], 2);
    expect([numbers(second), second.end]).toEqual([[9, 8, 7], true]);
  });
  it('have each entry once', () => {
    const list = append(append(emptyAudit, [entry(9), entry(8)], 2), [entry(8), entry(7)], 2);
    expect(numbers(list)).toEqual([9, 8, 7]);
    expect(append(list, [], 2)).toEqual({ entries: list.entries, end: true });
  });
});

describe('the details', () => {
  it.each([
    [null, ''],
    [undefined, ''],
    ['play', 'play'],
    [3, '3'],
    [['a', 2], 'a, 2'],
    [{ name: 'Press', rate: 5, zones: ['a', 'b'] }, 'name: Press · rate: 5 · zones: a, b'],
    [{ before: { s: 1 }, after: null }, 'before: {"s":1} · after: null'],
    [{}, ''],
  ])('of %o are %s', (detail, text) => expect(detailText(detail)).toBe(text));
  it('are cut where they are long, between letters', () => {
    expect(short('x'.repeat(160))).toHaveLength(160);
    expect(short(`${'x'.repeat(159)}😀y`)).toBe(`${'x'.repeat(159)}😀…`);
  });
});

describe('the words', () => {
  const t = translator('ko');
  it.each(ACTIONS)('are there for %s in both languages', (action) => {
    for (const lang of ['ko', 'en'] as const)
      expect(actionText(action, translator(lang))).not.toBe(action);
  });
  it('are the server’s own for what is not known', () => {
    expect(actionText('robot.stop', t)).toBe('robot.stop');
  });
  it.each([
    ['kim', 'kim'],
    ['system', '시스템'],
    ['', '–'],
    [null, '–'],
  ])('for %s are %s', (who, text) => expect(whoText(who, t)).toBe(text));
});
