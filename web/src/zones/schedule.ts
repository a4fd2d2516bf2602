// When a zone or a rule applies: hours of days, as the server takes them.
import { DAYS, type Day, type Period } from '../api/types';
import type { Translate } from '../i18n/words';

/** The most periods that the server takes. */
export const PERIODS_MAX = 16;

const DAY_MINUTES = 24 * 60;

/** Minutes of the day; NaN for what is no time. */
function minutes(time: string): number {
  const match = /^(\d\d):(\d\d)$/.exec(time);
  const [hours, rest] = [Number(match?.[1]), Number(match?.[2])];
  const all = hours * 60 + rest;
  return rest < 60 && all <= DAY_MINUTES ? all : Number.NaN;
}

const from = (period: Period) => (period.from ? minutes(period.from) : 0);
const to = (period: Period) => (period.to ? minutes(period.to) : DAY_MINUTES);

/** Whether it goes on over midnight. */
export const isOvernight = (period: Period): boolean => to(period) < from(period);

/** Whether the server would refuse it. */
export const isBad = (period: Period): boolean =>
  period.days?.length === 0 ||
  Number.isNaN(from(period) + to(period)) ||
  from(period) === to(period) ||
  from(period) === DAY_MINUTES;

export const newPeriod = (): Period => ({
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  from: '08:00',
  to: '18:00',
  holidays: 'included',
});

/** A day more, or one less; all of them is the same as none named. */
export function toggleDay(period: Period, day: Day): Period {
  const { days = [...DAYS], ...rest } = period;
  const next = DAYS.filter((other) => (other === day) !== days.includes(other));
  return next.length === DAYS.length ? rest : { ...rest, days: next };
}

/** What an ordinary day is, or a holiday. */
export type DayKind = 'day' | 'holiday';

function beginsOn(period: Period, day: Day, kind: DayKind): boolean {
  const named = period.days?.includes(day) ?? true;
  const holidays = { included: true, excluded: kind === 'day', only: kind === 'holiday' };
  return named && holidays[period.holidays];
}

/** Whether it applies at a minute of a day whose eve is an ordinary one. */
export function covers(
  schedule: readonly Period[] | null | undefined,
  day: Day,
  minute: number,
  kind: DayKind = 'day',
): boolean {
  if (!schedule) return true;
  const eve = DAYS[(DAYS.indexOf(day) + 6) % 7] ?? 'sun';
  return schedule.some((period) => {
    if (isBad(period)) return false;
    const [begin, end] = [from(period), to(period)];
    if (begin < end) return begin <= minute && minute < end && beginsOn(period, day, kind);
    return (
      (minute >= begin && beginsOn(period, day, kind)) ||
      (minute < end && beginsOn(period, eve, 'day'))
    );
  });
}

/** For each hour of a day the part of it, 0 to 1, in which it applies. */
export const hours = (
  schedule: readonly Period[] | null | undefined,
  day: Day,
  kind: DayKind = 'day',
): number[] =>
  Array.from({ length: 24 }, (_, hour) => {
    const quarters = [0, 15, 30, 45].map((minute) => hour * 60 + minute);
    return quarters.filter((minute) => covers(schedule, day, minute, kind)).length / 4;
  });

/** A period in a few words. */
export function periodText(period: Period, t: Translate): string {
  const days = period.days?.map((day) => t(`day.${day}`)).join(' ');
  const begin = period.from ?? '00:00';
  const end = period.to ?? '24:00';
  const whole = from(period) === 0 && to(period) === DAY_MINUTES;
  const parts = [
    days,
    whole ? null : `${begin}–${end}`,
    period.holidays === 'included' ? null : t(`holidays.${period.holidays}`),
  ];
  return parts.filter(Boolean).join(' ') || t('schedule.always');
}
