// Each change counts once, in whatever order and however often it comes.
import { describe, expect, it } from 'vitest';
import type { SafetyEvent, Severity, System } from '../api/types';
import {
  apply,
  type Change,
  EVENTS_MAX,
  type EventList,
  emptyList,
  fasterElsewhere,
  fill,
  hide,
  learn,
  leftOut,
  load,
  miss,
  reconcile,
  reread,
  resumeFrom,
  timeline,
  waiting,
  waitingCount,
  waitingIds,
} from './list';

const ACK = { by: 'kim', at: '2026-01-01T00:01:00Z', reason: '' };

function event(id: string, seq: number | null, change: Partial<SafetyEvent> = {}): SafetyEvent {
  const severity: Severity = 'CRITICAL';
  const start = new Date(Date.UTC(2026, 0, 1, 0, 0, seq ?? 59)).toISOString();
  return { id, seq, severity, start, acknowledged: null, ...change } as SafetyEvent;
}
const raised = (id: string, seq: number | null, recorded = true): Change => ({
  seq,
  kind: 'raised',
  recorded,
  event: event(id, seq),
});
const acknowledged = (id: string, seq: number): Change => ({
  seq,
  kind: 'acknowledged',
  recorded: true,
  event: event(id, seq, { acknowledged: ACK }),
});
const run = (changes: Change[], from: EventList = { ...emptyList, seq: 0 }) =>
  changes.reduce(apply, from);

describe('the first pages', () => {
  it('become one list that goes on from the older of them', () => {
    const list = load([
      { events: [event('b', 2), event('a', 1)], unacknowledged: 2, seq: 2 },
      { events: [event('a', 3, { acknowledged: ACK }), event('b', 2)], unacknowledged: 1, seq: 3 },
    ]);
    expect(list.seq).toBe(2);
    expect(Object.keys(list.byId)).toHaveLength(2);
    expect(waiting(list).map((e) => e.id)).toEqual(['b']);
  });

  it('count alarms that were not sent', () => {
    const list = load([{ events: [event('a', 9)], unacknowledged: 250, seq: 9 }]);
    expect(waitingCount(list)).toBe(250);
    expect(waitingCount(apply(list, acknowledged('older', 10)))).toBe(249);
  });

  it('do not pop up, except what came between two of them', () => {
    const page = (seq: number, ...events: SafetyEvent[]) => ({ events, unacknowledged: 1, seq });
    expect(load([page(1, event('a', 1))]).fresh).toEqual([]);
    const list = load([page(1, event('a', 1)), page(2, event('b', 2))]);
    expect(list.fresh).toEqual(['b']);
    expect(apply(list, raised('b', 2)).fresh).toEqual(['b']);
  });
});

describe('changes', () => {
  it('are applied once, whatever is sent again', () => {
    const once = run([raised('a', 1), acknowledged('a', 2), raised('b', 3)]);
    const again = run([raised('a', 1), acknowledged('a', 2), raised('b', 3)], once);
    expect(again).toEqual(once);
    expect(again.seq).toBe(3);
    expect(again.fresh).toEqual(['b']);
    expect(waitingCount(again)).toBe(1);
  });

  it('never take an acknowledgement back', () => {
    const list = run([acknowledged('a', 2), raised('a', 1)]);
    expect(list.byId.a?.acknowledged).not.toBeNull();
    expect(list.fresh).toEqual([]);
  });

  it('let an answer overtake its own change', () => {
    const known = learn(run([raised('a', 1)]), event('a', 2, { acknowledged: ACK }));
    expect(known.fresh).toEqual([]);
    const list = apply(known, acknowledged('a', 2));
    expect(list.seq).toBe(2);
    expect(waitingCount(list)).toBe(0);
  });

  it('keep an alarm that was not recorded, until it is', () => {
    const unrecorded = run([raised('a', null, false)]);
    expect(unrecorded.byId.a?.recorded).toBe(false);
    expect(unrecorded.seq).toBe(0);
    expect(unrecorded.fresh).toEqual(['a']);
    const stored = apply(unrecorded, raised('a', 1));
    expect(stored.byId.a?.recorded).toBe(true);
    expect(stored.fresh).toEqual(['a']);
    expect(waitingCount(stored)).toBe(1);
    expect(apply(stored, raised('a', null, false))).toEqual(stored);
  });

  it('pop up only new alarms', () => {
    const info: Change = { ...raised('i', 1), event: event('i', 1, { severity: 'INFO' }) };
    const ended: Change = { ...raised('e', 2), kind: 'ended' };
    expect(run([info, ended]).fresh).toEqual([]);
    expect(hide(run([raised('a', 1), raised('b', 2)]), 'b').fresh).toEqual(['a']);
  });

  it('are bounded, and an alarm that waits is never dropped', () => {
    const done = Array.from({ length: EVENTS_MAX + 20 }, (_, i) => acknowledged(`d${i}`, i + 2));
    const list = run([raised('a', 1), ...done]);
    expect(Object.keys(list.byId).length).toBeLessThanOrEqual(EVENTS_MAX);
    expect(waiting(list).map((e) => e.id)).toEqual(['a']);
  });
});

