// The open incidents and mutes of this page: read at each connection, then as they are pushed. Until
// they have been read again after a loss, nothing of it counts as current.
import type { EventMessage } from '../api/types';
import { events } from '../events/events';
import { Store } from '../ui/store';
import { alarms, knownBefore, silenceKey } from './alarms';
import { incidentApi, type Step } from './api';
import { apply, emptyIncidents, type IncidentList, load, reading } from './list';
import { mergeKnown } from './mutes';
import type { Incident, IncidentMessage, Mute } from './types';

const RETRY_MS = 2000;
const OPEN_MAX = 500;
const EXPIRY_MS = 5000;

class Incidents {
  readonly list = new Store<IncidentList>(emptyIncidents);
  readonly current = new Store(false);
  /** What the last reading failed with. */
  readonly failed = new Store<unknown>(null);
  /** What is quiet now, as the server told last; null while that is not known. */
  readonly mutes = new Store<readonly Mute[] | null>(null);
  /** Those that were, too: what the timeline tells of muted events. */
  readonly knownMutes = new Store<ReadonlyMap<string, Mute>>(new Map());
  /** Keys of alarms whose pop-up was hidden. */
  readonly hidden = new Store<ReadonlySet<string>>(new Set());
  private generation = 0;
  private asked = 0;
  /** Grows with each time mutes are asked for or pushed: an answer to an earlier question is old. */
  private mutesTold = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private retryMutes: ReturnType<typeof setTimeout> | undefined;
  private expiry: ReturnType<typeof setInterval> | undefined;
  private unwatch: (() => void) | undefined;

  start(): void {
    this.stop();
    events.heard = (message) => this.receive(message);
    this.unwatch = events.lost.subscribe(() => {
      if (events.lost.get()) this.current.set(false);
    });
    this.expiry = setInterval(() => this.expire(), EXPIRY_MS);
    void this.refresh();
    void this.readMutes();
  }

  stop(): void {
    this.generation += 1;
    clearTimeout(this.retry);
    clearTimeout(this.retryMutes);
    clearInterval(this.expiry);
    this.unwatch?.();
    events.heard = null;
    this.current.set(false);
  }

  clear(): void {
    this.list.set(emptyIncidents);
    this.mutes.set(null);
    this.knownMutes.set(new Map());
    this.hidden.set(new Set());
    this.failed.set(null);
  }

  async take(id: string, step: Step, revision?: number): Promise<Incident> {
    const incident = await incidentApi.take(id, step, revision);
    this.list.update((list) => apply(list, incident));
    return incident;
  }

  hide(keys: string[]): void {
    const now = new Set(alarms(events.list.get(), this.list.get()).map(silenceKey));
    const kept = [...this.hidden.get()].filter((key) => now.has(key));
    this.hidden.set(new Set([...kept, ...keys]));
  }

  async refresh(): Promise<void> {
    const generation = this.generation;
    this.asked += 1;
    const mine = this.asked;
    clearTimeout(this.retry);
    this.list.update(reading);
    try {
      const page = await incidentApi.list({ open: 'true', limit: OPEN_MAX });
      if (generation !== this.generation || mine !== this.asked) return;
      const isFirst = !this.list.get().read;
      this.list.update((list) => load(list, page));
      this.failed.set(null);
      this.current.set(!events.lost.get());
      // What waited before this page was opened is in the column; it does not pop up over it.
      if (isFirst) {
        const known = events.list.get();
        this.hide(knownBefore(alarms(known, this.list.get()), known).map(silenceKey));
      }
    } catch (error) {
      if (generation !== this.generation || mine !== this.asked) return;
      this.current.set(false);
      this.failed.set(error);
      this.retry = setTimeout(() => void this.refresh(), RETRY_MS);
    }
  }

  async readMutes(): Promise<void> {
    const generation = this.generation;
    this.mutesTold += 1;
    const mine = this.mutesTold;
    clearTimeout(this.retryMutes);
    const mutes = await incidentApi.mutes().catch(() => null);
    if (generation !== this.generation || mine !== this.mutesTold) return;
    if (mutes) return this.setMutes(mutes);
    this.mutes.set(null);
    this.retryMutes = setTimeout(() => void this.readMutes(), RETRY_MS);
  }

  private setMutes(mutes: readonly Mute[]): void {
    this.mutesTold += 1;
    clearTimeout(this.retryMutes);
    this.mutes.set(mutes);
    this.knownMutes.update((known) => mergeKnown(known, mutes));
  }

  private receive(message: EventMessage | IncidentMessage): void {
    if (message.type === 'incident') this.list.update((list) => apply(list, message.incident));
    else if (message.type === 'mutes') this.setMutes(message.mutes);
    else if (message.type === 'hello' || message.type === 'incidents_missed') {
      this.current.set(false);
      void this.refresh();
      void this.readMutes();
    }
  }

  /** This browser's clock may be wrong: whether a mute is over is for the server to say. */
  private expire(): void {
    const isOver = (mute: Mute) => Date.parse(mute.until) <= Date.now();
    if (this.mutes.get()?.some(isOver)) void this.readMutes();
  }
}

export const incidents = new Incidents();
