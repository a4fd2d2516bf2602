import { describe, expect, it } from 'vitest';
import type { Disk } from '../api/types';
import { diskHealth } from './system';

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
