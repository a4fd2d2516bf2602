// The event connection: first pages by request, then changes from where they ended.
import { api, socketUrl } from '../api/client';
import { Socket } from '../api/socket';
import type { EventMessage, SafetyEvent } from '../api/types';
import type { IncidentMessage } from '../incidents/types';
import { Store } from '../ui/store';
import {
  apply,
  type EventList,
  emptyList,
  fill,
  hide,
  learn,
  load,
  miss,
  reconcile,
  reread,
  resumeFrom,
  waiting,
} from './list';

const RETRY_MS = 2000;
const PENDING_MS = 2000;
const PENDING_TRIES_MAX = 8;
const CHANGES_PAGE = 500;
/** Longer gaps are not filled change by change: the page keeps no more events than that. */
const GAP_MAX = 2000;
/** The server takes no more in one acknowledgement. */
const ACK_IDS_MAX = 1000;

class Events {
  readonly list = new Store<EventList>(emptyList);
  readonly lost = new Store(false);
  /** Who else listens on this connection: what is told of incidents and mutes. */
  heard: ((message: EventMessage | IncidentMessage) => void) | null = null;
  private socket: Socket | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private pending: ReturnType<typeof setInterval> | undefined;
  private readonly tries = new Map<string, number>();
  private generation = 0;
  /** The generation that fills a gap. */
  private filling: number | null = null;

  start(broke: () => void): void {
    this.stop();
    const generation = this.generation;
    this.pending = setInterval(() => void this.askPending(), PENDING_MS);
    if (this.list.get().seq === null) void this.first(generation, broke);
    else this.listen(broke);
  }

  stop(): void {
    this.generation += 1;
    clearTimeout(this.retry);
    clearInterval(this.pending);
    this.socket?.close();
    this.socket = null;
  }

  clear(): void {
    this.list.set(emptyList);
    this.tries.clear();
    this.lost.set(false);
  }

  async acknowledge(id: string, reason: string): Promise<void> {
    const event = await api.acknowledge(id, reason);
    this.list.update((list) => learn(list, event));
  }

  /** By id, so that none is acknowledged that nobody has seen. Answers how many were not acknowledged before. */
  async acknowledgeAll(ids: readonly string[], reason: string): Promise<number> {
    let count = 0;
    for (let at = 0; at < ids.length; at += ACK_IDS_MAX) {
      const some = ids.slice(at, at + ACK_IDS_MAX);
      count += (await api.acknowledgeMany(some, reason)).acknowledged;
    }
    return count;
  }

  hide(id: string): void {
    this.list.update((list) => hide(list, id));
  }

  reconcile(system: Parameters<typeof reconcile>[1]): void {
    this.list.update((list) => reconcile(list, system));
    void this.showHidden();
  }

  /** Alarms beyond the list come into it once nothing in it waits: they can't be seen otherwise. */
  private async showHidden(): Promise<void> {
    const now = this.list.get();
    if (now.hidden === 0 || now.gap || waiting(now).length > 0) return;
    const generation = this.generation;
    const pages = await this.pages().catch(() => null);
    if (pages && generation === this.generation) this.list.update((list) => reread(list, pages));
  }

  private async first(generation: number, broke: () => void): Promise<void> {
    try {
      const pages = await this.pages();
      if (generation !== this.generation) return;
      this.list.set(load(pages));
      this.listen(broke);
    } catch {
      if (generation !== this.generation) return;
      this.lost.set(true);
      this.retry = setTimeout(() => void this.first(generation, broke), RETRY_MS);
    }
  }

  private pages() {
    return Promise.all([
      api.events({ limit: 100 }),
      api.events({ acknowledged: 'false', limit: 200 }),
    ]);
  }

  private listen(broke: () => void): void {
    this.lost.set(false);
    if (this.list.get().gap) void this.fillGap();
    this.socket = new Socket({
      url: () => socketUrl('events', { after: resumeFrom(this.list.get()) }),
      text: (message) => {
        this.heard?.(message as EventMessage | IncidentMessage);
        this.receive(message as EventMessage);
      },
      lost: (lost) => this.lost.set(lost),
      broke,
    });
  }

  private receive(message: EventMessage): void {
    if (message.type === 'change') this.list.update((list) => apply(list, message));
    if (message.type !== 'missed') return;
    const { after, up_to: upTo } = message;
    if (after === null || upTo === null) return;
    this.list.update((list) => miss(list, after, upTo));
    void this.fillGap();
  }

  /** Asks for what was missed until nothing is missing. */
  private async fillGap(): Promise<void> {
    const generation = this.generation;
    if (this.filling === generation) return;
    this.filling = generation;
    for (let gap = this.list.get().gap; gap; gap = this.list.get().gap) {
      const { after, upTo } = gap;
      const ask =
        upTo - after > GAP_MAX
          ? this.pages().then((pages) => (list: EventList) => reread(list, pages))
          : api
              .changes(after, CHANGES_PAGE)
              .then((page) => (list: EventList) => fill(list, page.changes));
      const change = await ask.catch(() => null);
      if (generation !== this.generation) return;
      if (change) this.list.update(change);
      else await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      if (generation !== this.generation) return;
    }
    this.filling = null;
  }

  /** Pictures are written after the alarm: asks again for those that were not ready. */
  private async askPending(): Promise<void> {
    if (this.lost.get()) return;
    const ready = (event: SafetyEvent) =>
      event.snapshot === 'pending' && (this.tries.get(event.id) ?? 0) < PENDING_TRIES_MAX;
    const ids = Object.values(this.list.get().byId)
      .filter((event) => event.recorded && ready(event))
      .slice(0, 8)
      .map((event) => event.id);
    for (const id of ids) {
      this.tries.set(id, (this.tries.get(id) ?? 0) + 1);
      const event = await api.event(id).catch(() => null);
      if (event) this.list.update((list) => (list.byId[id] ? learn(list, event) : list));
    }
    for (const id of this.tries.keys()) if (!this.list.get().byId[id]) this.tries.delete(id);
  }
}

export const events = new Events();
