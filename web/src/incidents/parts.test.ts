// Mutes and the pictures of clips.
import { describe, expect, it } from 'vitest';
import type { Camera, SafetyEvent } from '../api/types';
import { translator } from '../i18n/words';
import { alarmPart, clipFacts, clipText, clipWhy, doubtOf, pictureAt } from './clip';
import { mergeKnown, muteOf, ofCamera, ofZone } from './mutes';
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
  it('is told of its events, also when this page was never told of it', () => {
    const known = mergeKnown(new Map(), all);
    const muted_by = { by: 'lee', reason: 'drill', until: '2026-11-26T09:00:00Z' };
    const event = (more: Partial<SafetyEvent>) => more as SafetyEvent;
    expect(muteOf(event({ muted: 2 }), known)?.by).toBe('kim');
    expect(muteOf(event({ muted: 2, muted_by }), known)).toEqual(muted_by);
    expect(muteOf(event({ muted: 9, muted_by }), known)).toEqual(muted_by);
    expect(muteOf(event({ muted: 9 }), known)).toBeNull();
    expect(muteOf(event({ muted: null, muted_by: null }), known)).toBeNull();
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
  it.each([
    ['done', null],
    ['predicted', 'predicted'],
    ['skipped', 'skipped'],
    ['failed', 'skipped'],
  ] as const)('of a picture that is %s are told as such', (analysis, doubt) => {
    expect(doubtOf({ t_s: 0, analysis, boxes: [] })).toBe(doubt);
  });
  it('are not known where there is no picture', () => expect(doubtOf(null)).toBe('none'));
  it('take nothing that is not told', () => {
    expect(clipFacts({ clip: { before_s: 5 } })).toEqual({ before_s: 5 });
    expect(clipFacts({ clip: 'x' })).toEqual({});
    expect(clipFacts({})).toEqual({});
  });
});

describe('what is said of a clip', () => {
  const t = translator('ko');
  const reasons =
    'reconnect size_change clock_jump seek loop end_of_file paused stopped camera_removed too_large too_many_at_once';
  it.each(reasons.split(' '))('has words for %s in both languages', (reason) => {
    for (const lang of ['ko', 'en'] as const) {
      expect(clipWhy(reason, translator(lang)).detail).toBeNull();
    }
  });

  it('keeps the words of the server beside its own', () => {
    const detail = "'/data/a.mp4': No space left on device";
    expect(clipWhy(detail, t)).toEqual({ text: '저장 오류', detail });
    expect(clipWhy(undefined, t)).toEqual({ text: '원인 알 수 없음', detail: null });
  });

  it('is its length and why it ended, or why there is none', () => {
    expect(clipText({ duration_s: 15.02, before_s: 5, codec: 'h264' }, t)).toBe(
      '15.0초 · 경보 5.0초 전부터',
    );
    expect(clipText({ duration_s: 8, ended_early: 'reconnect' }, t)).toBe(
      '8.0초 · 영상이 일찍 끝났습니다: 카메라 연결 끊김',
    );
    expect(clipText({ failed: 'too_many_at_once' }, t)).toBe(
      '영상을 저장하지 못했습니다: 동시에 저장하는 영상이 너무 많음',
    );
  });
});
