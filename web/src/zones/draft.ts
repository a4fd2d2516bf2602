// A zone being drawn or changed, with the way back: pure, so that every step can be tested.
import type { Point, Zone, ZoneDraft } from '../api/types';
import { type RuleFault, ruleFault } from './rule';
import { isBad } from './schedule';

export interface Shape {
  points: Point[];
  closed: boolean;
}

export interface Draft {
  /** Null for a zone that is not saved yet. */
  id: string | null;
  /** Of the camera, when the zone was opened: what a change of it is based on. */
  version: number;
  settings: Omit<ZoneDraft, 'points' | 'camera'>;
  shape: Shape;
  past: Shape[];
  dirty: boolean;
}

const UNDO_MAX = 100;

export function newDraft(name: string): Draft {
  return {
    id: null,
    version: 0,
    settings: {
      name,
      type: 'danger',
      place: null,
      anchor: 'foot',
      active: true,
      schedule: null,
      dwell_s: 2,
      pause_s: 30,
      require: ['helmet'],
      rules: [],
    },
    shape: { points: [], closed: false },
    past: [],
    dirty: false,
  };
}

export function editDraft(zone: Zone): Draft {
  const { id, version, points, camera: _, ...settings } = zone;
  return { id, version, settings, shape: { points, closed: true }, past: [], dirty: false };
}

/** A change of shape that can be undone. */
export function reshape(draft: Draft, shape: Shape): Draft {
  const past = [...draft.past, draft.shape].slice(-UNDO_MAX);
  return { ...draft, shape, past, dirty: true };
}

/** A step of a drag that has already begun: undone together with its beginning. */
export const drag = (draft: Draft, points: Point[]): Draft => ({
  ...draft,
  shape: { ...draft.shape, points },
  dirty: true,
});

export function undo(draft: Draft): Draft {
  const shape = draft.past.at(-1);
  return shape ? { ...draft, shape, past: draft.past.slice(0, -1) } : draft;
}

export const addPoint = (draft: Draft, point: Point): Draft =>
  reshape(draft, { ...draft.shape, points: [...draft.shape.points, point] });

export const close = (draft: Draft): Draft =>
  draft.shape.closed || draft.shape.points.length < 3
    ? draft
    : reshape(draft, { ...draft.shape, closed: true });

export const configure = (draft: Draft, change: Partial<Draft['settings']>): Draft => ({
  ...draft,
  settings: { ...draft.settings, ...change },
  dirty: true,
});

/** What is sent, whether the zone is new or changed. */
export const toSend = ({ settings, shape }: Draft, camera: string): ZoneDraft => ({
  ...settings,
  name: settings.name.trim(),
  place: settings.place?.trim() || null,
  rules: settings.rules.map((rule) => ({ ...rule, name: rule.name.trim() })),
  camera,
  points: shape.points,
});

export type Fault = 'editor.toofew' | 'editor.noname' | 'editor.badnumber' | RuleFault;

/** What keeps the draft from being saved; the server has the last word. */
export function fault({ settings, shape }: Draft): Fault | null {
  if (shape.points.length < 3) return 'editor.toofew';
  if (!settings.name.trim()) return 'editor.noname';
  const good = (value: number) => Number.isFinite(value) && value >= 0;
  if (!good(settings.dwell_s) || !good(settings.pause_s)) return 'editor.badnumber';
  if (settings.schedule?.some(isBad)) return 'rule.badschedule';
  return settings.rules.map(ruleFault).find((wrong) => wrong !== null) ?? null;
}
