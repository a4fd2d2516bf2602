// The live connection: who wants to see which camera how large, and the feeds that result.
import { socketUrl } from '../api/client';
import { Socket } from '../api/socket';
import type { LiveText, Status } from '../api/types';
import { Store } from '../ui/store';
import { Feed } from './feed';
import { parseLive } from './message';

export interface Wish {
  id: string;
  width: number;
}

const WIDTHS = [160, 320, 480, 640, 960, 1280, 1600, 1920];

/** The smallest offered width that fills `px`, so that small changes of size ask for nothing new. */
export function widthFor(px: number): number {
  return WIDTHS.find((width) => width >= px) ?? 1920;
}

class Live {
  readonly lost = new Store(false);
  readonly statuses = new Store<Record<string, Status>>({});
  private readonly feeds = new Map<string, Feed>();
  private readonly wishes = new Map<string, Wish[]>();
  private socket: Socket | null = null;
  private asked = '';

  start(broke: () => void): void {
    this.stop();
    this.socket = new Socket({
      url: () => socketUrl('live'),
      opened: () => this.ask(true),
      text: (message) => this.text(message as LiveText),
      binary: (data) => this.picture(data),
      lost: (lost) => this.lost.set(lost),
      broke,
    });
  }

  stop(): void {
    this.socket?.close();
    this.socket = null;
  }

  /** Forgets everything seen, as when somebody else logs in. */
  clear(): void {
    for (const feed of this.feeds.values()) feed.close();
    this.feeds.clear();
    this.statuses.set({});
    this.lost.set(false);
  }

  feed(camera: string): Feed {
    const known = this.feeds.get(camera);
    if (known) return known;
    const feed = new Feed();
    this.feeds.set(camera, feed);
    return feed;
  }

  /** Each part of the page states its own wishes; the largest width for a camera is asked for. */
  want(who: string, wishes: Wish[]): void {
    if (wishes.length) this.wishes.set(who, wishes);
    else this.wishes.delete(who);
    this.ask(false);
  }

  private ask(anew: boolean): void {
    const widths = new Map<string, number>();
    for (const { id, width } of [...this.wishes.values()].flat()) {
      widths.set(id, Math.max(width, widths.get(id) ?? 0));
    }
    const cameras = [...widths].map(([id, width]) => ({ id, width }));
    const message = { type: 'subscribe', cameras };
    const text = JSON.stringify(message);
    if (!anew && text === this.asked) return;
    const before = new Set<string>(anew || !this.asked ? [] : askedIds(this.asked));
    for (const { id } of cameras) if (!before.has(id)) this.feed(id).wanted();
    this.asked = text;
    this.socket?.send(message);
  }

  private text(message: LiveText): void {
    if (message.type !== 'status') return;
    for (const [id, status] of Object.entries(message.cameras)) this.feed(id).told(status);
    for (const [id, feed] of this.feeds) {
      // A camera that the page shows may be newer than this message.
      if (id in message.cameras || this.isWanted(id)) continue;
      feed.close();
      this.feeds.delete(id);
    }
    this.statuses.set(message.cameras);
  }

  private isWanted(id: string): boolean {
    return [...this.wishes.values()].some((list) => list.some((wish) => wish.id === id));
  }

  private picture(data: ArrayBuffer): void {
    const message = parseLive(data);
    if (message) this.feeds.get(message.header.camera)?.push(message);
  }
}

const askedIds = (text: string) =>
  (JSON.parse(text) as { cameras: Wish[] }).cameras.map((camera) => camera.id);

export const live = new Live();
