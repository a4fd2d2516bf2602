// Which analysed picture belongs to which moment of a clip.
import type { Translate } from '../i18n/words';
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

/** What is said of a moment beside, or instead of, its boxes; null where somebody looked at it. */
export function doubtOf(picture: ClipPicture | null): 'none' | 'predicted' | 'skipped' | null {
  if (!picture) return 'none';
  if (picture.analysis === 'done') return null;
  return picture.analysis === 'predicted' ? 'predicted' : 'skipped';
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

/** Why a clip ends early, or is not there: a word for what is known, else the server's own beside it. */
export function clipWhy(reason: unknown, t: Translate): { text: string; detail: string | null } {
  if (typeof reason !== 'string' || reason === '')
    return { text: t('clip.why.unknown'), detail: null };
  const text = t(`clip.why.${reason}`, undefined, '');
  return text ? { text, detail: null } : { text: t('clip.why.other'), detail: reason };
}

/** A clip in a line: how long it is and why it ends early, or why there is none. */
export function clipText(facts: ClipFacts, t: Translate): string {
  const said = (reason: unknown) => {
    const { text, detail } = clipWhy(reason, t);
    return detail ? `${text} (${detail})` : text;
  };
  if (facts.failed !== undefined) return t('clip.failed', { why: said(facts.failed) });
  const parts = [
    facts.duration_s !== undefined && t('time.s', { n: facts.duration_s.toFixed(1) }),
    facts.before_s !== undefined && t('clip.before', { s: facts.before_s.toFixed(1) }),
    facts.ended_early && t('clip.early', { why: said(facts.ended_early) }),
  ];
  return parts.filter(Boolean).join(' · ');
}
