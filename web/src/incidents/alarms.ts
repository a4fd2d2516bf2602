// What rings and pops up: one alarm for each incident that waits, and one for each event that waits
// without a known incident, so that nothing stays silent while incidents can't be read.
import type { Severity } from '../api/types';
import { type Entry, type EventList, waiting } from '../events/list';
import type { Route } from '../ui/route';
import { type IncidentList, inOrder, isRaised } from './list';
import type { Incident } from './types';

export interface Alarm {
  /** Of the incident, also while only its event is known. */
  id: string;
  severity: Exclude<Severity, 'INFO'>;
  level: number;
  incident: Incident | null;
  /** The event that is shown with it, where the page has it. */
  event: Entry | null;
}

const grave = (severity: Severity) => (severity === 'CRITICAL' ? 'CRITICAL' : 'WARNING');

/** Whether what is known of the incident already includes this alarm. */
const covers = (incident: Incident | undefined, event: Entry) =>
  incident !== undefined && Date.parse(event.start) <= Date.parse(incident.last_event_at);

/** The event that stands for an incident: its first, which has the picture of its begin. What is wrong
 * with the system is told by the newest. */
export function tellingEvent(events: EventList, { id, type }: Incident): Entry | null {
  const first = events.byId[id] ?? null;
  if (type !== 'system') return first;
  let newest = first;
  for (const event of Object.values(events.byId)) {
    if (event.incident !== id) continue;
    if (!newest || Date.parse(event.start) > Date.parse(newest.start)) newest = event;
  }
  return newest;
}

export function alarms(events: EventList, incidents: IncidentList): Alarm[] {
  const out: Alarm[] = inOrder(incidents)
    .filter(isRaised)
    .map((incident) => ({
      id: incident.id,
      severity: grave(incident.severity),
      level: incident.escalation.level,
      incident,
      event: tellingEvent(events, incident),
    }));
  const told = new Set(out.map((alarm) => alarm.id));
  for (const event of waiting(events)) {
    const id = event.incident ?? event.id;
    if (told.has(id)) continue;
    // Somebody has the incident, or closed it: the page is told of its events a little later.
    if (covers(incidents.byId[id], event) || incidents.closed.has(id)) continue;
    told.add(id);
    out.push({ id, severity: grave(event.severity), level: 0, incident: null, event });
  }
  return out;
}

/** How many alarms wait, also those beyond the page's own lists. */
export function waitingAlarms(events: EventList, incidents: IncidentList): number {
  const shown = alarms(events, incidents).length;
  return shown + (incidents.read ? incidents.hiddenRaised : events.hidden);
}

/** Whether more may wait than is counted: what is not known to be whole is never shown as none. */
export const mayBeMore = (events: EventList, lost: boolean, current: boolean) =>
  lost || events.seq === null || events.gap !== null || !current;

/** Whoever silences or hides an alarm has not done so with it when it gets graver, nor with its next
 * level, nor its next coming. */
export const silenceKey = ({ id, severity, level, incident }: Alarm) =>
  `${id}/${severity}/${level}/${incident?.waiting_since ?? ''}`;

/** What was there before the page could tell: not what was raised while it was watching. */
export function knownBefore(all: readonly Alarm[], events: EventList): Alarm[] {
  const fresh = new Set(events.fresh.flatMap((id) => [id, events.byId[id]?.incident ?? id]));
  return all.filter((alarm) => !fresh.has(alarm.id));
}

/** What needs somebody first: the gravest, and of these the one that waits for longest unseen. However
 * long a lesser one has waited, a new danger is not behind it. */
export const mostUrgentFirst = (all: readonly Alarm[]): Alarm[] =>
  [...all].sort(
    (a, b) =>
      Number(b.severity === 'CRITICAL') - Number(a.severity === 'CRITICAL') || b.level - a.level,
  );

/** What pops up, the most urgent first: incidents that nobody has hidden, and events as far as they are
 * new. */
export const poppingUp = (
  all: readonly Alarm[],
  hidden: ReadonlySet<string>,
  fresh: readonly string[],
) =>
  mostUrgentFirst(all).filter((alarm) =>
    alarm.incident
      ? !hidden.has(silenceKey(alarm))
      : alarm.event !== null && fresh.includes(alarm.event.id) && !hidden.has(silenceKey(alarm)),
  );

/** What the key A acknowledges: what is in sight and says so. On the page of an incident that is this one,
 * beside the wall also what has no pop-up any more; null for nothing. */
export function keyTarget(at: Route, all: readonly Alarm[], shown: readonly Alarm[]): Alarm | null {
  if (at.page === 'incident') return all.find((alarm) => alarm.id === at.id) ?? null;
  return shown[0] ?? (at.page === 'wall' ? mostUrgentFirst(all)[0] : undefined) ?? null;
}

/** Whether it can be acknowledged now: only what is known to be so now. Of an event without an incident that
 * is told by its own connection. */
export const isBarred = ({ incident }: Alarm, current: boolean, lost: boolean) =>
  incident ? !current : lost;

/** What should sound: the gravest of all, as loud as the highest level of any. Null for nothing. */
export function loudest(
  all: readonly Alarm[],
  silenced: ReadonlySet<string>,
): Pick<Alarm, 'severity' | 'level'> | null {
  const loud = all.filter((alarm) => !silenced.has(silenceKey(alarm)));
  if (loud.length === 0) return null;
  return {
    severity: loud.some(({ severity }) => severity === 'CRITICAL') ? 'CRITICAL' : 'WARNING',
    level: Math.max(...loud.map(({ level }) => level)),
  };
}

export interface AlarmPlace {
  camera: string | null;
  severity: Alarm['severity'];
}

/** Every camera that sees something of an alarm. */
export const alarmPlaces = (all: readonly Alarm[]): AlarmPlace[] =>
  all.flatMap(({ severity, incident, event }) => {
    const seen = incident?.cameras.map(({ id }) => id) ?? [];
    const camera = incident ? incident.camera : (event?.camera ?? null);
    return [...new Set([camera, ...seen])].map((id) => ({ camera: id, severity }));
  });
