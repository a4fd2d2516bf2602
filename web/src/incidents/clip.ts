// Which analysed picture belongs to which moment of a clip.
import type { ClipFacts, ClipPicture } from './types';

/** Older boxes are not shown: nobody knows where people have gone meanwhile. */
export const BOXES_MAX_AGE_S = 1;

/** The newest picture at or before a moment, found by halving; null where there is none of use. */
export function pictureAt(pictures: readonly ClipPicture[], at: number): ClipPicture | null {
  let low = 0;
  let high = pictures.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    // A picture is shown a little before its own time is reached.
    if ((pictures[middle]?.t_s ?? 0) <= at + 0.02) low = middle + 1;
    else high = middle;
  }
  const picture = pictures[low - 1];
  return picture && at - picture.t_s <= BOXES_MAX_AGE_S ? picture : null;
}

/** Where in the clip the alarm began, 0 to 1; null where nobody knows. */
export function alarmPart(facts: ClipFacts, duration: number): number | null {
  if (facts.before_s === undefined || !(duration > 0)) return null;
  return Math.min(1, Math.max(0, facts.before_s / duration));
}

/** What the details of an event say of its clip. */
export function clipFacts(details: Record<string, unknown>): ClipFacts {
  const { clip } = details;
  return typeof clip === 'object' && clip !== null ? (clip as ClipFacts) : {};
}
