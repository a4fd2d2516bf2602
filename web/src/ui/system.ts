// The server's own health, asked every few seconds; null while it is not known.
import { api } from '../api/client';
import type { Disk, Health, System } from '../api/types';
import { events } from '../events/events';
import type { Translate } from '../i18n/words';
import { Store } from './store';

const EVERY_MS = 5000;

export const system = new Store<System | null>(null);
/** What the disk is worth; null before the server has looked at it. */
export function diskHealth(disk: Disk): Health | null {
  if (disk.detail !== null) return { state: 'failed', detail: disk.detail };
  if (disk.level === null) return null;
  return { state: disk.level === 'enough' ? 'ok' : 'low', detail: null };
}

/** What does not work and must not be overlooked: sentences, and the server's own words. */
export function troubles(now: System, t: Translate): { text: string; detail: string | null }[] {
  const parts = { store: now.store, evidence: now.evidence, disk: diskHealth(now.disk) };
  const failed = Object.entries({ ...parts, escalation: now.escalation })
    .filter(([, health]) => health?.state === 'failed')
    .map(([part, health]) => ({ text: t(`health.${part}`), detail: health?.detail ?? null }));
  const { cameras_failed, cameras_late } = now.detector;
  const counts = [
    ['failed', cameras_failed],
    ['late', cameras_late],
  ] as const;
  const unanalysed = counts
    .filter(([, n]) => n > 0)
    .map(([state, n]) => ({ text: t(`health.detector.${state}`, { n }), detail: null }));
  return [...unanalysed, ...failed];
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
