// What this page knows of one camera: its newest status, its newest picture and when they came.
import type { LiveHeader, Status } from '../api/types';
import { type Seen, type View, view } from './age';
import { Decoder, type Frame } from './decoder';
import type { LiveMessage } from './message';
import { type Rate, rate, shortSince } from './rate';

export class Feed {
  frame: Frame | null = null;
  private readonly listeners = new Set<(frame: Frame) => void>();
  private readonly decoder = new Decoder((frame) => this.show(frame));
  /** Since when the detector has been short of time for it. */
  private shortSince: number | null = null;
  private readonly seen: Seen = {
    status: null,
    statusAt: 0,
    header: null,
    headerAt: 0,
    counters: null,
    countersAt: 0,
    countersSegment: null,
    wantedAt: performance.now(),
  };

  /** The header of the picture on screen. */
  get header(): LiveHeader | null {
    return this.seen.header;
  }

  get status(): Status | null {
    return this.seen.status;
  }

  view(lost: boolean, now = performance.now()): View {
    return view(this.seen, lost, now);
  }

  /** As the newest status tells it; before the first one, as `other` does. */
  rate(other: Status | null = null): Rate {
    const { status, statusAt } = this.seen;
    return rate(status ?? other, this.shortSince === null ? null : statusAt - this.shortSince);
  }

  /** Age of the newest analysis as the server told it, and the time since. */
  analysisAgeMs(now = performance.now()): number | null {
    const told = this.seen.status?.analysis_age_ms;
    return told == null ? null : told + (now - this.seen.statusAt);
  }

  push(message: LiveMessage): void {
    this.decoder.push(message, performance.now());
  }

  told(status: Status): void {
    const now = performance.now();
    this.shortSince = shortSince(this.shortSince, this.seen.statusAt, status, now);
    this.seen.status = status;
    this.seen.statusAt = now;
  }

  wanted(): void {
    this.seen.wantedAt = performance.now();
  }

  onFrame(listener: (frame: Frame) => void): () => void {
    this.listeners.add(listener);
    if (this.frame) listener(this.frame);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    this.decoder.close();
    this.frame?.bitmap.close();
    this.frame = null;
  }

  private show(frame: Frame): void {
    const old = this.frame;
    const { header, at } = frame;
    this.frame = frame;
    this.seen.header = header;
    this.seen.headerAt = at;
    if (header.counters) {
      this.seen.counters = header.counters;
      this.seen.countersAt = at;
      this.seen.countersSegment = header.segment;
    }
    for (const listener of [...this.listeners]) listener(frame);
    old?.bitmap.close();
  }
}
