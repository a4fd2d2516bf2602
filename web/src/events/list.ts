// The list of events as pure functions: the first pages, then changes by `seq`, each applied once
// whatever is sent again after a reconnect.
import type { EventPage, SafetyEvent, System } from '../api/types';

export const EVENTS_MAX = 500;

export interface Entry extends SafetyEvent {
  recorded: boolean;
}

export interface EventList {
  /** Null until the first pages have come. */
  seq: number | null;
  byId: Readonly<Record<string, Entry>>;
  /** Alarms that wait on the server but were not sent to this page. */
  hidden: number;
  /** Alarms raised while the page was watching, newest first: what pops up. */
  fresh: readonly string[];
}

export const emptyList: EventList = { seq: null, byId: {}, hidden: 0, fresh: [] };

export interface Change {
  seq: number | null;
  kind: string;
  recorded: boolean;
  event: SafetyEvent;
}

export const isAlarm = (event: SafetyEvent) => event.severity !== 'INFO';
export const isWaiting = (event: SafetyEvent) => isAlarm(event) && event.acknowledged === null;

export function waiting(list: EventList): Entry[] {
  return Object.values(list.byId).filter(isWaiting).sort(newestFirst);
}

/** How many alarms wait, also those beyond the page's own list. */
export const waitingCount = (list: EventList) => waiting(list).length + list.hidden;

/** Alarms that wait first, then the newest: the order of the timeline. */
export function timeline(list: EventList, limit: number): Entry[] {
  return Object.values(list.byId)
    .sort((a, b) => Number(isWaiting(b)) - Number(isWaiting(a)) || newestFirst(a, b))
    .slice(0, limit);
}

function newestFirst(a: SafetyEvent, b: SafetyEvent): number {
  return Date.parse(b.start) - Date.parse(a.start) || (b.seq ?? Infinity) - (a.seq ?? Infinity);
}

/** Several first pages become one list; changes are asked for from the oldest of them. */
export function load(pages: EventPage[]): EventList {
  const seq = Math.min(...pages.map((page) => page.seq));
  const byId: Record<string, Entry> = {};
  const fresh: string[] = [];
  for (const event of pages.flatMap((page) => page.events)) {
    const known = byId[event.id];
    if (!known || (event.seq ?? 0) >= (known.seq ?? 0))
      byId[event.id] = { ...event, recorded: true };
  }
  for (const event of Object.values(byId).sort(newestFirst)) {
    // Came between two pages: its change will be sent again and is then already known.
    if ((event.seq ?? 0) > seq && isWaiting(event)) fresh.push(event.id);
  }
  const told = Math.max(...pages.map((page) => page.unacknowledged));
  const hidden = Math.max(0, told - Object.values(byId).filter(isWaiting).length);
  return { seq, byId, hidden, fresh };
}

export function apply(list: EventList, change: Change): EventList {
  const { event } = change;
  const known = list.byId[event.id];
  const seq = change.seq === null ? list.seq : Math.max(list.seq ?? 0, change.seq);
  // A change that could not be stored has no number: it counts only where nothing better is known.
  const isOld =
    known !== undefined &&
    (change.seq === null ? known.recorded : known.recorded && (known.seq ?? 0) >= change.seq);
  if (isOld) return seq === list.seq ? list : { ...list, seq };
  const entry: Entry = { ...event, seq: change.seq ?? event.seq, recorded: change.recorded };
  const isNew = !known && change.kind === 'raised' && isWaiting(entry);
  const wasHidden = !known && change.kind === 'acknowledged';
  return {
    seq,
    byId: trim({ ...list.byId, [event.id]: entry }),
    hidden: wasHidden ? Math.max(0, list.hidden - 1) : list.hidden,
    fresh: isNew
      ? [event.id, ...list.fresh]
      : isWaiting(entry)
        ? list.fresh
        : list.fresh.filter((id) => id !== event.id),
  };
}

/** An event as a request answered it, outside the stream. */
export function learn(list: EventList, event: SafetyEvent): EventList {
  const known = list.byId[event.id];
  if (known && (known.seq ?? 0) > (event.seq ?? 0)) return list;
  const entry: Entry = { ...event, recorded: true };
  return {
    ...list,
    byId: { ...list.byId, [event.id]: entry },
    fresh: isWaiting(entry) ? list.fresh : list.fresh.filter((id) => id !== event.id),
  };
}

export const hide = (list: EventList, id: string): EventList => ({
  ...list,
  fresh: list.fresh.filter((other) => other !== id),
});

/** The server's own count corrects the page's, where both speak of the same moment. */
export function reconcile(list: EventList, system: System): EventList {
  if (list.seq === null || system.seq !== list.seq) return list;
  const hidden = Math.max(0, system.unacknowledged - waiting(list).length);
  return hidden === list.hidden ? list : { ...list, hidden };
}

function trim(byId: Record<string, Entry>): Record<string, Entry> {
  const all = Object.values(byId);
  if (all.length <= EVENTS_MAX) return byId;
  const old = all.filter((event) => !isWaiting(event)).sort(newestFirst);
  const drop = new Set(old.slice(-(all.length - EVENTS_MAX)).map((event) => event.id));
  return Object.fromEntries(Object.entries(byId).filter(([id]) => !drop.has(id)));
}
