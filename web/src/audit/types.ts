// Who did what, as docs/api.md has it.

export interface AuditEntry {
  number: number;
  at: string;
  /** A user, or a part of the system; null where nobody is known. */
  who: string | null;
  /** Such as `camera.delete`. */
  action: string;
  target: string;
  detail: unknown;
}

export interface AuditPage {
  /** Newest first. */
  entries: AuditEntry[];
}

/** Those that have words; the server may know more. */
export const ACTIONS = [
  'session.begin',
  'session.end',
  'user.originals',
  'camera.add',
  'camera.change',
  'camera.restore',
  'camera.delete',
  'camera.command',
  'camera.test',
  'zone.add',
  'zone.change',
  'zone.delete',
  'calendar.change',
  'event.acknowledge',
  'events.export',
  'evidence.view',
  'incident.acknowledge',
  'incident.assign',
  'incident.resolve',
  'incident.false_alarm',
  'incident.reopen',
  'incident.note',
  'incident.hold',
  'incident.release',
  'case.export',
  'mute.add',
  'mute.lift',
  'alarm_settings.change',
  'checklist.add',
  'checklist.change',
  'checklist.delete',
  'checklist.tick',
  'checklist.untick',
  'checklist.reset',
  'checklist.settings',
  'regulation.add',
  'regulation.change',
  'regulation.delete',
] as const;
