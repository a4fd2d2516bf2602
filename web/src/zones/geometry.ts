// Polygons in fractions of the picture: what the editor does to them, and who stands inside.
import type { Anchor, Box, Point } from '../api/types';

export const POINTS_MAX = 64;

const clamp = (value: number) => Math.min(1, Math.max(0, value));

/** Kept inside the picture, and no finer than a ten-thousandth of it. */
export const snap = ([x, y]: Point): Point => [
  Math.round(clamp(x) * 1e4) / 1e4,
  Math.round(clamp(y) * 1e4) / 1e4,
];

export const movePoint = (points: readonly Point[], index: number, to: Point): Point[] =>
  points.map((point, i) => (i === index ? snap(to) : point));

/** A new corner on the edge from `edge` to the next corner. */
export function insertPoint(points: readonly Point[], edge: number, at: Point): Point[] {
  if (points.length >= POINTS_MAX) return [...points];
  return [...points.slice(0, edge + 1), snap(at), ...points.slice(edge + 1)];
}

/** A closed polygon keeps three corners. */
export function removePoint(points: readonly Point[], index: number, closed: boolean): Point[] {
  if (closed && points.length <= 3) return [...points];
  return points.filter((_, i) => i !== index);
}

/** The middle of each edge of a closed polygon. */
export function middles(points: readonly Point[]): Point[] {
  return points.map(([x, y], i) => {
    const [nx, ny] = points[(i + 1) % points.length] ?? [x, y];
    return [(x + nx) / 2, (y + ny) / 2];
  });
}

/** Even-odd rule: crossings of a ray to the right. */
export function contains(points: readonly Point[], [x, y]: Point): boolean {
  let inside = false;
  for (let i = 0; i < points.length; i += 1) {
    const [ax, ay] = points[i] ?? [0, 0];
    const [bx, by] = points[(i + 1) % points.length] ?? [0, 0];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/** Where a person stands: the middle of the box's lower edge, as a fraction of the picture. */
export function foot(box: Box['box'], width: number, height: number): Point {
  return [(box[0] + box[2]) / 2 / width, box[3] / height];
}

/** How many points to a side of a box are looked at for the part of it that is inside. */
const GRID = 10;

/** Whether somebody counts as inside, before the edge's hysteresis. */
export function isInside(
  points: readonly Point[],
  anchor: Anchor,
  box: Box['box'],
  width: number,
  height: number,
): boolean {
  const [x1, y1, x2, y2] = box;
  if (anchor === 'foot') return contains(points, foot(box, width, height));
  if (anchor === 'centre') return contains(points, [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height]);
  const steps = Array.from({ length: GRID }, (_, step) => (step + 0.5) / GRID);
  const inside = steps.flatMap((across) =>
    steps.filter((down) =>
      contains(points, [(x1 + across * (x2 - x1)) / width, (y1 + down * (y2 - y1)) / height]),
    ),
  );
  return inside.length >= (GRID * GRID) / 2;
}

/** Distance in pixels of a picture shown `width` by `height` large. */
export function distance(a: Point, b: Point, width: number, height: number): number {
  return Math.hypot((a[0] - b[0]) * width, (a[1] - b[1]) * height);
}
