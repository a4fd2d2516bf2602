// How often a camera is analysed against how often it should be, and whether the detector is short
// of time for it.
import { SILENCE_MS } from '../api/socket';
import type { Need, Status } from '../api/types';

/** Less than this share of what is wanted is too little. */
export const SHORT_SHARE = 0.6;
/** For so long, ms: the server averages over 4 s, so a rate that was just raised is not yet reached. */
export const SHORT_AFTER_MS = 5000;

/** What a tile or a row says about the analysis of its camera. */
export interface Rate {
  done: string;
  /** Null where nothing is analysed that could have a goal. */
  wanted: string | null;
  need: Need | null;
  tone: 'unknown' | 'idle' | 'kept' | 'short' | 'few_pictures';
}

/** A camera that is paused or sends nothing can't be short of analyses, nor with a broken detector. */
const isAnalysed = (status: Status) =>
  status.state === 'LIVE' || (status.state === 'DEGRADED' && status.reason === 'analysis_late');

const isBelow = (rate: number, wanted: number) => rate < wanted * SHORT_SHARE;

/** More pictures than come can't be analysed: too few of them are not the detector's fault. */
function isShort(status: Status): boolean {
  const possible = Math.min(status.wanted_per_s, status.pictures_per_s ?? status.wanted_per_s);
  return isAnalysed(status) && isBelow(status.analysed_per_s ?? 0, possible);
}

/**
 * Since when the detector has been short of time for a camera, once `status` has come at `now`;
 * `since` and `toldAt` are of the status before. What was during a silence nobody knows.
 */
export function shortSince(
  since: number | null,
  toldAt: number,
  status: Status,
  now: number,
): number | null {
  if (!isShort(status)) return null;
  return since === null || now - toldAt > SILENCE_MS ? now : since;
}

/** `shortMs` is for how long the detector has been short of time; without a status, nothing is known. */
export function rate(status: Status | null, shortMs: number | null): Rate {
  if (status?.analysed_per_s == null) {
    return { done: '?', wanted: null, need: null, tone: 'unknown' };
  }
  const done = status.analysed_per_s.toFixed(1);
  if (!isAnalysed(status)) return { done, wanted: null, need: null, tone: 'idle' };
  const wanted = String(Math.round(status.wanted_per_s * 10) / 10);
  const few = isBelow(status.pictures_per_s ?? status.wanted_per_s, status.wanted_per_s);
  const short = shortMs !== null && shortMs >= SHORT_AFTER_MS;
  return { done, wanted, need: status.need, tone: short ? 'short' : few ? 'few_pictures' : 'kept' };
}
