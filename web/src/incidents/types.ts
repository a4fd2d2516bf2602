// Incidents, mutes and what people do about alarms, as docs/api.md has them.
import type { EventType, SafetyEvent, Severity } from '../api/types';

export const INCIDENT_STATES = [
  'raised',
  'acknowledged',
  'assigned',
  'resolved',
  'false_alarm',
] as const;
export type IncidentState = (typeof INCIDENT_STATES)[number];

interface Noted {
  by: string;
  at: string;
  note?: string | null;
  reason?: string | null;
}

export interface Incident {
  /** Of its first event. */
  id: string;
  type: EventType;
  severity: Severity;
  camera: string | null;
  camera_name: string;
  zone: { id: string; name: string } | null;
  cameras: { id: string; name: string }[];
  start: string;
  end: string | null;
  last_event_at: string;
  events: number;
  open_events: number;
  people: number;
  people_peak: number;
  state: IncidentState;
  /** Grows by one with each change. */
  revision: number;
  acknowledged: { by: string; at: string; reason: string | null } | null;
  assigned: { to: string; by: string; at: string; note: string | null } | null;
  closed: Noted | null;
  /** Since when nobody has acknowledged it. */
  waiting_since?: string;
  escalation: { level: number; at: string | null };
  /** Its evidence is kept beyond the usual time. */
  held: Noted | null;
}

/** With the cursor of lists. */
export type ListedIncident = Incident & { number: number };

export interface IncidentPage {
  incidents: ListedIncident[];
  /** Numbers of those whose record is damaged. */
  unreadable?: number[];
  open: number;
  unacknowledged: number;
}

export interface Deed {
  number: number;
  at: string;
  who: string;
  deed: string;
  note: string;
}

export interface IncidentDetail extends Incident {
  log: Deed[];
  /** The first of them; `events` tells how many there are. */
  event_list: SafetyEvent[];
}

export interface Mute {
  id: number | string;
  camera: string | null;
  zone: string | null;
  type: EventType | null;
  from: string;
  until: string;
  reason: string;
  by: string;
  lifted: { by: string; at: string } | null;
  /** Alarms that it keeps quiet and that still last. */
  events: number;
}

export interface MuteInput {
  camera?: string;
  zone?: string;
  type?: EventType;
  minutes: number;
  reason: string;
}

export interface ClipFacts {
  start?: string;
  end?: string;
  duration_s?: number;
  codec?: string;
  bytes?: number;
  /** How much of it lies before the alarm. */
  before_s?: number;
  ended_early?: string | boolean;
  /** Why there is none. */
  failed?: string;
}

export interface ClipBox {
  class: string;
  number: number | null;
  level: 'ok' | 'warning' | 'danger';
  /** x1, y1, x2, y2 in fractions of the picture. */
  box: [number, number, number, number];
}

export interface ClipPicture {
  t_s: number;
  analysis: 'done' | 'predicted' | 'skipped' | 'failed';
  boxes: ClipBox[];
}

export interface ClipBoxes {
  start_utc: string;
  pictures: ClipPicture[];
}

/** How much of people is made unrecognisable in exported cases. */
export const EXPORT_BLURS = ['heads', 'bodies'] as const;
export type ExportBlur = (typeof EXPORT_BLURS)[number];

export interface AlarmSettings {
  group_within_s: number;
  escalate_after_s: Record<string, number[]>;
  /** Heads, where an older server does not say. */
  export_blur?: ExportBlur;
}

export interface RulePrecision {
  camera: string | null;
  camera_name: string;
  zone: string | { id: string; name: string } | null;
  zone_name?: string | null;
  type: EventType;
  true_alarms: number;
  false_alarms: number;
  unjudged: number;
  /** Null while nothing is judged. */
  precision: number | null;
}

export type IncidentMessage =
  | { type: 'incident'; incident: Incident }
  | { type: 'mutes'; mutes: Mute[] }
  | { type: 'incidents_missed' };
