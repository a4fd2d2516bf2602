// No number and no picture may look current when it is not.
import { describe, expect, it } from 'vitest';
import { isSilent } from '../api/socket';
import type { CameraState, Counters, LiveHeader, Status } from '../api/types';
import { pictureAgeMs, type Seen, view } from './age';

const NOW = 100_000;
const COUNTERS: Counters = { people: 2, no_helmet: 1, warning: 0, danger: 1 };

const status = (change: Partial<Status> = {}) =>
  ({ state: 'LIVE', reason: null, picture_age_ms: 50, analysed_per_s: 10, ...change }) as Status;
const header = (change: Partial<LiveHeader> = {}) =>
  ({
    segment: 1,
    state: 'LIVE',
    reason: null,
    analysis: 'done',
    counters: COUNTERS,
    ...change,
  }) as LiveHeader;
const seen = (change: Partial<Seen> = {}): Seen => ({
  status: status(),
  statusAt: NOW - 500,
  header: header(),
  headerAt: NOW - 40,
  counters: COUNTERS,
  countersAt: NOW - 40,
  countersSegment: 1,
  wantedAt: 0,
  ...change,
});

describe('the view of a camera', () => {
  it('is watching only with a live state, a fresh picture and its analysis', () => {
    const now = view(seen(), false, NOW);
    expect(now).toMatchObject({ look: 'watching', state: 'LIVE', reason: null, ageMs: 40 });
    expect(now.counters).toEqual(COUNTERS);
  });

  it('shows nothing as current when the connection is lost', () => {
    expect(view(seen(), true, NOW)).toMatchObject({
      state: 'LOST',
      look: 'lost',
      counters: null,
      analysedPerS: null,
    });
  });

  it.each<[CameraState, string]>([
    ['CONNECTING', 'blind'],
    ['STALE', 'blind'],
    ['OFFLINE', 'blind'],
    ['DEGRADED', 'doubtful'],
    ['PAUSED', 'unwatched'],
    ['STOPPED', 'unwatched'],
  ])('never counts in state %s', (state, look) => {
    const at = { status: status({ state, reason: 'no_pictures' }), statusAt: NOW - 10 };
    const now = view(seen({ ...at }), false, NOW);
    expect(now).toMatchObject({ look, counters: null });
  });

  it('takes an unknown state for blind', () => {
    const odd = status({ state: 'NAPPING' as CameraState });
    expect(view(seen({ status: odd, statusAt: NOW }), false, NOW).look).toBe('blind');
  });

  it.each([
    ['skipped', COUNTERS],
    ['failed', COUNTERS],
    ['done', null],
  ] as const)('does not count on a picture that is %s with counters %o', (analysis, counters) => {
    const now = view(seen({ header: header({ analysis, counters }) }), false, NOW);
    expect(now.counters).toBeNull();
    expect(now.reason).toBe('not_analysed');
  });

  it.each([
    ['of the same segment and fresh', 1, 1000, true],
    ['of another segment', 2, 1000, false],
    ['too old', 1, 1600, false],
  ])('lets predicted pictures keep counters that are %s', (_, segment, ageMs, kept) => {
    const predicted = header({ analysis: 'predicted', counters: null });
    const now = view(
      seen({ header: predicted, countersAt: NOW - ageMs, countersSegment: segment }),
      false,
      NOW,
    );
    expect(now.counters !== null).toBe(kept);
  });

  it('believes the newer of header and status', () => {
    const stale = status({ state: 'STALE', reason: 'no_pictures' });
    expect(view(seen({ status: stale, statusAt: NOW - 1000 }), false, NOW).state).toBe('LIVE');
    expect(view(seen({ status: stale, statusAt: NOW - 10 }), false, NOW).state).toBe('STALE');
  });

  it('is blind when the server sees but this page gets nothing', () => {
    const old = { headerAt: NOW - 3500, statusAt: NOW - 100 };
    expect(view(seen(old), false, NOW)).toMatchObject({
      look: 'blind',
      reason: 'no_pictures_here',
      counters: null,
    });
    expect(view(seen({ ...old, wantedAt: NOW - 100 }), false, NOW)).toMatchObject({
      look: 'blind',
      state: 'CONNECTING',
    });
  });
});

describe('the age of a picture', () => {
  it.each([
    ['arrival, when the picture is newer than the status', NOW - 500, 9000, 40],
    ['what the server said and the time since', NOW - 20, 9000, 9020],
    ['arrival, when the server knows of a newer one', NOW - 20, 5, 40],
  ])('is %s', (_, statusAt, told, expected) => {
    const now = seen({ statusAt, status: status({ picture_age_ms: told }) });
    expect(pictureAgeMs(now, NOW)).toBe(expected);
  });

  it('is unknown without a picture', () => {
    const none = seen({ header: null, status: status({ picture_age_ms: null }) });
    expect(pictureAgeMs(none, NOW)).toBeNull();
  });
});

describe('silence', () => {
  it.each([
    [null, 0, 3000, false],
    [null, 0, 3001, true],
    [5000, 0, 7900, false],
    [5000, 0, 8001, true],
  ])('heard at %s since %s, now %s: %s', (heard, since, now, silent) => {
    expect(isSilent(heard, since, now)).toBe(silent);
  });
});
