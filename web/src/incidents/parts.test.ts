// Mutes and the pictures of clips.
import { describe, expect, it } from 'vitest';
import type { Camera } from '../api/types';
import { alarmPart, clipFacts, pictureAt } from './clip';
import { mergeKnown, ofCamera, ofZone } from './mutes';
import type { ClipPicture, Mute } from './types';

const mute = (id: number, more: Partial<Mute>): Mute => ({
  id,
  camera: null,
  zone: null,
  type: null,
  from: '2026-11-26T10:00:00Z',
  until: '2026-11-26T11:00:00Z',
  reason: 'works',
  by: 'kim',
  lifted: null,
  events: 0,
  ...more,
});

describe('a mute', () => {
  const all = [
    mute(1, { camera: 'press' }),
    mute(2, { zone: 'z1' }),
    mute(3, { type: 'helmet_missing' }),
    mute(4, { camera: 'dock', type: 'fall' }),
    mute(5, { camera: 'press', zone: 'z2' }),
  ];
  const ids = (mutes: Mute[]) => mutes.map(({ id }) => id);
  it('is shown on each camera on which it bears', () => {
    const camera = { id: 'press', zones: [{ id: 'z1' }] } as Camera;
    expect(ids(ofCamera(all, camera))).toEqual([1, 2, 3]);
    expect(ids(ofCamera(all, { ...camera, id: 'dock', zones: [] }))).toEqual([3, 4]);
  });
  it('is shown at each zone on which it bears', () => {
    expect(ids(ofZone(all, 'press', 'z1'))).toEqual([1, 2, 3]);
    expect(ids(ofZone(all, 'press', 'z2'))).toEqual([1, 3, 5]);
  });
  it('stays known beyond its end, but not without bound', () => {
    let known = mergeKnown(new Map(), all);
    known = mergeKnown(known, []);
    expect(known.get('2')?.reason).toBe('works');
    const many = Array.from({ length: 600 }, (_, id) => mute(id + 10, {}));
    known = mergeKnown(known, many);
    expect([known.size, known.has('2'), known.has('609')]).toEqual([500, false, true]);
  });
});

describe('the boxes of a clip', () => {
  const pictures = [0, 0.2, 0.4, 5].map(
    (t_s): ClipPicture => ({ t_s, analysis: 'done', boxes: [] }),
  );
  it.each([
    [0, 0],
    [0.19, 0.2],
    [0.3, 0.2],
    [0.4, 0.4],
    [1.3, 0.4],
    [1.6, null],
    [4.9, null],
    [5.5, 5],
    [6.1, null],
  ])('at %s s are those of %s', (at, t_s) => {
    expect(pictureAt(pictures, at)?.t_s ?? null).toBe(t_s);
  });
  it('are none before the first picture or without any', () => {
    expect(pictureAt([], 1)).toBeNull();
    expect(pictureAt(pictures.slice(3), 1)).toBeNull();
  });
  it.each([
    [{ before_s: 5 }, 15, 1 / 3],
    [{ before_s: 20 }, 15, 1],
    [{}, 15, null],
    [{ before_s: 5 }, Number.NaN, null],
  ])('mark the alarm of %o within %s s', (facts, duration, part) => {
    expect(alarmPart(facts, duration)).toBe(part);
  });
  it('take nothing that is not told', () => {
    expect(clipFacts({ clip: { before_s: 5 } })).toEqual({ before_s: 5 });
    expect(clipFacts({ clip: 'x' })).toEqual({});
    expect(clipFacts({})).toEqual({});
  });
});
