// The list of cameras, asked for again when the live status names other ones.
import { api } from '../api/client';
import type { Camera } from '../api/types';
import { live } from '../live/live';
import { Store } from '../ui/store';

const RETRY_MS = 2000;

class Cameras {
  /** Null until the list has come. */
  readonly list = new Store<Camera[] | null>(null);
  readonly failed = new Store(false);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private unwatch: (() => void) | undefined;
  private generation = 0;

  start(): void {
    this.stop();
    this.unwatch = live.statuses.subscribe(() => this.compare());
    void this.refresh();
  }

  stop(): void {
    this.generation += 1;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.unwatch?.();
  }

  clear(): void {
    this.list.set(null);
    this.failed.set(false);
  }

  async refresh(): Promise<void> {
    const generation = this.generation;
    try {
      const list = await api.cameras();
      if (generation !== this.generation) return;
      this.list.set(list);
      this.failed.set(false);
    } catch {
      if (generation !== this.generation) return;
      this.failed.set(true);
      this.later();
    }
  }

  put(camera: Camera): void {
    this.list.update((list) =>
      list?.some((other) => other.id === camera.id)
        ? list.map((other) => (other.id === camera.id ? camera : other))
        : [...(list ?? []), camera],
    );
  }

  remove(id: string): void {
    this.list.update((list) => list?.filter((camera) => camera.id !== id) ?? null);
  }

  private compare(): void {
    const list = this.list.get();
    if (!list) return;
    const told = Object.keys(live.statuses.get());
    const known = new Set(list.map((camera) => camera.id));
    if (told.length !== known.size || told.some((id) => !known.has(id))) this.later();
  }

  private later(): void {
    if (this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.refresh();
    }, RETRY_MS);
  }
}

export const cameras = new Cameras();
