// Too few analyses are called so, and only then.
import { describe, expect, it } from 'vitest';
import type { Status } from '../api/types';
import { rate, SHORT_AFTER_MS, shortSince } from './rate';

const status = (change: Partial<Status> = {}) =>
  ({
    state: 'LIVE',
    reason: null,
    analysed_per_s: 10,
    wanted_per_s: 10,
    pictures_per_s: 25,
    need: 'people',
    ...change,
  }) as Status;

/** The tone after `seconds` with a status each, as the page gets them. */
function toneAfter(seconds: number, told: (second: number) => Status): string {
  let since: number | null = null;
  let at = 0;
  let newest = told(0);
  for (let second = 0; second <= seconds; second += 1) {
    newest = told(second);
    since = shortSince(since, at, newest, second * 1000);
    at = second * 1000;
  }
  return rate(newest, since === null ? null : at - since).tone;
}

describe('the rate of a camera', () => {
  it.each([
    [4.8, 10, 'people', '4.8', '10'],
    [1.2, 1.25, 'quiet', '1.2', '1.3'],
    [0, 7.5, 'motion', '0.0', '7.5'],
  ] as const)('of %s where %s are wanted for %s', (analysed, wanted, need, done, goal) => {
    const told = status({ analysed_per_s: analysed, wanted_per_s: wanted, need });
    expect(rate(told, null)).toMatchObject({ done, wanted: goal, need });
  });

  it('is unknown without a status or a number', () => {
    const unknown = { done: '?', wanted: null, need: null, tone: 'unknown' };
    expect(rate(null, null)).toEqual(unknown);
    expect(rate(status({ analysed_per_s: null }), 60_000)).toEqual(unknown);
  });
});

describe('a detector that is short of time', () => {
  it.each([
    [5.9, 'short'],
    [6, 'kept'],
    [10, 'kept'],
  ])('with %s of 10 is %s', (analysed, tone) => {
    expect(toneAfter(10, () => status({ analysed_per_s: analysed }))).toBe(tone);
  });

  it('is told only when it stays so', () => {
    const slow = () => status({ analysed_per_s: 3 });
    expect(toneAfter(SHORT_AFTER_MS / 1000 - 1, slow)).toBe('kept');
    expect(toneAfter(SHORT_AFTER_MS / 1000, slow)).toBe('short');
  });

  it('is not told while a rate that was just raised is being reached', () => {
    const rising = (second: number) =>
      second < 6
        ? status({ analysed_per_s: 1.2, wanted_per_s: 1.25, need: 'quiet' })
        : status({ analysed_per_s: Math.min(10, 1.2 + 2.2 * (second - 6)) });
    for (let second = 0; second < 20; second += 1) expect(toneAfter(second, rising)).toBe('kept');
  });

  it('begins anew after a good second, and after a silence', () => {
    const once = (second: number) => status({ analysed_per_s: second === 4 ? 9 : 3 });
    expect(toneAfter(8, once)).toBe('kept');
    expect(toneAfter(10, once)).toBe('short');
    expect(shortSince(1000, 2000, status({ analysed_per_s: 3 }), 60_000)).toBe(60_000);
  });

  it('is not blamed for a source that sends too little', () => {
    const slow = () => status({ analysed_per_s: 4.9, pictures_per_s: 5 });
    expect(toneAfter(10, slow)).toBe('few_pictures');
    const both = () => status({ analysed_per_s: 2, pictures_per_s: 5 });
    expect(toneAfter(10, both)).toBe('short');
  });

  it.each([
    ['STALE', 'no_pictures', 'idle'],
    ['PAUSED', 'command', 'idle'],
    ['OFFLINE', 'unreachable', 'idle'],
    ['DEGRADED', 'detector_failed', 'idle'],
    ['DEGRADED', 'analysis_late', 'short'],
  ] as const)('of a camera that is %s (%s) is %s', (state, reason, tone) => {
    expect(toneAfter(10, () => status({ state, reason, analysed_per_s: 0 }))).toBe(tone);
  });
});
