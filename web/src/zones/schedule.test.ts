// Hours: the same rules as the server's, and a week that can be read.
import { describe, expect, it } from 'vitest';
import type { Period } from '../api/types';
import { translator } from '../i18n/words';
import { covers, hours, isBad, isOvernight, newPeriod, periodText, toggleDay } from './schedule';

const night: Period = { days: ['fri'], from: '22:00', to: '06:00', holidays: 'included' };

describe('a schedule', () => {
  it('always applies when there is none', () => {
    expect(covers(null, 'mon', 0)).toBe(true);
    expect(covers(undefined, 'sun', 1439)).toBe(true);
  });

  it('applies from its begin until its end, no longer', () => {
    const day: Period = { days: ['mon'], from: '08:00', to: '17:30', holidays: 'included' };
    expect([479, 480, 1049, 1050].map((at) => covers([day], 'mon', at))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(covers([day], 'tue', 600)).toBe(false);
  });

  it('goes on over midnight on the day after it began', () => {
    expect(isOvernight(night)).toBe(true);
    expect(covers([night], 'fri', 22 * 60)).toBe(true);
    expect(covers([night], 'sat', 5 * 60 + 59)).toBe(true);
    expect(covers([night], 'sat', 6 * 60)).toBe(false);
    expect(covers([night], 'sat', 23 * 60)).toBe(false);
    expect(covers([night], 'fri', 5 * 60)).toBe(false);
  });

  it('knows holidays', () => {
    const only: Period = { holidays: 'only' };
    const not: Period = { holidays: 'excluded' };
    expect([covers([only], 'wed', 60), covers([only], 'wed', 60, 'holiday')]).toEqual([
      false,
      true,
    ]);
    expect([covers([not], 'wed', 60), covers([not], 'wed', 60, 'holiday')]).toEqual([true, false]);
  });

  it('has a row of hours for each day', () => {
    const half: Period = { from: '08:30', to: '10:00', holidays: 'included' };
    const row = hours([half], 'mon');
    expect(row).toHaveLength(24);
    expect([row[7], row[8], row[9], row[10]]).toEqual([0, 0.5, 1, 0]);
  });
});

describe('a period', () => {
  it.each<[Partial<Period>, boolean]>([
    [{}, false],
    [{ days: [] }, true],
    [{ from: '08:00', to: '08:00' }, true],
    [{ from: '25:00' }, true],
    [{ from: '08:60' }, true],
    [{ from: '24:00' }, true],
    [{ to: '24:00' }, false],
    [{ to: '24:01' }, true],
    [{ from: '22:00', to: '06:00' }, false],
  ])('%j is refused: %s', (change, bad) => {
    expect(isBad({ holidays: 'included', ...change })).toBe(bad);
  });

  it('names no days when it has all', () => {
    const six = toggleDay({ holidays: 'included' }, 'sun');
    expect(six.days).toEqual(['mon', 'tue', 'wed', 'thu', 'fri', 'sat']);
    expect(toggleDay(six, 'sun')).toEqual({ holidays: 'included' });
    expect(toggleDay(newPeriod(), 'mon').days).toEqual(['tue', 'wed', 'thu', 'fri']);
  });

  it('is told in words', () => {
    const t = translator('ko');
    expect(periodText(night, t)).toBe('금 22:00–06:00');
    expect(periodText({ holidays: 'only' }, t)).toBe('휴일에만');
    expect(periodText({ holidays: 'included' }, t)).toBe('항상 적용');
  });
});
