// What is not known to hold is never shown as done.
import { describe, expect, it } from 'vitest';
import { translator } from '../i18n/words';
import { doneCount, line, OLD_MS, outcome, parseShifts, shown } from './state';
import type { Checklist, Item } from './types';

const t = translator('ko');
const NOW = new Date('2026-05-04T09:00:00');
const at = (time: string) => new Date(`2026-05-04T${time}:00`).toISOString();

const rule = (more: Partial<Item> = {}): Item => ({
  id: 'PPE_HELMET',
  text: { ko: '안전모 착용', en: 'Helmets worn' },
  by: 'rule',
  types: ['helmet_missing'],
  clear_for_s: 60,
  revision: 1,
  state: 'open',
  last: null,
  unconfirmed_since: null,
  standing: 'clear',
  reason: null,
  clear_s: 0,
  ...more,
});
const hand = (more: Partial<Item> = {}): Item =>
  rule({ by: 'hand', types: undefined, standing: null, clear_s: null, ...more });

describe('the sign of an item', () => {
  const states = ['open', 'done', 'unconfirmed'] as const;
  const standings = ['clear', 'violation', 'unknown', null] as const;
  it('is done only of what is ticked and clear in a fresh answer', () => {
    for (const state of states) {
      for (const standing of standings) {
        for (const age of [0, OLD_MS, OLD_MS + 1, Number.NaN, -1]) {
          const good = state === 'done' && standing === 'clear' && age >= 0 && age <= OLD_MS;
          expect(shown(rule({ state, standing }), age) === 'done').toBe(good);
        }
      }
    }
  });
  it.each([
    [rule({ state: 'done', standing: 'violation' }), 'violation'],
    [rule({ state: 'unconfirmed', standing: 'clear' }), 'unknown'],
    [rule({ state: 'open', standing: 'unknown' }), 'unknown'],
    [rule({ state: 'open' }), 'open'],
    [hand({ state: 'done' }), 'done'],
    [hand(), 'open'],
  ])('of %o is %s', (item, sign) => expect(shown(item, 10)).toBe(sign));
  it('counts what is done', () => {
    const items = [rule({ state: 'done' }), rule({ state: 'done', standing: 'unknown' }), hand()];
    const list = { items } as Checklist;
    expect([doneCount(list, 0), doneCount(list, OLD_MS + 1)]).toEqual([1, 0]);
  });
});

describe('the line below an item', () => {
  const last = { who: null, at: at('08:15'), note: '' };
  it.each([
    [rule({ state: 'done', last }), '카메라 확인 08:15'],
    [
      hand({ state: 'done', last: { ...last, who: 'kim', note: '이상 없음' } }),
      'kim 확인 08:15 · 이상 없음',
    ],
    [rule({ clear_s: 12 }), '이상 없음 12/60초 유지 중'],
    [rule({ standing: 'unknown', reason: 'blind' }), '확인 불가 · 카메라 감시 불가'],
    [rule({ standing: 'unknown', reason: 'not_sure' }), '확인 불가 · 판정 근거 부족'],
    [rule({ standing: 'unknown', reason: 'new_one' }), '확인 불가'],
    [
      rule({
        state: 'unconfirmed',
        standing: 'unknown',
        reason: 'blind',
        unconfirmed_since: at('08:40'),
      }),
      '확인 불가 · 카메라 감시 불가 · 08:40부터 확인 안 됨',
    ],
    [
      rule({ state: 'unconfirmed', clear_s: 5, unconfirmed_since: at('08:40') }),
      '재확인 중 5/60초 · 08:40부터 확인 안 됨',
    ],
    [rule({ standing: 'violation', last }), '위반 감지 · 카메라 해제 08:15'],
    [hand(), '확인 전'],
  ])('%o says %s', (item, text) => expect(line(item, 0, t, 'ko', NOW)).toBe(text));
  it('says of an old answer that it is old', () =>
    expect(line(rule({ state: 'done', last }), OLD_MS + 1, t, 'ko', NOW)).toBe(
      '서버 응답 없음: 현재 상태를 알 수 없음',
    ));
});

describe('shifts', () => {
  it.each([
    ['06:00, 14:00 22:00', ['06:00', '14:00', '22:00']],
    ['', []],
    ['6:00', null],
    ['24:00', null],
  ])('%s are %o', (text, times) => expect(parseShifts(text)).toEqual(times));
});

describe('a run', () => {
  it.each([
    [null, [], 'not_over'],
    [null, ['PPE_HELMET'], 'not_over'],
    ['2026-05-04T18:00:00Z', [], 'all'],
    ['2026-05-04T18:00:00Z', ['PPE_HELMET'], 'left'],
  ])('that ended at %s with %o open is %s', (ended, open, expected) =>
    expect(outcome({ ended, open })).toBe(expected),
  );
});
