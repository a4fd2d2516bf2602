// What the forms take for granted: settings, mutes and the words for precision.
import { describe, expect, it } from 'vitest';
import { translator } from '../i18n/words';
import { choices, minutesOf, muted } from './mutes';
import { fieldsOf, type SettingsFields, settingsOf } from './settings-form';
import type { RulePrecision } from './types';
import { precisionText } from './words';

describe('the alarm settings', () => {
  const told = {
    group_within_s: 120,
    escalate_after_s: { CRITICAL: [60, 300], WARNING: [300] },
    export_blur: 'bodies' as const,
  };
  const fields = (more: Partial<SettingsFields['levels']>, group = '120'): SettingsFields => ({
    group,
    levels: { CRITICAL: ['60', '300'], WARNING: ['300', ''], ...more },
    blur: 'bodies',
  });
  it('come back as they were', () => {
    expect(fieldsOf(told)).toEqual(fields({}));
    expect(settingsOf(fieldsOf(told))).toEqual(told);
  });
  it('hide heads where an older server does not say', () => {
    const { export_blur: _unsaid, ...old } = told;
    expect(settingsOf(fieldsOf(old))).toEqual({ ...old, export_blur: 'heads' });
  });
  it('do without a level that is empty', () => {
    expect(settingsOf(fields({ WARNING: ['', ''] }))).toMatchObject({
      escalate_after_s: { WARNING: [] },
    });
  });
  it.each([
    [fields({ CRITICAL: ['1.5', '300'] }), { kind: 'bad', severity: 'CRITICAL', level: 1 }],
    [fields({ CRITICAL: ['', '300'] }), { kind: 'bad', severity: 'CRITICAL', level: 1 }],
    [fields({ WARNING: ['300', '-1'] }), { kind: 'bad', severity: 'WARNING', level: 2 }],
    [fields({ WARNING: ['300', '300'] }), { kind: 'order', severity: 'WARNING', a: 300, b: 300 }],
    [fields({}, 'x'), { kind: 'bad', severity: null, value: 'x' }],
  ])('name what is wrong: %o', (given, error) => {
    expect(settingsOf(given)).toMatchObject(error);
  });
});

describe('a mute that is asked for', () => {
  const camera = { id: 'press', name: 'Press' };
  const zone = { id: 'z1', name: 'Zone' };
  const type = 'fall' as const;
  it('offers the least first', () => {
    expect(choices({ camera, zone, type })).toEqual(['rule', 'zone', 'camera']);
    expect(choices({ camera })).toEqual(['camera']);
    expect(choices({ camera: null, type })).toEqual(['rule']);
  });
  it.each([
    ['rule', { camera, zone, type }, { zone: 'z1', type }],
    ['rule', { camera, type }, { camera: 'press', type }],
    ['rule', { type }, { type }],
    ['zone', { camera, zone, type }, { zone: 'z1' }],
    ['camera', { camera, zone, type }, { camera: 'press' }],
  ] as const)('by %s', (what, scope, body) => expect(muted(what, scope)).toEqual(body));
  it.each([
    ['15', '', 15],
    ['other', '90', 90],
    ['other', '1440', 1440],
    ['other', '1441', null],
    ['other', '0', null],
    ['other', '1.5', null],
    ['other', '', null],
    ['other', 'x', null],
  ])('for %s (%s) minutes', (choice, other, minutes) =>
    expect(minutesOf(choice, other)).toBe(minutes),
  );
});

describe('precision', () => {
  const t = translator('en');
  const rule = (more: Partial<RulePrecision>) => ({ false_alarms: 0, ...more }) as RulePrecision;
  it.each([
    [rule({ precision: null }), 'Not judged'],
    [rule({ precision: 1, true_alarms: 3 }), '100 %'],
    [rule({ precision: 0.999, false_alarms: 1 }), '99 %'],
    [rule({ precision: 0, false_alarms: 2 }), '0 %'],
  ])('of %o is %s', (given, text) => expect(precisionText(given, t)).toBe(text));
});
