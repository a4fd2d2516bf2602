// Times and durations as people read them.
import type { Lang, Translate } from './words';

/** 6.2초, 48초, 1분 05초: tenths only where they matter. */
export function seconds(value: number, t: Translate): string {
  if (value < 10) return t('time.s', { n: value.toFixed(1) });
  if (value < 60) return t('time.s', { n: Math.floor(value) });
  return stay(value);
}

/** 0:06, 12:40, 1:02:03 */
export function stay(value: number): string {
  const whole = Math.max(0, Math.floor(value));
  const two = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** An age in words, coarse: 0.4초 전, 8초 전, 3분 전, 2시간 전. */
export function age(ms: number, t: Translate): string {
  const s = Math.max(0, ms) / 1000;
  if (s < 10) return t('age.s', { n: s.toFixed(1) });
  if (s < 60) return t('age.s', { n: Math.floor(s) });
  if (s < 3600) return t('age.m', { n: Math.floor(s / 60) });
  return t('age.h', { n: Math.floor(s / 3600) });
}

/** How long ago a wall-clock time was. */
export function ago(iso: string, now: number, t: Translate): string {
  const s = (now - Date.parse(iso)) / 1000;
  if (!Number.isFinite(s)) return '';
  if (s < 3) return t('ago.now');
  if (s < 60) return t('age.s', { n: Math.floor(s) });
  if (s < 3600) return t('age.m', { n: Math.floor(s / 60) });
  if (s < 86400) return t('age.h', { n: Math.floor(s / 3600) });
  return t('age.d', { n: Math.floor(s / 86400) });
}

export function clock(iso: string, lang: Lang): string {
  return new Date(iso).toLocaleString(lang === 'ko' ? 'ko-KR' : 'en-GB', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
}

/** A time of today as 14:05, of another day with its date. */
export function when(iso: string, lang: Lang, now = new Date()): string {
  const at = new Date(iso);
  const locale = lang === 'ko' ? 'ko-KR' : 'en-GB';
  const time = at.toLocaleTimeString(locale, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  if (at.toDateString() === now.toDateString()) return time;
  return `${at.toLocaleDateString(locale, { month: '2-digit', day: '2-digit' })} ${time}`;
}

/** Slower than a slow walk is a box that breathes. */
const PACE_MIN_M_S = 0.3;

/** How fast somebody walks, on a calibrated camera. */
export function pace(speed: number | undefined): string {
  return speed === undefined || speed < PACE_MIN_M_S ? '' : ` · ${speed.toFixed(1)} m/s`;
}
