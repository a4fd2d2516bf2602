// The drawing surface over the picture: corners by click, drag, keyboard and right click.
import { type KeyboardEvent, type PointerEvent, useRef, useState } from 'react';
import type { Point, Zone } from '../api/types';
import { useT } from '../i18n/i18n';
import { addPoint, close, configure, type Draft, drag, reshape } from './draft';
import {
  distance,
  insertPoint,
  middles,
  movePoint,
  POINTS_MAX,
  removePoint,
  snap,
} from './geometry';
import { RuleLines } from './line';

const CLOSE_PX = 14;
const STEP = 0.005;

interface ShapeProps {
  width: number;
  height: number;
  zones: readonly Zone[];
  draft: Draft | null;
  selected: number | null;
  onSelect: (index: number | null) => void;
  onChange: (draft: Draft) => void;
  onStart: (point: Point) => void;
  onPick: (zone: Zone) => void;
}

export function ZoneShape(props: ShapeProps) {
  const { width, height, zones, draft, selected, onSelect, onChange, onStart, onPick } = props;
  const { t } = useT();
  const svg = useRef<SVGSVGElement>(null);
  const dragging = useRef<number | null>(null);
  const [hover, setHover] = useState<Point | null>(null);
  const xy = ([x, y]: Point) => `${x * width},${y * height}`;

  const at = (event: { clientX: number; clientY: number }): Point => {
    const box = svg.current?.getBoundingClientRect();
    if (!box) return [0, 0];
    return snap([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
  };

  const press = (event: PointerEvent) => {
    if (event.button !== 0) return;
    const point = at(event);
    if (!draft) return onStart(point);
    const { points, closed } = draft.shape;
    if (closed) return onSelect(null);
    const first = points[0];
    if (first && points.length > 2 && distance(first, point, width, height) < CLOSE_PX) {
      onChange(close(draft));
    } else if (points.length < POINTS_MAX) onChange(addPoint(draft, point));
  };

  const grab = (event: PointerEvent, index: number, next: Draft) => {
    event.stopPropagation();
    svg.current?.setPointerCapture(event.pointerId);
    dragging.current = index;
    onSelect(index);
    onChange(next);
  };

  const move = (event: PointerEvent) => {
    const point = at(event);
    if (dragging.current === null || !draft) {
      if (draft && !draft.shape.closed) setHover(point);
      return;
    }
    onChange(drag(draft, movePoint(draft.shape.points, dragging.current, point)));
  };

  const remove = (index: number) => {
    if (!draft) return;
    const points = removePoint(draft.shape.points, index, draft.shape.closed);
    if (points.length === draft.shape.points.length) return;
    onChange(reshape(draft, { ...draft.shape, points }));
    onSelect(null);
  };

  const nudge = (event: KeyboardEvent, index: number) => {
    const steps: Record<string, Point> = {
      ArrowLeft: [-STEP, 0],
      ArrowRight: [STEP, 0],
      ArrowUp: [0, -STEP],
      ArrowDown: [0, STEP],
    };
    const step = steps[event.key];
    const point = draft?.shape.points[index];
    if (!step || !draft || !point) return;
    event.preventDefault();
    const to: Point = [point[0] + step[0], point[1] + step[1]];
    onChange(reshape(draft, { ...draft.shape, points: movePoint(draft.shape.points, index, to) }));
  };

  const shape = draft?.shape;
  return (
    <svg
      ref={svg}
      className={`zone-canvas ${draft && !draft.shape.closed ? 'drawing' : ''}`}
      data-testid="zone-canvas"
      data-points={shape?.points.length ?? 0}
      data-closed={shape?.closed ?? false}
      viewBox={`0 0 ${width} ${height}`}
      role="application"
      aria-label={t('editor.canvas')}
      onPointerDown={press}
      onPointerMove={move}
      onPointerUp={() => {
        dragging.current = null;
      }}
      onPointerLeave={() => setHover(null)}
      onContextMenu={(event) => event.preventDefault()}
    >
      {zones.map((zone) => (
        <g key={zone.id} className={`other ${zone.type} ${zone.active ? '' : 'off'}`}>
          <polygon
            points={zone.points.map(xy).join(' ')}
            onPointerDown={(event) => {
              if (draft) return;
              event.stopPropagation();
              onPick(zone);
            }}
          />
          <text
            x={(zone.points[0]?.[0] ?? 0) * width + 6}
            y={(zone.points[0]?.[1] ?? 0) * height + 16}
          >
            {zone.name}
          </text>
        </g>
      ))}
      {draft && shape && (
        <g className={`draft ${draft.settings.type}`}>
          {shape.closed ? (
            <polygon points={shape.points.map(xy).join(' ')} />
          ) : (
            <polyline points={[...shape.points, ...(hover ? [hover] : [])].map(xy).join(' ')} />
          )}
          {shape.closed &&
            middles(shape.points).map((point, edge) => (
              <circle
                // biome-ignore lint/suspicious/noArrayIndexKey: an edge is known by its place
                key={edge}
                className="middle"
                cx={point[0] * width}
                cy={point[1] * height}
                r={6}
                onPointerDown={(event) => {
                  if (event.button !== 0) return;
                  const points = insertPoint(shape.points, edge, point);
                  grab(event, edge + 1, reshape(draft, { ...shape, points }));
                }}
              >
                <title>{t('editor.point.add', { n: edge + 1 })}</title>
              </circle>
            ))}
          {shape.points.map((point, index) => (
            // biome-ignore lint/a11y/useSemanticElements: a drawing has no button elements
            <circle
              // biome-ignore lint/suspicious/noArrayIndexKey: a corner is known by its place
              key={index}
              className={`corner ${selected === index ? 'selected' : ''} ${
                !shape.closed && index === 0 && shape.points.length > 2 ? 'closing' : ''
              }`}
              cx={point[0] * width}
              cy={point[1] * height}
              r={8}
              role="button"
              tabIndex={0}
              aria-label={t('editor.point', { n: index + 1 })}
              onFocus={() => onSelect(index)}
              onKeyDown={(event) => nudge(event, index)}
              onPointerDown={(event) => {
                if (event.button === 2) {
                  event.stopPropagation();
                  remove(index);
                  return;
                }
                if (event.button !== 0) return;
                // The first corner of an open shape closes it: the surface below decides that.
                if (!shape.closed && index === 0 && shape.points.length > 2) return;
                grab(event, index, reshape(draft, shape));
              }}
            />
          ))}
        </g>
      )}
      {draft && (
        <RuleLines
          rules={draft.settings.rules}
          width={width}
          height={height}
          onChange={(rules) => onChange(configure(draft, { rules }))}
        />
      )}
    </svg>
  );
}