describe('a gap', () => {
  const before = run([raised('a', 1)]);
  const gap = apply(miss(before, 1, 4), raised('e', 5));

  it('is resumed from where it begins, until it is filled', () => {
    expect(gap.seq).toBe(5);
    expect(resumeFrom(gap)).toBe(1);
    const some = fill(gap, [acknowledged('a', 2), raised('b', 3)]);
    expect(some.gap).toEqual({ after: 3, upTo: 4 });
    expect(resumeFrom(some)).toBe(3);
    const all = fill(some, [acknowledged('b', 4)]);
    expect(all.gap).toBeNull();
    expect(resumeFrom(all)).toBe(5);
    expect(waiting(all).map((e) => e.id)).toEqual(['e']);
    expect(all).toEqual(
      run([
        raised('a', 1),
        acknowledged('a', 2),
        raised('b', 3),
        acknowledged('b', 4),
        raised('e', 5),
      ]),
    );
  });

  it('ends where nothing more is stored, and grows with the next', () => {
    expect(fill(gap, []).gap).toBeNull();
    expect(fill(gap, [raised('b', 2), raised('z', 9)]).gap).toBeNull();
    expect(miss(gap, 5, 8).gap).toEqual({ after: 1, upTo: 8 });
    expect(fill(before, [raised('b', 2)])).toBe(before);
  });

  it('makes an alarm pop up whose later change came first', () => {
    const updated: Change = { ...raised('b', 6), kind: 'updated' };
    const known = apply(gap, updated);
    expect(known.fresh).not.toContain('b');
    const list = fill(known, [raised('b', 2)]);
    expect(list.fresh).toContain('b');
    expect(list.byId.b?.seq).toBe(6);
  });

  it('that is too long is closed by the first pages', () => {
    const page = {
      events: [event('c', 4), event('a', 2, { acknowledged: ACK })],
      unacknowledged: 10,
      seq: 4,
    };
    const list = reread(gap, [page]);
    expect(list.gap).toBeNull();
    expect(list.seq).toBe(5);
    expect(list.fresh).toEqual(['c', 'e']);
    expect(waitingCount(list)).toBe(10);
    expect(list.byId.a?.acknowledged).not.toBeNull();
    expect(reread(miss(gap, 5, 8), [page]).gap).toEqual({ after: 4, upTo: 8 });
  });

  it('lets no count of the server be taken over', () => {
    expect(reconcile(gap, { seq: 5, unacknowledged: 9 } as System)).toBe(gap);
  });
});

describe('"acknowledge all"', () => {
  const seen = run([
    raised('a', 1),
    acknowledged('b', 2),
    raised('c', 3),
    raised('u', null, false),
  ]);
  const asked = waitingIds(seen);

  it('means what waits in the list and is recorded', () => {
    expect(asked).toEqual(['c', 'a']);
    expect(leftOut(seen, asked)).toEqual({ came: 1, hidden: 0 });
  });

  it('leaves out what comes while the reason is typed', () => {
    const now = run([raised('d', 4), raised('u', 5), acknowledged('a', 6), raised('e', 7)], seen);
    expect(leftOut(now, asked).came).toBe(3);
  });

  it('leaves out what the page was not sent', () => {
    const list = load([{ events: [event('a', 9)], unacknowledged: 250, seq: 9 }]);
    expect(waitingIds(list)).toEqual(['a']);
    expect(leftOut(list, waitingIds(list))).toEqual({ came: 0, hidden: 249 });
  });

  it.each([
    [2, 0],
    [1, 1],
    [0, 2],
    [3, 0],
  ])('of two that answers %s had %s that somebody else was faster with', (count, faster) => {
    expect(fasterElsewhere(asked, count)).toBe(faster);
  });
});

it('keeps who muted an event when a change does not tell', () => {
  const muted_by = { by: 'lee', reason: 'drill', until: '2026-01-01T01:00:00Z' };
  const read = learn(emptyList, event('m', 1, { muted: 7, muted_by }));
  const ended = (seq: number, muted: number | null): Change => ({
    ...raised('m', seq),
    kind: 'ended',
    event: event('m', seq, { muted, muted_by: null }),
  });
  expect(apply(read, ended(2, 7)).byId.m?.muted_by).toEqual(muted_by);
  expect(apply(read, ended(2, null)).byId.m?.muted_by).toBeUndefined();
});

it('puts alarms that wait first, then the newest', () => {
  const list = run([raised('a', 1), acknowledged('b', 2), raised('c', 3), acknowledged('d', 4)]);
  expect(timeline(list, 9).map((e) => e.id)).toEqual(['c', 'a', 'd', 'b']);
  expect(timeline(list, 2)).toHaveLength(2);
});

it('takes over the count of the server only for the same moment', () => {
  const list = run([raised('a', 1)]);
  const told = (seq: number, unacknowledged: number) =>
    waitingCount(reconcile(list, { seq, unacknowledged } as System));
  expect(told(1, 5)).toBe(5);
  expect(told(2, 5)).toBe(1);
});
