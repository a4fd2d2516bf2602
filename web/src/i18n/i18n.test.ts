// Both languages say everything, with the same blanks to fill.
import { describe, expect, it } from 'vitest';
import { EVENT_TYPES, RULE_TYPES, THINGS } from '../api/types';
import { DEGRADED_BY, stateKey } from '../live/state';
import { en } from './en';
import { ko } from './ko';
import { age, pace, seconds, stay, when } from './time';
import { type Translate, translator } from './words';

const blanks = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();

describe('the dictionaries', () => {
  it('have the same keys', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(ko).sort());
  });

  it.each(Object.keys(ko) as (keyof typeof ko)[])('fill the same blanks in %s', (key) => {
    expect(blanks(en[key])).toEqual(blanks(ko[key]));
    expect(ko[key].trim()).not.toBe('');
    expect(en[key].trim()).not.toBe('');
  });

  it('name every value that the API can send', () => {
    const states = 'CONNECTING LIVE DEGRADED STALE OFFLINE PAUSED STOPPED LOST'.split(' ');
    const reasons =
      'opening analysis_late detector_failed frozen dark covered moved damaged no_pictures unreachable unauthorized undecodable not_found ended command restarting'.split(
        ' ',
      );
    const doubts =
      'not_looked_at class_unknown out_of_sight hidden cut not_sure not_calibrated pending schedule waiting'.split(
        ' ',
      );
    const keys = [
      ...states.map((state) => `state.${state}`),
      ...reasons.map((reason) => `reason.${reason}`),
      ...DEGRADED_BY.map((reason) => stateKey({ state: 'DEGRADED', reason })),
      ...['people', 'motion', 'quiet'].map((need) => `need.${need}`),
      ...EVENT_TYPES.map((type) => `event.${type}`),
      ...RULE_TYPES.map((type) => `rule.${type}`),
      ...['fire', 'clear', 'unknown', 'off'].map((verdict) => `rule.verdict.${verdict}`),
      ...doubts.map((reason) => `rule.reason.${reason}`),
      ...THINGS.map((thing) => `class.${thing}`),
      ...['INFO', 'WARNING', 'CRITICAL'].map((severity) => `severity.${severity}`),
      ...['viewer', 'operator', 'admin'].map((role) => `role.${role}`),
    ];
    for (const key of keys) expect(ko, key).toHaveProperty([key]);
  });
});

describe('words for times', () => {
  const t: Translate = translator('ko');
  it.each([
    [6.24, '6.2초'],
    [48.9, '48초'],
    [65, '1:05'],
  ])('%s seconds are %s', (value, text) => expect(seconds(value, t)).toBe(text));
  it.each([
    [0, '0:00'],
    [760, '12:40'],
    [3723, '1:02:03'],
  ])('a stay of %s is %s', (value, text) => expect(stay(value)).toBe(text));
  it.each([
    [380, '0.4초 전'],
    [33_000, '33초 전'],
    [180_000, '3분 전'],
    [7_200_000, '2시간 전'],
  ])('an age of %s ms is %s', (value, text) => expect(age(value, t)).toBe(text));
});

describe('when', () => {
  const now = new Date(2026, 10, 26, 16, 0);
  const at = (day: number) => new Date(2026, 10, day, 8, 5).toISOString();
  it('is told with the date on another day only', () => {
    expect(when(at(26), 'ko', now)).toBe('08:05');
    expect(when(at(27), 'ko', now)).toMatch(/^11\. 27\.? 08:05$/);
    expect(when(at(27), 'en', now)).toBe('27/11 08:05');
  });
});

describe('how fast somebody walks', () => {
  it('is told of who does, on a measured floor', () => {
    expect(pace(1.44)).toBe(' · 1.4 m/s');
    expect(pace(0.12)).toBe('');
    expect(pace(undefined)).toBe('');
  });
});
