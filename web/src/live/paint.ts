// Paints one live message on a canvas: its picture and, over it, what was known on that picture.
import type { Box, Level, LiveHeader, Point, RuleNow, ZoneNow, ZoneType } from '../api/types';
import type { Translate } from '../i18n/i18n';
import { arrows } from '../zones/line-arrows';
import { boxLabel, stays } from './describe';
import { hatch } from './hatch';

const FONT = '"Pretendard Variable", "Noto Sans KR", system-ui, sans-serif';

interface Paint {
  line: string;
  ink: string;
}

const LEVELS: Record<Level, Paint> = {
  ok: { line: '#3fb27f', ink: '#04150d' },
  warning: { line: '#f2b233', ink: '#1c1402' },
  danger: { line: '#ff5c5c', ink: '#1a0606' },
};
const OBJECT: Paint = { line: '#9fc3dd', ink: '#06121b' };
const ZONES = {
  danger: { line: '#ff5c5c', fill: '#ff5c5c2e', text: '#ffd9d9', mark: '■' },
  warning: { line: '#f2b233', fill: '#f2b23326', text: '#ffe9bd', mark: '▲' },
  custom: { line: '#4aa8ff', fill: '#4aa8ff22', text: '#cfe6ff', mark: '◆' },
} as const;

/** Signs of the types of zones, for those who don't see colours. */
export const ZONE_MARKS: Record<ZoneType, string> = {
  danger: ZONES.danger.mark,
  warning: ZONES.warning.mark,
  custom: ZONES.custom.mark,
};

export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Where a picture of the given size lies in a canvas of the given size, whole and centred. */
export function contain(cw: number, ch: number, width: number, height: number): Place {
  const scale = Math.min(cw / width, ch / height);
  const w = width * scale;
  const h = height * scale;
  return { x: (cw - w) / 2, y: (ch - h) / 2, width: w, height: h };
}

export interface PaintOptions {
  zones: boolean;
  labels: boolean;
  /** Areas in which nobody is watched, as fractions of the picture. */
  unwatched?: readonly Point[][];
  /** Replaces a box's own level, as for "would be in the zone being drawn". */
  level?: (box: Box) => Level;
}

export function paint(
  canvas: HTMLCanvasElement,
  header: LiveHeader,
  bitmap: ImageBitmap,
  t: Translate,
  options: PaintOptions = { zones: true, labels: true },
): void {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  const cw = canvas.clientWidth;
  const ch = canvas.clientHeight;
  if (!cw || !ch) return;
  const pw = Math.round(cw * ratio);
  const ph = Math.round(ch * ratio);
  if (canvas.width !== pw || canvas.height !== ph) {
    canvas.width = pw;
    canvas.height = ph;
  }
  const c = canvas.getContext('2d');
  if (!c) return;
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.fillStyle = '#05070a';
  c.fillRect(0, 0, cw, ch);
  const place = contain(cw, ch, header.width, header.height);
  c.imageSmoothingQuality = 'high';
  c.drawImage(bitmap, place.x, place.y, place.width, place.height);
  const size = Math.max(10, Math.min(17, place.width / 52));
  c.font = `600 ${size}px ${FONT}`;
  c.textBaseline = 'middle';
  c.lineJoin = 'round';
  if (options.unwatched) hatch(c, options.unwatched, place, size, t('tile.unwatched'));
  if (options.zones) for (const zone of header.zones) paintZone(c, zone, place, size, options, t);
  const taken: Place[] = [];
  const stay = stays(header);
  const boxes = [...header.boxes].sort((a, b) => order(a) - order(b));
  for (const box of boxes) {
    const level = options.level?.(box) ?? box.level;
    const seconds = box.track === null ? undefined : stay.get(box.track);
    const label = options.labels ? boxLabel({ ...box, level }, seconds, t) : null;
    paintBox(c, box, level, label, header, place, size, taken);
  }
}

/** Objects first and danger last, so that the gravest lies on top. */
function order(box: Box): number {
  if (box.track === null) return 0;
  return { ok: 1, warning: 2, danger: 3 }[box.level] ?? 1;
}

