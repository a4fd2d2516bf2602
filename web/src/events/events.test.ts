// The event connection against a server that the test plays.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { SafetyEvent, System } from '../api/types';
import { events } from './events';

class FakeSocket {
  static readonly OPEN = 1;
  static readonly CONNECTING = 0;
  static all: FakeSocket[] = [];
  readyState = 1;
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }
  say(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  close(): void {}
}

const event = (seq: number) =>
  ({ id: `e${seq}`, seq, severity: 'CRITICAL', start: '2026-01-01T00:00:00Z' }) as SafetyEvent;
const change = (seq: number) => ({
  seq,
  kind: 'raised',
  recorded: true,
  event: { ...event(seq), acknowledged: null },
});

const asked: string[] = [];
/** What is answered to requests for changes, in turn; null is a failure. */
let answers: (unknown | null)[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
  asked.length = 0;
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('location', { protocol: 'http:', host: 'site' });
  vi.stubGlobal('fetch', async (path: string) => {
    asked.push(path);
    const body = path.startsWith('/api/events/changes')
      ? answers.shift()
      : { events: [], unacknowledged: 0, seq: 0 };
    if (!body) throw new Error('the network is gone');
    return { ok: true, status: 200, json: async () => body };
  });
});

afterEach(() => {
  events.stop();
  events.clear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const socket = () => FakeSocket.all.at(-1) as FakeSocket;
const known = () => Object.keys(events.list.get().byId).sort();

it('fetches what it was too slow for, however often that fails, and goes on', async () => {
  answers = [null, { changes: [change(2), change(3)] }, { changes: [change(4)] }];
  events.start(() => undefined);
  await vi.advanceTimersByTimeAsync(0);
  expect(socket().url).toBe('ws://site/ws/events?after=0');
  socket().say({ type: 'change', ...change(1) });
  socket().say({ type: 'missed', after: 1, up_to: 4, count: 3 });
  socket().say({ type: 'change', ...change(5) });
  await vi.advanceTimersByTimeAsync(0);
  expect(known()).toEqual(['e1', 'e5']);
  expect(events.list.get().gap).toEqual({ after: 1, upTo: 4 });
  // A connection that is lost meanwhile goes on from before the gap.
  socket().onclose?.();
  await vi.advanceTimersByTimeAsync(500);
  expect(socket().url).toBe('ws://site/ws/events?after=1');
  await vi.advanceTimersByTimeAsync(2000);
  expect(known()).toEqual(['e1', 'e2', 'e3', 'e4', 'e5']);
  expect(events.list.get().gap).toBeNull();
  const changes = asked.filter((path) => path.includes('changes'));
  expect(changes.map((path) => /after=(\d+)/.exec(path)?.[1])).toEqual(['1', '1', '3']);
});

it('acknowledges what it is asked for by id, and answers how many were not before', async () => {
  const sent: { ids: string[]; reason: string }[] = [];
  vi.stubGlobal('fetch', async (_path: string, init: RequestInit) => {
    const body = JSON.parse(String(init.body));
    sent.push(body);
    return { ok: true, status: 200, json: async () => ({ acknowledged: body.ids.length - 1 }) };
  });
  const ids = Array.from({ length: 1200 }, (_, i) => `e${i}`);
  expect(await events.acknowledgeAll(ids, 'works')).toBe(1198);
  expect(sent.map((body) => [body.ids.length, body.reason])).toEqual([
    [1000, 'works'],
    [200, 'works'],
  ]);
});

it('reads what it was not sent once nothing in its list waits', async () => {
  const waits = (seq: number) => ({ ...event(seq), acknowledged: null });
  let page = { events: [waits(2)], unacknowledged: 2, seq: 2 };
  vi.stubGlobal('fetch', async () => ({ ok: true, status: 200, json: async () => page }));
  events.start(() => undefined);
  await vi.advanceTimersByTimeAsync(0);
  expect(events.list.get().hidden).toBe(1);
  page = { events: [waits(1)], unacknowledged: 1, seq: 3 };
  events.reconcile({ seq: 2, unacknowledged: 2 } as System);
  await vi.advanceTimersByTimeAsync(0);
  expect(known()).toEqual(['e2']);
  const acknowledged = { by: 'kim', at: '2026-01-01T00:01:00Z', reason: '' };
  const done = { ...change(3), kind: 'acknowledged', event: { ...event(2), acknowledged } };
  socket().say({ type: 'change', ...done });
  events.reconcile({ seq: 3, unacknowledged: 1 } as System);
  await vi.advanceTimersByTimeAsync(0);
  expect(known()).toEqual(['e1', 'e2']);
  expect(events.list.get().hidden).toBe(0);
});

it('reads its list again where very much was missed', async () => {
  events.start(() => undefined);
  await vi.advanceTimersByTimeAsync(0);
  const before = asked.length;
  socket().say({ type: 'missed', after: null, up_to: null, count: 2 });
  expect(events.list.get().gap).toBeNull();
  vi.stubGlobal('fetch', async () => ({
    ok: true,
    status: 200,
    json: async () => ({
      events: [{ ...event(9000), acknowledged: null }],
      unacknowledged: 1,
      seq: 9000,
    }),
  }));
  socket().say({ type: 'missed', after: 0, up_to: 9000, count: 9000 });
  await vi.advanceTimersByTimeAsync(0);
  expect(asked.length).toBe(before);
  expect(known()).toEqual(['e9000']);
  expect(events.list.get()).toMatchObject({ gap: null, seq: 9000, fresh: ['e9000'] });
});
