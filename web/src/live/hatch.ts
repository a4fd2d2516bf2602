// Areas of a picture that nobody watches: hatched, so that nobody takes them for safe.
import type { Point } from '../api/types';

const STEP = 10;

interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Hatches the areas over a picture that lies at `place` and says in each what that means. */
export function hatch(
  c: CanvasRenderingContext2D,
  areas: readonly Point[][],
  place: Area,
  size: number,
  text: string,
): void {
  for (const area of areas) {
    const points = area.map(
      ([x, y]): Point => [place.x + x * place.width, place.y + y * place.height],
    );
    const [first, ...rest] = points;
    if (!first || rest.length < 2) continue;
    const xs = points.map(([x]) => x);
    const ys = points.map(([, y]) => y);
    const [left, right] = [Math.min(...xs), Math.max(...xs)];
    const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
    c.save();
    c.beginPath();
    c.moveTo(...first);
    for (const point of rest) c.lineTo(...point);
    c.closePath();
    c.fillStyle = '#05070a99';
    c.fill();
    c.strokeStyle = '#9aa6b2';
    c.lineWidth = 1.5;
    c.stroke();
    c.clip();
    c.strokeStyle = '#9aa6b280';
    c.lineWidth = 2;
    c.beginPath();
    const high = bottom - top;
    for (let x = left - high; x < right; x += STEP) {
      c.moveTo(x, bottom);
      c.lineTo(x + high, top);
    }
    c.stroke();
    // Only where it fits: half a word says nothing.
    const width = c.measureText(text).width;
    if (width + size < right - left && size * 1.6 < high) {
      const [x, y] = [(left + right) / 2, (top + bottom) / 2];
      c.fillStyle = '#0b0f14d0';
      c.fillRect(x - width / 2 - size / 2, y - size * 0.8, width + size, size * 1.6);
      c.fillStyle = '#dfe6ee';
      c.fillText(text, x - width / 2, y);
    }
    c.restore();
  }
}
