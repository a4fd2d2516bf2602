// Drawing: geometry in fractions of the picture, and every step with its way back.
import { describe, expect, it } from 'vitest';
import type { Point } from '../api/types';
import { addPoint, close, configure, drag, fault, newDraft, reshape, undo } from './draft';
import {
  contains,
  distance,
  foot,
  insertPoint,
  middles,
  movePoint,
  POINTS_MAX,
  removePoint,
  snap,
} from './geometry';

const SQUARE: Point[] = [
  [0.2, 0.2],
  [0.8, 0.2],
  [0.8, 0.8],
  [0.2, 0.8],
];
/** A square with a bite from its right side. */
const BITTEN: Point[] = [
  [0, 0],
  [1, 0],
  [0.5, 0.5],
  [1, 1],
  [0, 1],
];

describe('geometry', () => {
  it.each<[string, Point[], Point, boolean]>([
    ['the middle of a square', SQUARE, [0.5, 0.5], true],
    ['left of it', SQUARE, [0.1, 0.5], false],
    ['below it', SQUARE, [0.5, 0.9], false],
    ['in the bite', BITTEN, [0.9, 0.5], false],
    ['above the bite', BITTEN, [0.9, 0.05], true],
    ['a line', SQUARE.slice(0, 2), [0.5, 0.2], false],
    ['nothing', [], [0.5, 0.5], false],
  ])('knows %s', (_, points, at, inside) => {
    expect(contains(points, at)).toBe(inside);
  });

  it('does not care which way round a polygon was drawn', () => {
    for (let x = 0.05; x < 1; x += 0.1) {
      for (let y = 0.05; y < 1; y += 0.1) {
        expect(contains([...BITTEN].reverse(), [x, y])).toBe(contains(BITTEN, [x, y]));
      }
    }
  });

  it('finds where a person stands', () => {
    expect(foot([100, 50, 200, 300], 1000, 600)).toEqual([0.15, 0.5]);
  });

  it('keeps points inside the picture', () => {
    expect(snap([-0.2, 1.7])).toEqual([0, 1]);
    expect(movePoint(SQUARE, 0, [-1, 0.123456])[0]).toEqual([0, 0.1235]);
  });

  it('inserts after the edge it was asked for, also the last', () => {
    expect(insertPoint(SQUARE, 3, [0.2, 0.5])[4]).toEqual([0.2, 0.5]);
    expect(insertPoint(SQUARE, 0, [0.5, 0.2])[1]).toEqual([0.5, 0.2]);
    const full = Array.from({ length: POINTS_MAX }, (): Point => [0, 0]);
    expect(insertPoint(full, 0, [1, 1])).toHaveLength(POINTS_MAX);
  });

  it('leaves a closed polygon three corners', () => {
    const three = removePoint(SQUARE, 0, true);
    expect(three).toHaveLength(3);
    expect(removePoint(three, 0, true)).toHaveLength(3);
    expect(removePoint(three, 0, false)).toHaveLength(2);
  });

  it('finds the middle of every edge', () => {
    expect(middles(SQUARE)).toEqual([
      [0.5, 0.2],
      [0.8, 0.5],
      [0.5, 0.8],
      [0.2, 0.5],
    ]);
  });

  it('measures in pixels of the shown picture', () => {
    expect(distance([0, 0], [0.3, 0.4], 1000, 1000)).toBeCloseTo(500);
  });
});

describe('a draft', () => {
  const drawn = SQUARE.reduce(addPoint, newDraft('구역 1'));

  it('closes from three points on', () => {
    expect(close(SQUARE.slice(0, 2).reduce(addPoint, newDraft(''))).shape.closed).toBe(false);
    expect(close(drawn).shape.closed).toBe(true);
  });

  it('is undone step by step to its beginning', () => {
    let draft = close(drawn);
    const counts = [];
    while (draft.past.length) {
      draft = undo(draft);
      counts.push(draft.shape.points.length);
    }
    expect(counts).toEqual([4, 3, 2, 1, 0]);
    expect(undo(draft)).toBe(draft);
  });

  it('undoes a whole drag at once', () => {
    const closed = close(drawn);
    const begun = reshape(closed, closed.shape);
    const moved = [0.3, 0.4, 0.5].reduce(
      (draft, x) => drag(draft, movePoint(draft.shape.points, 0, [x, x])),
      begun,
    );
    expect(moved.shape.points[0]).toEqual([0.5, 0.5]);
    expect(undo(moved).shape.points).toEqual(SQUARE);
  });

  it('names what keeps it from being saved', () => {
    expect(fault(newDraft('a'))).toBe('editor.toofew');
    expect(fault(configure(drawn, { name: '  ' }))).toBe('editor.noname');
    expect(fault(configure(drawn, { dwell_s: Number.NaN }))).toBe('editor.badnumber');
    expect(fault(configure(drawn, { pause_s: -1 }))).toBe('editor.badnumber');
    expect(fault(drawn)).toBeNull();
  });
});
