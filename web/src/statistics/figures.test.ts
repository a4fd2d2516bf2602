import { describe, expect, it } from 'vitest';
import { translator } from '../i18n/words';
import {
  byEvents,
  heatOf,
  hoursText,
  isUnseen,
  keyLabel,
  longLabel,
  look,
  niceMax,
  percent,
  rateOf,
  rateText,
  runs,
  shortLabel,
  watchedShare,
} from './figures';
import type { Row } from './types';

const t = translator('ko');
const watched = (analysed_h: number, blind_h = 0, unrecorded_h = 0) => ({
  analysed_h,
  blind_h,
  unrecorded_h,
});
const row = (key: string, events: number, analysed_h = 1, name?: string): Row => ({
  key,
  events,
  per_hour: analysed_h ? events / analysed_h : null,
  ...watched(analysed_h),
  ...(name ? { name } : {}),
});

describe('time in which nobody looked', () => {
  it.each([
    [watched(1), 'seen'],
    [watched(0.99, 0.01), 'seen'],
    [watched(0.5, 0.5), 'partly'],
    [watched(0.5, 0, 0.5), 'partly'],
    [watched(0, 1), 'unseen'],
    [watched(0, 0, 1), 'unseen'],
    [watched(0), 'none'],
  ])('%o is %s', (w, expected) => expect(look(w)).toBe(expected));

  it('is all of no time at all', () => {
    expect(isUnseen(watched(0))).toBe(true);
    expect(isUnseen(watched(0, 1))).toBe(true);
    expect(isUnseen(watched(0.01, 1))).toBe(false);
  });

  it('is a part of all time', () => {
    expect(watchedShare(watched(1, 2, 1))).toBe(0.25);
    expect(watchedShare(watched(0))).toBeNull();
  });

  it('is no rate where there was too little of it', () => {
    expect(rateOf(row('a', 11, 0.01))).toBeNull();
    expect(rateOf(row('a', 11, 0))).toBeNull();
    expect(rateOf(row('a', 1, 0.5))).toBe(2);
  });

  it('is no rate of nought', () => {
    expect(rateText(null)).toBe('–');
    expect(rateText(0)).toBe('0.00');
    expect(percent(null)).toBeNull();
    expect(percent(0)).toBe('0%');
    expect(percent(1)).toBe('100%');
    expect(percent(0.876)).toBe('87.6%');
    expect(percent(0.9994)).toBe('99.9%');
    expect(percent(0.99996)).toBe('99.9%');
    expect(percent(0.00004)).toBe('0.1%');
  });
});

describe('axes', () => {
  it.each([
    [[], 1],
    [[0, null], 1],
    [[3], 5],
    [[7, 12], 20],
    [[100], 100],
    [[101], 200],
  ])('of %o end at %s', (values, expected) => expect(niceMax(values)).toBe(expected));
});

describe('words', () => {
  it.each([
    [0, '0분'],
    [0.001, '1분 미만'],
    [0.5, '30분'],
    [1.25, '1.3시간'],
    [240.4, '240시간'],
  ])('%s hours are %s', (hours, text) => expect(hoursText(hours, t)).toBe(text));

  it('name slices in the time of the site', () => {
    const key = '2026-01-31T23:00:00Z';
    expect(shortLabel(key, 'hour', 'Asia/Seoul')).toBe('8');
    expect(shortLabel('2026-02-01', 'day', 'Asia/Seoul')).toBe('2.1');
    expect(shortLabel('08', 'hour_of_day', 'Asia/Seoul')).toBe('8');
    expect(longLabel(key, 'hour', 'Asia/Seoul', 'ko', t)).toContain('2월 1일');
    expect(longLabel('2026-02-01', 'day', 'America/New_York', 'ko', t)).toContain('2월 1일');
    expect(longLabel('23', 'hour_of_day', 'UTC', 'ko', t)).toBe('23시~0시');
  });

  it('name what events are told apart by', () => {
    expect(keyLabel(row('fall', 1), 'type', t)).toBe('쓰러짐');
    expect(keyLabel(row('z1', 1, 1, '프레스'), 'zone', t)).toBe('프레스');
    expect(keyLabel({ ...row('z1', 1, 1, '프레스'), camera_name: '정문' }, 'zone', t)).toBe(
      '프레스 · 정문',
    );
    expect(keyLabel(row('', 1), 'zone', t)).toBe('구역 없음');
    expect(keyLabel(row('', 1), 'camera', t)).toBe('시스템 전체');
    expect(keyLabel(row('gone', 1), 'camera', t)).toBe('gone');
  });

  it('come with most first', () => {
    const rows = [row('a', 1), row('b', 5), row('c', 0, 0), row('d', 0, 2)];
    expect(rows.sort(byEvents).map((r) => r.key)).toEqual(['b', 'a', 'd', 'c']);
  });
});

describe('reasons', () => {
  const reasons =
    'opening analysis_late detector_failed frozen dark covered moved damaged no_pictures unreachable unauthorized undecodable not_found ended command restarting off unknown unobserved unrecorded';
  it.each(reasons.split(' '))('%s has words in both languages', (reason) => {
    for (const lang of ['ko', 'en'] as const) {
      const key = `stat.reason.${reason}`;
      expect(translator(lang)(key)).not.toBe(key);
    }
  });
});

describe('lines', () => {
  it('have gaps where nothing is known', () => {
    expect(runs([null, 0.5, 0, null, null, 1])).toEqual([[1, 2], [5]]);
    expect(runs([null, null])).toEqual([]);
  });
});

describe('heat', () => {
  it('is nothing where nobody stood', () => {
    expect(heatOf(0, 100)).toBe(0);
    expect(heatOf(0, 0)).toBe(0);
    expect(heatOf(100, 100)).toBe(1);
    expect(heatOf(25, 100)).toBe(0.5);
  });
});
