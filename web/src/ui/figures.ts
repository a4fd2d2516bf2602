// The figures of the whole installation; '?' where they can't be current.
import type { Camera, Status } from '../api/types';

export interface Figures {
  watching: number | '?';
  total: number | '?';
  rate: string;
  /** Every camera is watching. */
  all: boolean;
}

export function figures(
  statuses: Record<string, Status>,
  list: Camera[] | null,
  lost: boolean,
): Figures {
  const told = Object.values(statuses);
  const total = list?.length ?? (told.length || null);
  if (lost || !told.length) {
    const none = total === 0 && !lost;
    return { watching: none ? 0 : '?', total: total ?? '?', rate: none ? '0.0' : '?', all: false };
  }
  const watching = told.filter((status) => status.state === 'LIVE').length;
  const rate = told.reduce((sum, status) => sum + (status.analysed_per_s ?? 0), 0);
  return {
    watching,
    total: total ?? told.length,
    rate: rate.toFixed(1),
    all: watching === (total ?? told.length),
  };
}
