import { describe, expect, it } from 'vitest';
import { beginOf, between, dayOf, isShort, plusDays, recent } from './period';

const at = (text: string) => Date.parse(text);

describe('days of the site', () => {
  it('begin at its midnight', () => {
    expect(beginOf('2026-01-31', 'Asia/Seoul')).toBe(at('2026-01-30T15:00:00Z'));
    expect(beginOf('2026-01-31', 'UTC')).toBe(at('2026-01-31T00:00:00Z'));
    expect(beginOf('2026-01-31', 'Asia/Kolkata')).toBe(at('2026-01-30T18:30:00Z'));
    expect(dayOf(at('2026-01-30T15:00:00Z'), 'Asia/Seoul')).toBe('2026-01-31');
    expect(dayOf(at('2026-01-30T14:59:59Z'), 'Asia/Seoul')).toBe('2026-01-30');
  });

  it('have 23 and 25 hours where clocks are changed', () => {
    const hours = (day: string) =>
      (beginOf(plusDays(day, 1), 'Europe/Berlin') - beginOf(day, 'Europe/Berlin')) / 3_600_000;
    expect(hours('2026-03-29')).toBe(23);
    expect(hours('2026-10-25')).toBe(25);
    expect(hours('2026-10-26')).toBe(24);
  });
});

describe('periods', () => {
  const now = at('2026-03-01T16:00:00Z');
  it('end with today', () => {
    expect(recent('today', now, 'Asia/Seoul')).toEqual({
      from: '2026-03-01T15:00:00.000Z',
      to: '2026-03-02T15:00:00.000Z',
    });
    expect(recent('7', now, 'Asia/Seoul').from).toBe('2026-02-23T15:00:00.000Z');
    expect(recent('30', now, 'UTC').from).toBe('2026-01-31T00:00:00.000Z');
  });

  it('of days that are missing or turned round are none', () => {
    expect(between('2026-02-01', '2026-01-31', 'UTC')).toBeNull();
    expect(between('', '2026-01-31', 'UTC')).toBeNull();
    expect(between('2026-01-31', '202611-01-01', 'UTC')).toBeNull();
    expect(between('2026-01-31', '9999-12-31', 'UTC')).toBeNull();
    expect(between('2026-01-31', '2026-01-31', 'UTC')).toEqual({
      from: '2026-01-31T00:00:00.000Z',
      to: '2026-02-01T00:00:00.000Z',
    });
  });

  it('of two days are told hour by hour', () => {
    expect(isShort(recent('today', now, 'Asia/Seoul'))).toBe(true);
    expect(isShort(recent('7', now, 'Asia/Seoul'))).toBe(false);
  });
});
