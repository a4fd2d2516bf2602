// Where the arrows of a line go.
import type { Direction, Point } from '../api/types';

const ARROW = 26;

/**
 * Where arrows go, from the middle of the line: `to_left` is the left of who stands at the first
 * end and looks at the second. In pixels, y down.
 */
export function arrows([a, b]: [Point, Point], direction: Direction): [Point, Point][] {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const length = Math.hypot(dx, dy) || 1;
  const middle: Point = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const left: Point = [(dy / length) * ARROW, (-dx / length) * ARROW];
  const end = (sign: number): [Point, Point] => [
    middle,
    [middle[0] + sign * left[0], middle[1] + sign * left[1]],
  ];
  return [
    ...(direction === 'to_right' ? [] : [end(1)]),
    ...(direction === 'to_left' ? [] : [end(-1)]),
  ];
}

/** A shaft and a head. */
export function arrowPath(from: Point, to: Point): string {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const head = (turn: number): Point => [
    to[0] - 0.4 * dx + turn * 0.3 * dy,
    to[1] - 0.4 * dy - turn * 0.3 * dx,
  ];
  return `M${from} L${to} M${head(1)} L${to} L${head(-1)}`;
}
