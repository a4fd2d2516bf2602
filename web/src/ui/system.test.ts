import { describe, expect, it } from 'vitest';
import type { DetectorHealth, Disk, Health, System } from '../api/types';
import { translator } from '../i18n/words';
import { diskHealth, troubles } from './system';

const disk = (more: Partial<Disk>): Disk => ({
  level: 'enough',
  free_bytes: 1,
  free_bytes_min: 1,
  evidence_bytes: 0,
  detail: null,
  ...more,
});

describe('the disk of the evidence', () => {
  it('is unknown before it was looked at, and bad whenever something is wrong with it', () => {
    expect(diskHealth(disk({ level: null }))).toBeNull();
    expect(diskHealth(disk({}))).toEqual({ state: 'ok', detail: null });
    expect(diskHealth(disk({ level: 'low' }))?.state).toBe('low');
    expect(diskHealth(disk({ level: 'no_clips', detail: 'no clips' }))?.state).toBe('failed');
    expect(diskHealth(disk({ level: null, detail: 'gone' }))?.state).toBe('failed');
    expect(diskHealth(disk({ detail: "can't be removed" }))?.detail).toBe("can't be removed");
  });
});

const ok: Health = { state: 'ok', detail: null };
const broken = (detail: string): Health => ({ state: 'failed', detail });
const system = (more: Partial<System>): System => ({
  version: '0',
  model: null,
  store: ok,
  evidence: ok,
  detector: { ...ok, cameras_failed: 0, cameras_late: 0 },
  escalation: ok,
  disk: disk({}),
  cameras: { total: 3, live: 3 },
  analysed_per_s: 1,
  unacknowledged: 0,
  seq: 0,
  ...more,
});

describe('what must not be overlooked', () => {
  const detector = (failed: number, late: number): Partial<System> => ({
    detector: {
      state: failed ? 'failed' : 'late',
      detail: 'English',
      cameras_failed: failed,
      cameras_late: late,
    } satisfies DetectorHealth,
  });

  it('is nothing while all works, or the disk is only low', () => {
    expect(troubles(system({ disk: disk({ level: 'low' }) }), translator('ko'))).toEqual([]);
  });

  it('is said in the language of the operator, about cameras with their number', () => {
    const ko = troubles(system(detector(0, 2)), translator('ko'));
    expect(ko.map(({ text }) => text)).toEqual([
      '분석 지연: 카메라 2대의 영상 분석이 늦어 현재 상황을 알 수 없습니다.',
    ]);
    const both = troubles(system(detector(1, 2)), translator('en')).map(({ text }) => text);
    expect(both).toHaveLength(2);
    expect(both[0]).toBe('Detector failed: 1 cameras can’t be judged.');
  });

  it('has a sentence for every part, and the words of the server beside it', () => {
    const parts = {
      store: broken('a'),
      evidence: broken('b'),
      escalation: broken('c'),
      disk: disk({ detail: 'd' }),
    };
    for (const language of ['ko', 'en'] as const) {
      const all = troubles(system(parts), translator(language));
      expect(all.map(({ detail }) => detail).sort()).toEqual(['a', 'b', 'c', 'd']);
      for (const { text } of all) expect(text).not.toMatch(/^health/);
    }
  });
});
