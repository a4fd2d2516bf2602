// The list of open incidents as pure functions: read whole, then changed by what is pushed, each
// revision applied once whatever comes again or late.
import type { Severity } from '../api/types';
import type { Incident, IncidentPage } from './types';

const CLOSED_MAX = 500;

export interface IncidentList {
  /** Whether it has been read at all. */
  read: boolean;
  byId: Readonly<Record<string, Incident>>;
  /** Open ones, and waiting ones, that the server has beyond those in the list. */
  hidden: number;
  hiddenRaised: number;
  /** Open ones whose record is damaged: nothing is known of them. */
  unreadable: number;
  /** What was closed while the page was watching: a late message must not reopen it. */
  closed: ReadonlyMap<string, Incident>;
  /** Pushed since the reading that is under way was asked for. */
  pushed: ReadonlySet<string>;
}

export const emptyIncidents: IncidentList = {
  read: false,
  byId: {},
  hidden: 0,
  hiddenRaised: 0,
  unreadable: 0,
  closed: new Map(),
  pushed: new Set(),
};

export const isClosed = (incident: Incident) =>
  incident.state === 'resolved' || incident.state === 'false_alarm';
export const isRaised = (incident: Incident) => incident.state === 'raised';

/** The newest that is known of an incident: as it was read, or as it was pushed. */
export function newest<I extends Incident>(list: IncidentList, read: I): I {
  const pushed = list.byId[read.id] ?? list.closed.get(read.id);
  return pushed && pushed.revision > read.revision ? { ...read, ...pushed } : read;
}

/** What a list of incidents was asked for; an empty text asks for all. */
export type Wanted = Record<'open' | 'state' | 'camera' | 'type' | 'severity' | 'to', string>;

/** How many open incidents came that an older answer to this question can't have. */
export function arrived(
  list: IncidentList,
  known: ReadonlySet<string>,
  shown: readonly Incident[],
  wanted: Wanted,
): number {
  if (wanted.to || wanted.open === 'false') return 0;
  const fits = (one: Incident) =>
    (!wanted.state || one.state === wanted.state) &&
    (!wanted.camera || one.camera === wanted.camera) &&
    (!wanted.type || one.type === wanted.type) &&
    (!wanted.severity || one.severity === wanted.severity);
  const isShown = new Set(shown.map(({ id }) => id));
  const isNew = (one: Incident) => !known.has(one.id) && !isShown.has(one.id);
  return Object.values(list.byId).filter((one) => isNew(one) && fits(one)).length;
}

/** A reading begins: what is pushed from now on is newer than what it may answer. */
export const reading = (list: IncidentList): IncidentList => ({ ...list, pushed: new Set() });

/** What the server has open, and of what was known only that which came meanwhile. */
export function load(list: IncidentList, page: IncidentPage): IncidentList {
  const byId: Record<string, Incident> = {};
  const closed = new Map(list.closed);
  for (const incident of page.incidents) {
    const known = list.byId[incident.id];
    const closedAt = closed.get(incident.id)?.revision;
    if (isClosed(incident)) continue;
    if (closedAt !== undefined && closedAt >= incident.revision) continue;
    closed.delete(incident.id);
    byId[incident.id] = known && known.revision > incident.revision ? known : incident;
  }
  for (const id of list.pushed) {
    const known = list.byId[id];
    if (known && !byId[id]) byId[id] = known;
  }
  const raised = page.incidents.filter(isRaised).length;
  const unreadable = page.unreadable?.length ?? 0;
  return {
    ...list,
    read: true,
    byId,
    closed,
    hidden: Math.max(0, page.open - page.incidents.length - unreadable),
    unreadable,
    hiddenRaised: Math.max(0, page.unacknowledged - raised),
    pushed: new Set(),
  };
}

export function apply(list: IncidentList, incident: Incident): IncidentList {
  const { id, revision } = incident;
  const known = list.byId[id];
  if ((known && known.revision >= revision) || (list.closed.get(id)?.revision ?? -1) >= revision)
    return list;
  const pushed = new Set(list.pushed).add(id);
  const closed = new Map(list.closed);
  closed.delete(id);
  if (!isClosed(incident)) {
    return { ...list, pushed, closed, byId: { ...list.byId, [id]: incident } };
  }
  const { [id]: _gone, ...byId } = list.byId;
  closed.set(id, incident);
  for (const oldest of closed.keys()) {
    if (closed.size <= CLOSED_MAX) break;
    closed.delete(oldest);
  }
  return { ...list, pushed, byId, closed };
}

const GRAVITY: Record<Severity, number> = { CRITICAL: 2, WARNING: 1, INFO: 0 };

/** What nobody has taken in time first, then what waits, the gravest and then the newest first. */
export function inOrder(list: IncidentList): Incident[] {
  return Object.values(list.byId).sort(
    (a, b) =>
      Number(isRaised(b)) - Number(isRaised(a)) ||
      (isRaised(a) ? b.escalation.level - a.escalation.level : 0) ||
      GRAVITY[b.severity] - GRAVITY[a.severity] ||
      Date.parse(b.last_event_at) - Date.parse(a.last_event_at),
  );
}

export const raisedCount = (list: IncidentList) =>
  Object.values(list.byId).filter(isRaised).length + list.hiddenRaised;

/** Seconds that it has lasted, or did until it was over. */
export function lastedS(incident: Incident, now: number): number {
  const end = incident.end === null ? now : Date.parse(incident.end);
  return Math.max(0, (end - Date.parse(incident.start)) / 1000);
}

export type Doubt = 'raised' | 'goes_on' | 'closed' | 'open' | 'acknowledged';
export type StepName = 'acknowledge' | 'assign' | 'resolve' | 'false-alarm' | 'reopen';

/** Why a step can't be taken now, null where it can. The server has the last word. */
export function hindrance(incident: Incident, step: StepName): Doubt | null {
  const closed = isClosed(incident);
  if (step === 'reopen') return closed ? null : 'open';
  if (closed) return 'closed';
  if (step === 'acknowledge') return isRaised(incident) ? null : 'acknowledged';
  if (isRaised(incident)) return 'raised';
  if (step === 'resolve' && incident.open_events > 0) return 'goes_on';
  return null;
}
