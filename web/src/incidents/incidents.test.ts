// What is muted is known, or said not to be: never taken for nothing.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { events } from '../events/events';
import { incidents } from './incidents';

type Answer = (body: unknown) => void;
let asked: { answer: Answer; fail: () => void }[];

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  vi.stubGlobal('fetch', (path: string) => {
    if (!path.startsWith('/api/mutes')) return new Promise(() => undefined);
    return new Promise((resolve, reject) => {
      asked.push({
        answer: (body) => resolve(new Response(JSON.stringify(body))),
        fail: () => reject(new TypeError('no network')),
      });
    });
  });
  incidents.clear();
  incidents.start();
});

afterEach(() => {
  incidents.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const mute = {
  id: 1,
  camera: 'press',
  zone: null,
  type: null,
  from: '2026-11-26T10:00:00Z',
  until: '2099-01-01T00:00:00Z',
  reason: 'works',
  by: 'kim',
  lifted: null,
  events: 0,
};
const settle = () => vi.advanceTimersByTimeAsync(0);
const push = (mutes: unknown[]) => events.heard?.({ type: 'mutes', mutes: mutes as never });

describe('what is muted', () => {
  it('is asked for again until it is known', async () => {
    expect(incidents.mutes.get()).toBeNull();
    asked[0]?.fail();
    await settle();
    expect(incidents.mutes.get()).toBeNull();
    await vi.advanceTimersByTimeAsync(2000);
    expect(asked).toHaveLength(2);
    asked[1]?.answer({ mutes: [mute] });
    await settle();
    expect(incidents.mutes.get()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(4000);
    expect(asked).toHaveLength(2);
  });

  it('is not known any more when it could not be read', async () => {
    push([mute]);
    void incidents.readMutes();
    asked[1]?.fail();
    await settle();
    expect(incidents.mutes.get()).toBeNull();
  });

  it('is what was pushed last, not what an earlier question is answered', async () => {
    push([mute]);
    asked[0]?.answer({ mutes: [] });
    await settle();
    expect(incidents.mutes.get()).toHaveLength(1);
  });

  it('is not asked for when nobody is logged in any more', async () => {
    asked[0]?.fail();
    await settle();
    incidents.stop();
    await vi.advanceTimersByTimeAsync(4000);
    expect(asked).toHaveLength(1);
  });
});
