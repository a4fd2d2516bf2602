// The shapes of docs/api.md, as the server sends them.

export type Role = 'viewer' | 'operator' | 'admin';

export interface User {
  username: string;
  role: Role;
  /** Whether pictures and clips may leave the house as they were stored. */
  may_export_original?: boolean;
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
  | 'dark'
  | 'covered'
  | 'moved'
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

export type ZoneType = 'warning' | 'danger' | 'custom';
export type Equipment = 'helmet' | 'vest' | 'mask' | 'gloves' | 'boots' | 'goggles';
export type Worn = 'present' | 'missing' | 'unknown';
export type Worns = Partial<Record<Equipment, Worn>>;

export const EQUIPMENT: readonly Equipment[] = [
  'helmet',
  'vest',
  'mask',
  'gloves',
  'boots',
  'goggles',
];

/** What of a person says whether he is in a zone. */
export const ANCHORS = ['foot', 'centre', 'overlap'] as const;
export type Anchor = (typeof ANCHORS)[number];

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof DAYS)[number];

export const HOLIDAYS = ['included', 'excluded', 'only'] as const;
export type Holidays = (typeof HOLIDAYS)[number];

/** Hours of some days; over midnight they belong to the day on which they begin. */
export interface Period {
  /** All days without. */
  days?: Day[];
  /** As 08:30. */
  from?: string;
  /** 24:00 at most. */
  to?: string;
  holidays: Holidays;
}

export interface Calendar {
  time_zone: string;
  /** As 2026-05-05. */
  holidays: string[];
}

export const DIRECTIONS = ['both', 'to_left', 'to_right'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** Places on the floor in metres, corner by corner. */
export interface Calibration {
  points: Point[];
  metres: [number, number][];
}

export type Severity = 'INFO' | 'WARNING' | 'CRITICAL';

/** Each raises the event of the same name. */
export const RULE_TYPES = [
  'loitering',
  'occupancy_above',
  'occupancy_below',
  'entries_above',
  'lone_worker',
  'line_crossing',
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

/** A rule applies only while things or people are in its zone, or are not. */
export interface When {
  class: Thing | 'person';
  present: boolean;
}

export interface Rule {
  type: RuleType;
  /** Unique in its zone. */
  name: string;
  people?: number;
  class?: Thing;
  /** In heights of the person. */
  distance?: number;
  /** In metres, instead. */
  distance_m?: number;
  /** In heights of the person a second. */
  speed?: number;
  speed_m_s?: number;
  window_s?: number;
  line?: [Point, Point];
  direction?: Direction;
  active: boolean;
  severity: Severity;
  /** Missing where nothing lasts that could dwell. */
  dwell_s?: number;
  pause_s: number;
  /** That of the zone without. */
  schedule?: Period[];
  when?: When;
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
  /** Zones of several cameras with the same place make one incident. */
  place: string | null;
  anchor: Anchor;
  active: boolean;
  /** Null for always. */
  schedule: Period[] | null;
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
  /** Areas in which nothing is detected. */
  masks: Point[][];
  /** Areas that nobody may see: black in every picture and clip. */
  privacy_masks: Point[][];
  calibration: Calibration | null;
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
  masks?: Point[][];
  privacy_masks?: Point[][];
  /** Null forgets it. */
  calibration?: Calibration | null;
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
  'gloves_missing',
  'boots_missing',
  'goggles_missing',
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
  /** `details.clip` says what it shows. */
  clip: 'none' | 'pending' | 'stored' | 'failed';
  acknowledged: { by: string; at: string; reason: string | null } | null;
  /** The incident that it belongs to. */
  incident?: string | null;
  /** The mute that keeps it quiet, or did when it began. */
  muted?: number | string | null;
  /** Of that mute; not with what is told as it happens. */
  muted_by?: MutedBy | null;
}

export interface MutedBy {
  by: string;
  reason: string;
  until: string;
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
  /** `low`: still works, by giving something up. */
  state: 'ok' | 'low' | 'late' | 'failed';
  detail: string | null;
}

/** `late`: some cameras are analysed too late to be relied on. */
export interface DetectorHealth extends Health {
  cameras_failed: number;
  cameras_late: number;
}

export interface Disk {
  /** Null before the first look. */
  level: 'enough' | 'low' | 'no_clips' | 'no_pictures' | null;
  free_bytes: number | null;
  free_bytes_min: number | null;
  evidence_bytes: number;
  detail: string | null;
}

export interface System {
  version: string;
  model: { name: string; classes: string[] } | null;
  store: Health;
  evidence: Health;
  detector: DetectorHealth;
  /** Whether mutes end in time and what nobody acknowledges is escalated. */
  escalation: Health;
  /** Of the evidence. */
  disk: Disk;
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
  /** Metres a second, on calibrated cameras. */
  speed_m_s?: number;
  equipment: Worns;
}

export type RuleVerdict = 'fire' | 'clear' | 'unknown' | 'off';
export type RuleDoubt =
  | 'not_looked_at'
  | 'class_unknown'
  | 'out_of_sight'
  | 'hidden'
  | 'cut'
  | 'not_sure'
  | 'not_calibrated'
  | 'pending'
  | 'schedule'
  | 'waiting';

/** What a verdict rests on. */
export interface Ground {
  track?: string;
  verdict: RuleVerdict;
  reason?: RuleDoubt;
  held_s?: number;
  details?: Record<string, unknown>;
}

export interface RuleNow {
  name: string;
  type: RuleType;
  verdict: RuleVerdict;
  reason?: RuleDoubt;
  /** For how long its condition has held. */
  held_s?: number;
  /** Of a line: who crossed it since the segment began. */
  passed?: { to_left: number; to_right: number };
  /** Of entrances: how many there were within the window. */
  count?: number;
  line?: [Point, Point];
  grounds?: Ground[];
}

export interface ZoneNow {
  id: string;
  name: string;
  type: ZoneType;
  points: Point[];
  verdict: 'clear' | 'occupied' | 'alarm' | 'unknown';
  /** Outside of its hours: nobody in it raises an alarm of intrusion or equipment. */
  off?: boolean;
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

/** What zones would have raised over what was recorded, beside what was raised. */
export interface Replay {
  events: {
    difference: 'same' | 'moved' | 'new' | 'gone';
    fired: SafetyEvent | null;
    would_fire: SafetyEvent | null;
    moved_s: number | null;
  }[];
  events_left_out: number;
  counts: { same: number; moved: number; new: number; gone: number };
  /** Times of which nothing is known. */
  holes: { from: string; to: string; reason: string }[];
  exact: boolean;
}
