// What may be believed about a camera at this moment. The rule behind all of it: a number or a
// picture that is not current must look that way.
import { SILENCE_MS } from '../api/socket';
import type { BlindReason, CameraState, Counters, LiveHeader, Status } from '../api/types';

/** A header's counters stand in for predicted pictures without their own for this long. */
export const COUNTERS_HOLD_MS = 1500;

export interface Seen {
  /** The camera's last status and when it came, ms of the page's monotonic clock. */
  status: Status | null;
  statusAt: number;
  /** The header of the picture on screen and when it came. */
  header: LiveHeader | null;
  headerAt: number;
  /** The last counters that a picture brought, when, and of which segment. */
  counters: Counters | null;
  countersAt: number;
  countersSegment: number | null;
  /** Since when pictures of this camera have been asked for. */
  wantedAt: number;
}

export type ShownState = CameraState | 'LOST';
export type ShownReason = BlindReason | 'no_pictures_here' | 'not_analysed' | null;

/** How a tile presents itself: only `watching` may look safe. */
export type Look = 'watching' | 'doubtful' | 'blind' | 'unwatched' | 'lost';

export interface View {
  state: ShownState;
  reason: ShownReason;
  look: Look;
  /** Age of the picture on screen, null when there is none. */
  ageMs: number | null;
  counters: Counters | null;
  analysedPerS: number | null;
}

const LOOKS: Record<CameraState, Look> = {
  LIVE: 'watching',
  DEGRADED: 'doubtful',
  CONNECTING: 'blind',
  STALE: 'blind',
  OFFLINE: 'blind',
  PAUSED: 'unwatched',
  STOPPED: 'unwatched',
};

export function pictureAgeMs(seen: Seen, now: number): number | null {
  const arrived = seen.header ? now - seen.headerAt : null;
  const told = seen.status?.picture_age_ms;
  if (told == null || (seen.header && seen.headerAt >= seen.statusAt)) return arrived;
  const server = told + (now - seen.statusAt);
  return arrived === null ? server : Math.max(arrived, server);
}

/** The newer of what the status and the picture's own header say. */
function newest(seen: Seen): { state: CameraState; reason: BlindReason | null } | null {
  const { status, header } = seen;
  if (header && (!status || seen.headerAt > seen.statusAt)) return header;
  return status;
}

export function view(seen: Seen, lost: boolean, now: number): View {
  const ageMs = pictureAgeMs(seen, now);
  const blank = { ageMs, counters: null, analysedPerS: null };
  if (lost) return { ...blank, state: 'LOST', reason: null, look: 'lost' };
  const said = newest(seen);
  if (!said) return { ...blank, state: 'CONNECTING', reason: 'opening', look: 'blind' };
  const analysedPerS = seen.status?.analysed_per_s ?? null;
  const look = LOOKS[said.state] ?? 'blind';
  if (look === 'watching' || look === 'doubtful') {
    // The server sees the camera; what counts is whether this page gets its pictures.
    if (!seen.header || now - seen.headerAt > SILENCE_MS) {
      return now - seen.wantedAt > SILENCE_MS
        ? { ...blank, state: 'STALE', reason: 'no_pictures_here', look: 'blind' }
        : { ...blank, state: 'CONNECTING', reason: 'opening', look: 'blind' };
    }
  }
  const counters = look === 'watching' ? currentCounters(seen, now) : null;
  const reason = look === 'watching' ? (counters ? null : 'not_analysed') : said.reason;
  return { state: said.state, reason, look, ageMs, counters, analysedPerS };
}

function currentCounters(seen: Seen, now: number): Counters | null {
  const { header } = seen;
  if (!header || (header.analysis !== 'done' && header.analysis !== 'predicted')) return null;
  if (header.counters) return header.counters;
  const held =
    header.analysis === 'predicted' &&
    seen.countersSegment === header.segment &&
    now - seen.countersAt <= COUNTERS_HOLD_MS;
  return held ? seen.counters : null;
}
