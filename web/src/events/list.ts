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
  /** Changes that were not sent, as the page was too slow, and have to be asked for. */
  gap: Gap | null;
}

export interface Gap {
  after: number;
  upTo: number;
}

export const emptyList: EventList = { seq: null, byId: {}, hidden: 0, fresh: [], gap: null };

export interface Change {
  seq: number | null;
  kind: string;
  recorded: boolean;
  event: SafetyEvent;
}

export const isAlarm = (event: SafetyEvent) => event.severity !== 'INFO';
/** Somebody wants it quiet for now: it is listed, but waits for nobody. */
export const isMuted = (event: SafetyEvent) => event.muted !== undefined && event.muted !== null;
export const isWaiting = (event: SafetyEvent) =>
  isAlarm(event) && event.acknowledged === null && !isMuted(event);

export function waiting(list: EventList): Entry[] {
  return Object.values(list.byId).filter(isWaiting).sort(newestFirst);
}

/** How many alarms wait, also those beyond the page's own list. */
export const waitingCount = (list: EventList) => waiting(list).length + list.hidden;

/** What "acknowledge all" means at this moment: what this page has, and the server has recorded. */
export const waitingIds = (list: EventList): string[] =>
  waiting(list)
    .filter(({ recorded }) => recorded)
    .map(({ id }) => id);

export interface LeftOut {
  /** In the list, but not asked for: they came since, or are not recorded yet. */
  came: number;
  /** Beyond the page's own list. */
  hidden: number;
}

/** What goes on waiting when only these are acknowledged. */
export function leftOut(list: EventList, asked: readonly string[]): LeftOut {
  const known = new Set(asked);
  const came = waiting(list).filter(({ id }) => !known.has(id)).length;
  return { came, hidden: list.hidden };
}

/** How many of those that were asked for somebody else had acknowledged before. */
export const fasterElsewhere = (asked: readonly string[], acknowledged: number) =>
  Math.max(0, asked.length - acknowledged);

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
  return { seq, byId, hidden, fresh, gap: null };
}

/** Where to go on after a reconnect: before what is still missing. */
export const resumeFrom = (list: EventList) =>
  Math.min(list.seq ?? 0, list.gap?.after ?? Number.POSITIVE_INFINITY);

/** Changes were not sent: until they are filled in, the list is not complete. */
export function miss(list: EventList, after: number, upTo: number): EventList {
  const gap = {
    after: Math.min(after, list.gap?.after ?? after),
    upTo: Math.max(upTo, list.gap?.upTo ?? upTo),
  };
  return { ...list, gap, seq: Math.max(list.seq ?? 0, upTo) };
}

/** The first changes of the gap, as they were asked for; none means that there are no more. */
export function fill(list: EventList, changes: readonly Change[]): EventList {
  if (!list.gap) return list;
  const { upTo } = list.gap;
  const last = changes.at(-1)?.seq ?? upTo;
  let filled = list;
  for (const change of changes) {
    const id = change.event.id;
    filled = apply(filled, change);
    // A later change of it may have come first: it was raised while nobody was told.
    const entry = filled.byId[id];
    const isUntold = change.kind === 'raised' && entry !== undefined && isWaiting(entry);
    if (isUntold && !filled.fresh.includes(id))
      filled = { ...filled, fresh: [id, ...filled.fresh] };
  }
  return { ...filled, gap: last >= upTo ? null : { after: last, upTo } };
}

/** Instead of a gap that is too long, the first pages once more: what is unknown and waits is new. */
export function reread(list: EventList, pages: EventPage[]): EventList {
  const read = load(pages);
  const seq = read.seq ?? 0;
  const byId = { ...read.byId };
  for (const [id, entry] of Object.entries(list.byId)) {
    const other = byId[id];
    if (!other || (entry.recorded && (entry.seq ?? 0) >= (other.seq ?? 0))) byId[id] = entry;
  }
  const news = Object.values(read.byId)
    .filter((event) => !list.byId[event.id] && isWaiting(event))
    .sort(newestFirst)
    .map((event) => event.id);
  const told = Math.max(...pages.map((page) => page.unacknowledged));
  const waits = (id: string) => byId[id] !== undefined && isWaiting(byId[id]);
  return {
    seq: Math.max(list.seq ?? 0, seq),
    byId: trim(byId),
    hidden: Math.max(0, told - Object.values(byId).filter(isWaiting).length),
    fresh: [...news, ...list.fresh.filter((id) => waits(id) && !news.includes(id))],
    // It may have grown since the pages were asked for.
    gap: list.gap && list.gap.upTo > seq ? { after: seq, upTo: list.gap.upTo } : null,
  };
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
  const entry: Entry = {
    ...event,
    seq: change.seq ?? event.seq,
    recorded: change.recorded,
    muted_by: mutedBy(event, known),
  };
  const isNew = !known && change.kind === 'raised' && isWaiting(entry);
  const wasHidden = !known && change.kind === 'acknowledged';
  return {
    ...list,
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

/** A change does not tell who muted it: what was read of that stays. */
const mutedBy = (event: SafetyEvent, known: Entry | undefined) =>
  event.muted_by ?? (known?.muted === event.muted ? known?.muted_by : undefined);

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
  if (list.seq === null || system.seq !== list.seq || list.gap) return list;
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