function paintZone(
  c: CanvasRenderingContext2D,
  zone: ZoneNow,
  place: Place,
  size: number,
  options: PaintOptions,
  t: Translate,
): void {
  const first = zone.points[0];
  if (!first) return;
  const look = ZONES[zone.type] ?? ZONES.warning;
  const unknown = zone.verdict === 'unknown';
  const xy = ([x, y]: [number, number]): [number, number] => [
    place.x + x * place.width,
    place.y + y * place.height,
  ];
  c.beginPath();
  c.moveTo(...xy(first));
  for (const point of zone.points.slice(1)) c.lineTo(...xy(point));
  c.closePath();
  c.fillStyle = unknown ? '#a371f722' : look.fill;
  c.fill();
  c.strokeStyle = unknown ? '#a371f7' : look.line;
  c.lineWidth = zone.verdict === 'alarm' ? 3 : 2;
  c.stroke();
  for (const rule of zone.rules)
    if (rule.line) paintLine(c, rule, rule.line, unknown, place, size, t);
  if (!options.labels) return;
  // The name sits at the zone's top corner, inside the picture.
  const [x, y] = xy(zone.points.reduce((top, p) => (p[1] < top[1] ? p : top), first));
  const text = `${look.mark} ${zone.name}${unknown ? ` · ${t('zone.unknown')}` : zone.off ? ` · ${t('rule.reason.schedule')}` : ''}`;
  const width = c.measureText(text).width + size;
  const left = clamp(x - width / 2, place.x + 2, place.x + place.width - width - 2);
  const top = clamp(y + 4, place.y, place.y + place.height - size * 1.6);
  c.fillStyle = '#0b0f14b8';
  round(c, left, top, width, size * 1.6);
  c.fillStyle = unknown ? '#d8c6ff' : look.text;
  c.fillText(text, left + size / 2, top + size * 0.82);
}

/** A line with how many have crossed it to either side. */
function paintLine(
  c: CanvasRenderingContext2D,
  rule: RuleNow,
  line: [Point, Point],
  unknown: boolean,
  place: Place,
  size: number,
  t: Translate,
): void {
  const [a, b] = line.map(
    ([x, y]): Point => [place.x + x * place.width, place.y + y * place.height],
  ) as [Point, Point];
  c.strokeStyle = unknown ? '#a371f7' : rule.verdict === 'fire' ? '#ff5c5c' : '#5ee0e6';
  c.lineWidth = 3;
  c.beginPath();
  c.moveTo(...a);
  c.lineTo(...b);
  for (const [from, to] of arrows([a, b], 'both')) {
    c.moveTo(...from);
    c.lineTo(...to);
  }
  c.stroke();
  if (!rule.passed) return;
  const { to_left: left, to_right: right } = rule.passed;
  const text = t('rule.passed', { left, right });
  const width = c.measureText(text).width + size;
  c.fillStyle = '#0b0f14b8';
  round(c, b[0] - width, b[1] - size * 2, width, size * 1.6);
  c.fillStyle = '#d5fbfd';
  c.fillText(text, b[0] - width + size / 2, b[1] - size * 1.2);
}

function paintBox(
  c: CanvasRenderingContext2D,
  box: Box,
  level: Level,
  label: string | null,
  header: LiveHeader,
  place: Place,
  size: number,
  taken: Place[],
): void {
  const look = box.track === null ? OBJECT : (LEVELS[level] ?? LEVELS.ok);
  const scale = place.width / header.width;
  const [x1, y1, x2, y2] = box.box;
  const x = place.x + x1 * scale;
  const y = place.y + y1 * scale;
  const width = (x2 - x1) * scale;
  const height = (y2 - y1) * scale;
  c.strokeStyle = look.line;
  c.lineWidth = box.track === null ? 1 : level === 'danger' ? 3 : 2;
  c.setLineDash(box.predicted ? [7, 5] : []);
  c.globalAlpha = box.track === null ? 0.75 : 1;
  c.strokeRect(x, y, width, height);
  c.setLineDash([]);
  c.globalAlpha = 1;
  if (!label) return;
  const lw = c.measureText(label).width + size;
  const lh = size * 1.55;
  const lx = clamp(x - 1, place.x, place.x + place.width - lw);
  let ly = clamp(y - lh - 2, place.y, place.y + place.height - lh);
  for (let tries = 0; tries < 4; tries += 1) {
    const hit = taken.find((o) => overlaps(o, { x: lx, y: ly, width: lw, height: lh }));
    if (!hit) break;
    ly = hit.y - lh - 2;
    if (ly < place.y) ly = hit.y + hit.height + 2;
  }
  taken.push({ x: lx, y: ly, width: lw, height: lh });
  c.fillStyle = look.line;
  round(c, lx, ly, lw, lh);
  c.fillStyle = look.ink;
  c.fillText(label, lx + size / 2, ly + lh / 2 + 0.5);
}

function round(c: CanvasRenderingContext2D, x: number, y: number, w: number, h: number): void {
  c.beginPath();
  c.roundRect(x, y, w, h, 4);
  c.fill();
}

const overlaps = (a: Place, b: Place) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

const clamp = (value: number, low: number, high: number) =>
  Math.max(low, Math.min(value, Math.max(low, high)));
