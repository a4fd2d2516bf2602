// What rings and pops up: one alarm for each incident that waits, and one for each event that waits
// without a known incident, so that nothing stays silent while incidents can't be read.
import type { Severity } from '../api/types';
import { type Entry, type EventList, waiting } from '../events/list';
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

export function alarms(events: EventList, incidents: IncidentList): Alarm[] {
  const out: Alarm[] = inOrder(incidents)
    .filter(isRaised)
    .map((incident) => ({
      id: incident.id,
      severity: grave(incident.severity),
      level: incident.escalation.level,
      incident,
      event: events.byId[incident.id] ?? null,
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

/** Whoever silences or hides an alarm has not done so with its next level, nor its next coming. */
export const silenceKey = ({ id, level, incident }: Alarm) =>
  `${id}/${level}/${incident?.waiting_since ?? ''}`;

/** What pops up: incidents that nobody has hidden, and events as far as they are new. */
export const poppingUp = (
  all: readonly Alarm[],
  hidden: ReadonlySet<string>,
  fresh: readonly string[],
) =>
  all.filter((alarm) =>
    alarm.incident
      ? !hidden.has(silenceKey(alarm))
      : alarm.event !== null && fresh.includes(alarm.event.id) && !hidden.has(silenceKey(alarm)),
  );

/** What should sound: the highest level, and in it the gravest. Null for nothing. */
export function loudest(
  all: readonly Alarm[],
  silenced: ReadonlySet<string>,
): Pick<Alarm, 'severity' | 'level'> | null {
  let best: Alarm | null = null;
  for (const alarm of all) {
    if (silenced.has(silenceKey(alarm))) continue;
    const isMore =
      !best ||
      alarm.level > best.level ||
      (alarm.level === best.level && alarm.severity === 'CRITICAL' && best.severity !== 'CRITICAL');
    if (isMore) best = alarm;
  }
  return best && { severity: best.severity, level: best.level };
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
