// The left of a line is the left of who stands at its first end and looks at the second.
import { expect, it } from 'vitest';
import type { Point } from '../api/types';
import { arrows } from './line-arrows';

const round = (point: Point | undefined) => point?.map((v) => Math.round(v));

it.each<[string, [Point, Point], Point]>([
  [
    'to the right',
    [
      [0, 100],
      [200, 100],
    ],
    [100, 74],
  ],
  [
    'up',
    [
      [100, 200],
      [100, 0],
    ],
    [74, 100],
  ],
  [
    'down',
    [
      [100, 0],
      [100, 200],
    ],
    [126, 100],
  ],
])('a line that goes %s has its left there', (_, line, left) => {
  expect(round(arrows(line, 'to_left')[0]?.[1])).toEqual(left);
  const [middle, right] = arrows(line, 'to_right')[0] ?? [];
  expect(round(right)).toEqual([0, 1].map((i) => 2 * (middle?.[i] ?? 0) - (left[i] ?? 0)));
  expect(arrows(line, 'both')).toHaveLength(2);
});

it('a line without length has arrows of no direction and breaks nothing', () => {
  const none = arrows(
    [
      [5, 5],
      [5, 5],
    ],
    'both',
  );
  expect(none.flat(2).every(Number.isFinite)).toBe(true);
});
