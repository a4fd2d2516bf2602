// A point on the picture that can be dragged, or moved with the arrow keys.
import { type KeyboardEvent, type PointerEvent, useRef } from 'react';
import type { Point } from '../api/types';
import { snap } from './geometry';

const STEP = 0.005;
const STEPS: Record<string, Point> = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
};

interface HandleProps {
  /** In fractions of the picture. */
  point: Point;
  label: string;
  /** Of the picture as shown. */
  width: number;
  height: number;
  onMove: (point: Point) => void;
}

export function Handle({ point, label, width, height, onMove }: HandleProps) {
  const dragging = useRef(false);
  const move = (event: PointerEvent<SVGCircleElement>) => {
    const box = event.currentTarget.ownerSVGElement?.getBoundingClientRect();
    if (!dragging.current || !box) return;
    event.stopPropagation();
    onMove(snap([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]));
  };
  const nudge = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    onMove(snap([point[0] + step[0], point[1] + step[1]]));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a drawing has no button elements
    <circle
      className="corner"
      cx={point[0] * width}
      cy={point[1] * height}
      r={8}
      role="button"
      tabIndex={0}
      aria-label={label}
      onKeyDown={nudge}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
        dragging.current = true;
      }}
      onPointerMove={move}
      onPointerUp={() => {
        dragging.current = false;
      }}
    />
  );
}
