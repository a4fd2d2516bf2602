// Periods as whole days of the site, whatever the clock of the browser says.

export const PRESETS = ['today', '7', '30', 'custom'] as const;
export type Preset = (typeof PRESETS)[number];

export interface Period {
  from: string;
  to: string;
}

const DAY_MS = 86_400_000;

/** The wall clock of a time zone, as if it were UTC. */
function wall(ms: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(ms);
  const part = (type: string) => Number(parts.find((p) => p.type === type)?.value);
  return Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  );
}

/** The day there, as 2026-01-31. */
export const dayOf = (ms: number, timeZone: string) =>
  new Date(wall(ms, timeZone)).toISOString().slice(0, 10);

/** When a day begins there. */
export function beginOf(day: string, timeZone: string): number {
  const wanted = Date.parse(`${day}T00:00:00Z`);
  let guess = wanted;
  // The offset at the guess may be another one than at the day's begin: twice is enough.
  for (let round = 0; round < 2; round += 1) guess -= wall(guess, timeZone) - wanted;
  return guess;
}

export const plusDays = (day: string, days: number) =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);

const iso = (ms: number) => new Date(ms).toISOString();

/** Today, or the last days with today as the last. */
export function recent(preset: 'today' | '7' | '30', now: number, timeZone: string): Period {
  const today = dayOf(now, timeZone);
  const days = preset === 'today' ? 1 : Number(preset);
  return {
    from: iso(beginOf(plusDays(today, 1 - days), timeZone)),
    to: iso(beginOf(plusDays(today, 1), timeZone)),
  };
}

/** From the begin of a day to the end of another; null where that makes no sense. */
export function between(first: string, last: string, timeZone: string): Period | null {
  // Browsers let a year of six digits be typed: no day that the server or this page can tell.
  const isDay = (day: string) =>
    /^[12]\d{3}-\d{2}-\d{2}$/.test(day) && !Number.isNaN(Date.parse(day));
  if (!isDay(first) || !isDay(last) || first > last) return null;
  return {
    from: iso(beginOf(first, timeZone)),
    to: iso(beginOf(plusDays(last, 1), timeZone)),
  };
}

/** Two days at most are told hour by hour. */
export const isShort = ({ from, to }: Period) => Date.parse(to) - Date.parse(from) <= 2.1 * DAY_MS;
