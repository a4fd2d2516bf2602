// What somebody has seen of an incident when they begin to say something about it, and what has come
// since, as pure functions.
import type { Incident } from './types';

/** Alarms that joined while the words were typed have been seen by nobody. */
export const hasJoined = (seen: Incident, now: Incident) => now.events > seen.events;

const same = (a: { at: string } | null, b: { at: string } | null) => a?.at === b?.at;

/** Whether nobody has taken it, or handed it on, since. */
export const isInSameHands = (seen: Incident, now: Incident) =>
  seen.state === now.state && same(seen.assigned, now.assigned);

/** The revision on which an assignment rests. Alarms that end, notes and the like raise it, too: only what
 * others assigned meanwhile must not be overwritten. */
export const basedOn = (seen: Incident, now: Incident) =>
  isInSameHands(seen, now) ? now.revision : seen.revision;

/** Who was faster, in what; null where nobody was. */
export function faster(seen: Incident, now: Incident) {
  const { state } = now;
  if (state === 'raised') {
    return seen.state !== 'raised' || hasJoined(seen, now) ? { state, who: null, to: '' } : null;
  }
  const of = ({ acknowledged, assigned, closed }: Incident) =>
    state === 'acknowledged' ? acknowledged : state === 'assigned' ? assigned : closed;
  const who = of(now);
  if (!who || same(who, of(seen))) return null;
  return { state, who, to: state === 'assigned' ? (now.assigned?.to ?? '') : '' };
}
