// How many pictures the wall shows, which camera is enlarged, and in which order cameras stand.
import type { Camera } from '../api/types';
import type { AlarmPlace } from '../incidents/alarms';
import { Store } from '../ui/store';

export const LAYOUTS = [1, 4, 9, 16] as const;
export type Layout = (typeof LAYOUTS)[number];

const STORED = 'safe-yolo.layout';
const stored = LAYOUTS.find((n) => String(n) === localStorage.getItem(STORED));

export const layout = new Store<Layout>(stored ?? 4);
export const focused = new Store<string | null>(null);

export function setLayout(n: Layout): void {
  localStorage.setItem(STORED, String(n));
  layout.set(n);
  focused.set(null);
}

/** Cameras with an alarm that waits come first, the gravest foremost; else they keep place. */
export function arrange(list: readonly Camera[], alarms: readonly AlarmPlace[]): Camera[] {
  const gravest = new Map<string, number>();
  for (const alarm of alarms) {
    if (!alarm.camera) continue;
    const grave = alarm.severity === 'CRITICAL' ? 2 : 1;
    gravest.set(alarm.camera, Math.max(grave, gravest.get(alarm.camera) ?? 0));
  }
  const rank = (camera: Camera) => gravest.get(camera.id) ?? 0;
  return list
    .map((camera, index) => ({ camera, index }))
    .sort((a, b) => rank(b.camera) - rank(a.camera) || a.index - b.index)
    .map(({ camera }) => camera);
}
