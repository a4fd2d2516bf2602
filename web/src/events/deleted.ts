// Cameras that are gone, as events still name them, as pure functions.
import type { Camera, SafetyEvent } from '../api/types';

/** Ids and names of cameras that events were seen of. */
export type Seen = ReadonlyMap<string, string>;

/** With those of these events; the name that was seen first stays. */
export function seeing(seen: Seen, list: readonly SafetyEvent[]): Seen {
  const all = new Map(seen);
  for (const { camera, camera_name } of list) {
    if (camera !== null && !all.has(camera)) all.set(camera, camera_name || camera);
  }
  return all.size === seen.size ? seen : all;
}

/** Those that are there no more; none while it is not known which are. */
export const deletedCameras = (seen: Seen, list: readonly Camera[] | null): [string, string][] =>
  list === null ? [] : [...seen].filter(([id]) => !list.some((camera) => camera.id === id));
