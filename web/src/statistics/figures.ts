// What the charts need to know of numbers, as pure functions.
import type { Lang, Translate } from '../i18n/i18n';
import type { By, EquipmentRow, Row, Watched, Worn } from './types';

/** The part of the time in which somebody looked; null where there was no time to look. */
export function watchedShare(w: Watched): number | null {
  const all = w.analysed_h + w.blind_h + w.unrecorded_h;
  return all > 0 ? w.analysed_h / all : null;
}

export const unwatchedHours = (w: Watched) => w.blind_h + w.unrecorded_h;

/** What a slot may look like: only `seen` may be an empty bar. */
export type Look = 'seen' | 'partly' | 'unseen' | 'none';

/** Whether nobody looked at any time: then none is not nothing. */
export const isUnseen = (w: Watched) => w.analysed_h <= 0;

/** Less than this part of the time is still watched whole: a start of the server, say. */
const WHOLE = 0.98;

export function look(w: Watched): Look {
  const share = watchedShare(w);
  if (share === null) return 'none';
  if (isUnseen(w)) return 'unseen';
  return share >= WHOLE ? 'seen' : 'partly';
}

/** The end of an axis: 1, 2 or 5 times a power of ten, and never nothing. */
export function niceMax(values: readonly (number | null)[], least = 1): number {
  const max = Math.max(least, ...values.map((value) => value ?? 0));
  const power = 10 ** Math.floor(Math.log10(max));
  for (const step of [1, 2, 5, 10]) if (max <= step * power + 1e-9) return step * power;
  return max;
}

/** 3분, 1.5시간, 240시간. */
export function hoursText(hours: number, t: Translate): string {
  if (hours > 0 && hours < 1 / 60) return t('stat.hours.few');
  if (hours < 1) return t('stat.minutes', { n: Math.round(hours * 60) });
  return t('stat.hours', { n: hours < 100 ? hours.toFixed(1) : Math.round(hours) });
}

/** All is said of all only, and nothing of nothing. */
export function percent(share: number | null): string | null {
  if (share === null) return null;
  if (share <= 0) return '0%';
  if (share >= 1) return '100%';
  return `${Math.min(99.9, Math.max(0.1, share * 100)).toFixed(1)}%`;
}

/** A rate of less time than this says nothing but chance, hours. */
const RATE_HOURS_MIN = 1 / 12;

/** Events an hour, where it was watched for long enough to say. */
export const rateOf = (row: Row) => (row.analysed_h < RATE_HOURS_MIN ? null : row.per_hour);

/** Nothing known is a dash, never a nought. */
export const rateText = (rate: number | null) =>
  rate === null ? '–' : rate.toFixed(rate < 10 ? 2 : 1);

const time = (key: string, timeZone: string, options: Intl.DateTimeFormatOptions, lang: Lang) =>
  new Intl.DateTimeFormat(lang === 'ko' ? 'ko-KR' : 'en-GB', {
    timeZone,
    hourCycle: 'h23',
    ...options,
  }).format(Date.parse(key));

/** How a slice of time is named under its bar. */
export function shortLabel(key: string, by: By, timeZone: string): string {
  if (by === 'hour_of_day') return String(Number(key));
  if (by === 'day') return `${Number(key.slice(5, 7))}.${Number(key.slice(8, 10))}`;
  return String(Number(time(key, timeZone, { hour: '2-digit' }, 'en')));
}

/** And how in full. */
export function longLabel(key: string, by: By, timeZone: string, lang: Lang, t: Translate): string {
  if (by === 'hour_of_day') return t('stat.oclock', { n: Number(key), m: (Number(key) + 1) % 24 });
  const day: Intl.DateTimeFormatOptions = { month: 'short', day: 'numeric', weekday: 'short' };
  if (by === 'day') return time(`${key}T12:00:00Z`, 'UTC', day, lang);
  return time(key, timeZone, { ...day, hour: '2-digit', minute: '2-digit' }, lang);
}

/** What events are told apart by, in words. */
export function keyLabel(row: Row, by: By, t: Translate): string {
  if (by === 'type') return t(`event.${row.key}`);
  if (by === 'severity') return t(`severity.${row.key}`);
  if (row.name) return row.camera_name ? `${row.name} · ${row.camera_name}` : row.name;
  if (row.key) return row.key;
  return t(by === 'zone' ? 'stat.nozone' : 'event.site');
}

/** Most first; those in which nobody looked after those in which somebody did. */
export const byEvents = (a: Row, b: Row) =>
  b.events - a.events || b.analysed_h - a.analysed_h || a.key.localeCompare(b.key);

export const ofItem = (row: EquipmentRow, item: string): Worn | null =>
  row.items.find((worn) => worn.item === item) ?? null;

/** Runs of neighbours that have a rate: no line is drawn over what nobody knows. */
export function runs(rates: readonly (number | null)[]): number[][] {
  const found: number[][] = [];
  let run: number[] = [];
  for (const [at, rate] of rates.entries()) {
    if (rate !== null) run.push(at);
    else if (run.length) {
      found.push(run);
      run = [];
    }
  }
  if (run.length) found.push(run);
  return found;
}

/** How hot a cell is, 0 to 1: by roots, so that one who stood still hides nobody who passed. */
export function heatOf(seconds: number, max: number): number {
  return max > 0 && seconds > 0 ? Math.sqrt(seconds / max) : 0;
}
