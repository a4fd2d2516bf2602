// What a camera's picture is: areas that are masked, and a floor in metres. Pure.
import type { Calibration, Camera, Point } from '../api/types';

/** The most masked areas that the server takes. */
export const MASKS_MAX = 16;

/** Areas that are not watched, and those that are black as well because nobody may see them. */
export type MaskKind = 'masks' | 'privacy_masks';

export interface SceneDraft extends Record<MaskKind, Point[][]> {
  /** What the open outline becomes. */
  kind: MaskKind;
  /** A mask whose outline is not closed yet. */
  open: Point[] | null;
  calibration: Calibration | null;
  dirty: boolean;
}

export const sceneOf = (camera: Pick<Camera, MaskKind | 'calibration'>): SceneDraft => ({
  kind: 'masks',
  masks: camera.masks,
  privacy_masks: camera.privacy_masks,
  open: null,
  calibration: camera.calibration,
  dirty: false,
});

/** A rectangle of the floor: corners 1→2 its width, 2→3 its depth. */
export const rectangle = (width: number, depth: number): [number, number][] => [
  [0, 0],
  [width, 0],
  [width, depth],
  [0, depth],
];

export const newCalibration = (): Calibration => ({
  points: [
    [0.35, 0.55],
    [0.65, 0.55],
    [0.8, 0.9],
    [0.2, 0.9],
  ],
  metres: rectangle(4, 4),
});

/** Width and depth of the rectangle, as far as it is one. */
export function sides({ metres }: Calibration): { width: number; depth: number } {
  const [a = [0, 0], b = [0, 0], c = [0, 0]] = metres;
  const apart = (p: [number, number], q: [number, number]) =>
    Math.round(Math.hypot(p[0] - q[0], p[1] - q[1]) * 100) / 100;
  return { width: apart(a, b), depth: apart(b, c) };
}

/** Closes the outline that is being drawn, if it has an inside. */
export function closeMask(draft: SceneDraft): SceneDraft {
  if (!draft.open || draft.open.length < 3) return draft;
  const { kind, open } = draft;
  return { ...draft, [kind]: [...draft[kind], open], open: null, dirty: true };
}

export type SceneFault = 'editor.toofew' | 'editor.badnumber';

export function sceneFault({ open, calibration }: SceneDraft): SceneFault | null {
  if (open) return 'editor.toofew';
  const good = calibration?.metres.flat().every(Number.isFinite) ?? true;
  return good ? null : 'editor.badnumber';
}
