// The shapes of docs/api.md, as the server sends them.

export type Role = 'viewer' | 'operator' | 'admin';

export interface User {
  username: string;
  role: Role;
}

export type CameraState =
  | 'CONNECTING'
  | 'LIVE'
  | 'DEGRADED'
  | 'STALE'
  | 'OFFLINE'
  | 'PAUSED'
  | 'STOPPED';

export type BlindReason =
  | 'opening'
  | 'analysis_late'
  | 'detector_failed'
  | 'frozen'
  | 'damaged'
  | 'no_pictures'
  | 'unreachable'
  | 'unauthorized'
  | 'undecodable'
  | 'not_found'
  | 'ended'
  | 'command'
  | 'restarting';

/** Why a camera is to be analysed so often. */
export type Need = 'people' | 'motion' | 'quiet';

export interface Status {
  state: CameraState;
  reason: BlindReason | null;
  picture_age_ms: number | null;
  analysis_age_ms: number | null;
  analysed_per_s: number | null;
  /** Analyses a second that the camera should get now. */
  wanted_per_s: number;
  need: Need;
  pictures_per_s: number | null;
  dropped: number | null;
  position_ms: number | null;
  duration_ms: number | null;
  playing: boolean | null;
  width: number | null;
  height: number | null;
  people: number | null;
  source_connections: number | null;
  restarts: number | null;
}

/** A point in fractions of the picture. */
export type Point = [number, number];

export type ZoneType = 'warning' | 'danger';
export type Equipment = 'helmet' | 'vest' | 'mask';
export type Worn = 'present' | 'missing' | 'unknown';
export type Worns = Partial<Record<Equipment, Worn>>;

export const EQUIPMENT: readonly Equipment[] = ['helmet', 'vest', 'mask'];

export type Severity = 'INFO' | 'WARNING' | 'CRITICAL';

/** Each raises the event of the same name. */
export const RULE_TYPES = [
  'loitering',
  'occupancy_above',
  'occupancy_below',
  'lone_worker',
  'object_missing',
  'object_present',
  'proximity',
  'near_miss',
  'fall',
  'motionless',
  'fire',
  'smoke',
] as const;
export type RuleType = (typeof RULE_TYPES)[number];

export const THINGS = [
  'safety_cone',
  'machinery',
  'vehicle',
  'forklift',
  'fire_extinguisher',
  'fire',
  'smoke',
] as const;
export type Thing = (typeof THINGS)[number];

export interface Rule {
  type: RuleType;
  /** Unique in its zone. */
  name: string;
  people?: number;
  class?: Thing;
  /** In heights of the person. */
  distance?: number;
  /** In heights of the person a second. */
  speed?: number;
  active: boolean;
  severity: Severity;
  dwell_s: number;
  pause_s: number;
  message?: { ko: string; en: string };
}

export interface Zone {
  id: string;
  camera: string;
  /** Of its camera. */
  version: number;
  name: string;
  type: ZoneType;
  points: Point[];
  active: boolean;
  dwell_s: number;
  pause_s: number;
  require: Equipment[];
  rules: Rule[];
}

export type ZoneDraft = Omit<Zone, 'id' | 'version'>;

export interface Author {
  kind: 'user' | 'site_file' | 'command_line' | 'start';
  /** Of a user. */
  name?: string;
}

/** Who was faster, of an error 412. */
export interface NewestVersion {
  camera: string;
  version: number;
  at: string;
  by: Author;
}

export interface VersionChange {
  /** Names of fields, ids of zones, names of rules. */
  path: string[];
  /** The name of the zone that it is in. */
  zone?: string;
  before: unknown;
  after: unknown;
  /** It differs in a secret. */
  hidden?: boolean;
}

export interface Version {
  version: number;
  at: string;
  by: Author;
  action: 'added' | 'changed' | 'restored' | 'deleted' | 'found';
  restored?: number;
  /** Of these a list has the first ten. */
  change_count: number;
  changes: VersionChange[];
}

export interface VersionDetail extends Version {
  /** Of the camera; its zones may lack what was not known then. */
  settings: { zones: Pick<Zone, 'id' | 'name'>[] };
}

