// A camera's masks and its floor in metres.
import { describe, expect, it } from 'vitest';
import type { Point } from '../api/types';
import { closeMask, newCalibration, rectangle, sceneFault, sceneOf, sides } from './scene';

const triangle: Point[] = [
  [0, 0],
  [1, 0],
  [1, 1],
];
const empty = sceneOf({ masks: [], privacy_masks: [], calibration: null });

describe('a masked area', () => {
  it('is closed only when it has an inside', () => {
    const two = { ...empty, open: triangle.slice(0, 2) };
    expect(closeMask(two)).toBe(two);
    expect(sceneFault(two)).toBe('editor.toofew');
    const closed = closeMask({ ...empty, open: triangle });
    expect(closed).toMatchObject({ masks: [triangle], open: null, dirty: true });
    expect(sceneFault(closed)).toBeNull();
  });
  it('is one that nobody may see if it was begun as such', () => {
    const begun = { ...empty, kind: 'privacy_masks' as const, open: triangle };
    expect(closeMask(begun)).toMatchObject({ masks: [], privacy_masks: [triangle], open: null });
  });
});

describe('a calibration', () => {
  it('is a rectangle with a width and a depth', () => {
    expect(sides({ ...newCalibration(), metres: rectangle(6, 2.5) })).toEqual({
      width: 6,
      depth: 2.5,
    });
  });
  it('is not saved while a side is empty', () => {
    const metres = rectangle(Number.NaN, 3);
    expect(sceneFault({ ...empty, calibration: { ...newCalibration(), metres } })).toBe(
      'editor.badnumber',
    );
  });
});
