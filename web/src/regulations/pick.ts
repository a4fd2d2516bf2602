// Which regulations are shown, and in which order.
import type { EventType } from '../api/types';
import type { Category, Regulation } from './types';

/** Active ones of a category, or of all: those of the alarm first, each in the site's order. */
export function pick(
  all: readonly Regulation[],
  type: EventType | null,
  category: Category | null,
): Regulation[] {
  const shown = all.filter((one) => one.active && (!category || one.category === category));
  const fits = (one: Regulation) => Number(type !== null && one.types.includes(type));
  return shown.sort((a, b) => fits(b) - fits(a) || a.position - b.position);
}

/** Active ones of an alarm. */
export const fitting = (all: readonly Regulation[], type: EventType) =>
  pick(all, type, null).filter((one) => one.types.includes(type));

/** An address that may be opened. */
export const link = (url: string | null) => (url && /^https?:\/\//.test(url) ? url : null);
