// The server's own health, asked every few seconds; null while it is not known.
import { api } from '../api/client';
import type { Disk, Health, System } from '../api/types';
import { events } from '../events/events';
import { Store } from './store';

const EVERY_MS = 5000;

export const system = new Store<System | null>(null);
/** What the disk is worth; null before the server has looked at it. */
export function diskHealth(disk: Disk): Health | null {
  if (disk.detail !== null) return { state: 'failed', detail: disk.detail };
  if (disk.level === null) return null;
  return { state: disk.level === 'enough' ? 'ok' : 'low', detail: null };
}

let timer: ReturnType<typeof setTimeout> | undefined;
let generation = 0;

export function startSystem(): void {
  stopSystem();
  void ask(generation);
}

export function stopSystem(): void {
  generation += 1;
  clearTimeout(timer);
}

async function ask(mine: number): Promise<void> {
  const now = await api.system().catch(() => null);
  if (mine !== generation) return;
  system.set(now);
  if (now) events.reconcile(now);
  timer = setTimeout(() => void ask(mine), EVERY_MS);
}