export interface Camera {
  id: string;
  name: string;
  source: string;
  kind: 'file' | 'rtsp' | 'http' | 'usb' | 'sim';
  enabled: boolean;
  repeat: boolean;
  analysis_rate_max: number | null;
  version: number;
  zones: Zone[];
  status: Status;
}

export interface CameraInput {
  name: string;
  source: string;
  username?: string;
  password?: string;
  repeat?: boolean;
  enabled?: boolean;
}

export interface TestPicture {
  width: number;
  height: number;
  picture: string;
}

export type FileAction = 'play' | 'pause' | 'stop' | 'seek';

export const EVENT_TYPES = [
  'danger_zone_intrusion',
  'warning_zone_intrusion',
  'helmet_missing',
  'vest_missing',
  'mask_missing',
  ...RULE_TYPES,
  'entrance',
  'exit',
  'system',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export interface SafetyEvent {
  id: string;
  seq: number | null;
  camera: string | null;
  camera_name: string;
  type: EventType;
  severity: Severity;
  zone: { id: string; name: string } | null;
  track: string | null;
  start: string;
  end: string | null;
  message: { ko: string; en: string };
  details: Record<string, unknown>;
  config_version: number;
  snapshot: 'none' | 'pending' | 'stored' | 'failed';
  acknowledged: { by: string; at: string; reason: string | null } | null;
}

export interface EventPage {
  events: SafetyEvent[];
  unacknowledged: number;
  seq: number;
}

export type ChangeKind = 'raised' | 'updated' | 'ended' | 'acknowledged';

export interface StoredChange {
  seq: number;
  kind: ChangeKind;
  recorded: boolean;
  event: SafetyEvent;
}

export interface ChangePage {
  changes: StoredChange[];
  seq: number;
}

export type EventMessage =
  | { type: 'hello'; seq: number }
  | { type: 'heartbeat'; seq: number }
  | {
      type: 'change';
      seq: number | null;
      kind: ChangeKind;
      recorded: boolean;
      event: SafetyEvent;
    }
  /** This page was too slow; null for alarms that were not recorded: they come again when they are. */
  | { type: 'missed'; after: number | null; up_to: number | null; count: number };

export interface Health {
  state: 'ok' | 'failed';
  detail: string | null;
}

export interface System {
  version: string;
  model: { name: string; classes: string[] } | null;
  store: Health;
  evidence: Health;
  detector: Health;
  cameras: { total: number; live: number };
  analysed_per_s: number | null;
  unacknowledged: number;
  seq: number;
}

export type Analysis = 'done' | 'predicted' | 'skipped' | 'failed';
export type Level = 'ok' | 'warning' | 'danger';

export interface Box {
  track: string | null;
  number: number | null;
  class: string;
  score: number;
  /** x1, y1, x2, y2 in pixels of the source picture. */
  box: [number, number, number, number];
  predicted: boolean;
  equipment: Worns;
  zones: string[];
  level: Level;
}

export interface PersonInZone {
  track: string;
  number: number;
  since_s: number;
  equipment: Worns;
}

export type RuleVerdict = 'fire' | 'clear' | 'unknown';
export type RuleDoubt =
  | 'not_looked_at'
  | 'class_unknown'
  | 'out_of_sight'
  | 'hidden'
  | 'cut'
  | 'not_sure'
  | 'pending';

export interface RuleNow {
  name: string;
  type: RuleType;
  verdict: RuleVerdict;
  reason?: RuleDoubt;
  /** For how long its condition has held. */
  held_s?: number;
}

export interface ZoneNow {
  id: string;
  name: string;
  type: ZoneType;
  points: Point[];
  verdict: 'clear' | 'occupied' | 'alarm' | 'unknown';
  people: PersonInZone[];
  /** The active ones. */
  rules: RuleNow[];
}

export interface Counters {
  people: number;
  no_helmet: number;
  warning: number;
  danger: number;
}

export interface LiveHeader {
  camera: string;
  segment: number;
  time_us: number;
  utc: string;
  width: number;
  height: number;
  analysis: Analysis;
  boxes: Box[];
  zones: ZoneNow[];
  counters: Counters | null;
  config_version: number;
  state: CameraState;
  reason: BlindReason | null;
}

export type LiveText =
  | { type: 'status'; cameras: Record<string, Status> }
  | { type: 'missed'; camera: string; count: number }
  | { type: 'error'; code: string; message: string };
