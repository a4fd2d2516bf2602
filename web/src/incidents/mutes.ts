// Which mutes bear on what, and what can be asked for, as pure functions.
import type { Camera, EventType, MutedBy, SafetyEvent } from '../api/types';
import type { Mute, MuteInput } from './types';

const KNOWN_MAX = 500;

export const muteKey = (id: Mute['id']) => String(id);

/** Mutes that keep something of a camera quiet, be it one zone or one rule only. */
export const ofCamera = (mutes: readonly Mute[], camera: Pick<Camera, 'id' | 'zones'>) =>
  mutes.filter(
    (mute) =>
      (mute.camera === null || mute.camera === camera.id) &&
      (mute.zone === null || camera.zones.some((zone) => zone.id === mute.zone)),
  );

/** Mutes that keep something of a zone quiet. */
export const ofZone = (mutes: readonly Mute[], camera: string, zone: string) =>
  mutes.filter(
    (mute) =>
      (mute.camera === null || mute.camera === camera) &&
      (mute.zone === null || mute.zone === zone),
  );

/** Whether it is about one rule only and leaves the rest to ring. */
export const isPart = (mute: Mute) => mute.type !== null;

/** Who muted an event and why: as the event was read, else as this page has been told of the mute. A
 * mute that was lifted is known here with the end that it was to have. */
export const muteOf = (event: SafetyEvent, known: ReadonlyMap<string, Mute>): MutedBy | null =>
  event.muted === null || event.muted === undefined
    ? null
    : (event.muted_by ?? known.get(muteKey(event.muted)) ?? null);

/** Mutes are remembered beyond their end, the newest of them. */
export function mergeKnown(
  known: ReadonlyMap<string, Mute>,
  mutes: readonly Mute[],
): ReadonlyMap<string, Mute> {
  const all = new Map(known);
  for (const mute of mutes) {
    const key = muteKey(mute.id);
    all.delete(key);
    all.set(key, mute);
  }
  for (const oldest of all.keys()) {
    if (all.size <= KNOWN_MAX) break;
    all.delete(oldest);
  }
  return all;
}

/** Where it is asked from; what is known there can be muted. */
export interface MuteScope {
  camera?: { id: string; name: string } | null;
  zone?: { id: string; name: string } | null;
  type?: EventType;
}

export type What = 'rule' | 'zone' | 'camera';
const MINUTES_MAX = 1440;

/** The narrowest choice first: as little as possible is kept quiet. */
export function choices({ camera, zone, type }: MuteScope): What[] {
  const out: What[] = [];
  if (type) out.push('rule');
  if (zone) out.push('zone');
  if (camera) out.push('camera');
  return out;
}

export function muted(what: What, scope: MuteScope): Omit<MuteInput, 'minutes' | 'reason'> {
  const { camera, zone, type } = scope;
  const place = zone ? { zone: zone.id } : camera ? { camera: camera.id } : {};
  if (what === 'rule') return { ...place, ...(type && { type }) };
  if (what === 'zone' && zone) return { zone: zone.id };
  return camera ? { camera: camera.id } : {};
}

/** Null for what is no whole number of minutes within the bounds. */
export function minutesOf(choice: string, other: string): number | null {
  const minutes = Number(choice === 'other' ? other.trim() || Number.NaN : choice);
  return Number.isInteger(minutes) && minutes >= 1 && minutes <= MINUTES_MAX ? minutes : null;
}
