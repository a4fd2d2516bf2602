// Rules of a zone: what a new one has, what is sent, and that doubt never looks like safety.
import { describe, expect, it } from 'vitest';
import { RULE_TYPES, type Rule, type RuleNow, type RuleType, type ZoneNow } from '../api/types';
import { translator } from '../i18n/words';
import { configure, editDraft, fault, newDraft, toSend } from './draft';
import {
  addRule,
  changeRule,
  inMetres,
  removeRule,
  ruleFault,
  rulesNow,
  ruleTitle,
  things,
} from './rule';

const make = (...types: RuleType[]): Rule[] =>
  types.reduce<Rule[]>((rules, type) => addRule(rules, type), []);
const only = (type: RuleType): Rule => make(type)[0] as Rule;

describe('a new rule', () => {
  it.each<[RuleType, string[], number, string]>([
    ['loitering', [], 60, 'WARNING'],
    ['occupancy_above', ['people'], 5, 'WARNING'],
    ['occupancy_below', ['people'], 5, 'WARNING'],
    ['lone_worker', [], 300, 'WARNING'],
    ['object_missing', ['class'], 10, 'WARNING'],
    ['object_present', ['class'], 10, 'WARNING'],
    ['proximity', ['class', 'distance'], 1, 'CRITICAL'],
    ['fall', [], 1, 'CRITICAL'],
    ['motionless', [], 60, 'CRITICAL'],
    ['fire', [], 1, 'CRITICAL'],
    ['smoke', [], 1, 'CRITICAL'],
  ])('of type %s takes what the server takes: %s', (type, settings, dwell_s, severity) => {
    const rule = only(type);
    const usual = ['type', 'name', 'active', 'severity', 'dwell_s', 'pause_s'];
    expect(Object.keys(rule).sort()).toEqual([...usual, ...settings].sort());
    expect(rule).toMatchObject({ type, name: type, active: true, dwell_s, severity, pause_s: 30 });
    if (rule.class) expect(things(type)).toContain(rule.class);
  });

  it('has a name of its own, also after one was removed', () => {
    const rules = make('fall', 'fall', 'fire', 'fall');
    expect(rules.map((rule) => rule.name)).toEqual(['fall', 'fall-2', 'fire', 'fall-3']);
    const again = addRule(removeRule(rules, 1), 'fall');
    expect(again.map((rule) => rule.name)).toEqual(['fall', 'fire', 'fall-3', 'fall-2']);
  });

  it('is about machines where nearness is dangerous', () => {
    expect(things('proximity')).toEqual(['machinery', 'vehicle', 'forklift']);
    expect(things('object_missing')).toContain('safety_cone');
  });
});

describe('a draft with rules', () => {
  const message = { ko: '감시인 배치', en: 'send a watchman' };
  const zone = {
    id: 'z1',
    version: 7,
    ...toSend(newDraft('구역 1'), 'c1'),
    points: [
      [0, 0],
      [1, 0],
      [1, 1],
    ] as [number, number][],
    rules: changeRule(make('lone_worker', 'occupancy_above'), 0, { message }),
  };
  const draft = editDraft(zone);
  const { id: _, version: __, ...whole } = zone;

  it('knows the version that it is based on', () => expect(draft.version).toBe(7));

  it('sends all of them, also what the form does not show', () => {
    expect(toSend(draft, 'c1')).toEqual(whole);
    const rules = changeRule(draft.settings.rules, 1, { people: 3, name: ' 야간 인원 ' });
    const changed = toSend(configure(draft, { rules }), 'c1');
    expect(changed.rules[0]).toEqual(zone.rules[0]);
    expect(changed.rules[1]).toEqual({ ...zone.rules[1], people: 3, name: '야간 인원' });
    expect(toSend(configure(draft, { rules: [] }), 'c1').rules).toEqual([]);
  });

  it.each<[Partial<Rule>, string | null]>([
    [{}, null],
    [{ people: 0 }, null],
    [{ people: 2.5 }, 'rule.badnumber'],
    [{ people: Number.NaN }, 'rule.badnumber'],
    [{ dwell_s: Number.NaN }, 'rule.badnumber'],
    [{ pause_s: -1 }, 'rule.badnumber'],
    [{ name: ' ' }, 'rule.noname'],
  ])('with %s is refused for %s', (change, wrong) => {
    const rules = changeRule(draft.settings.rules, 1, change);
    expect(fault(configure(draft, { rules }))).toBe(wrong);
  });
});

describe('how rules stand', () => {
  const rules = changeRule(make('fall', 'object_missing', 'fire'), 2, { active: false });
  const now = (verdict: ZoneNow['verdict'], ...told: RuleNow[]) =>
    ({ id: 'z1', verdict, people: [], rules: told }) as unknown as ZoneNow;
  const clear: RuleNow = { name: 'fall', type: 'fall', verdict: 'clear' };
  const fires: RuleNow = { ...clear, verdict: 'fire', held_s: 4 };
  const missing: RuleNow = { name: 'object_missing', type: 'object_missing', verdict: 'clear' };
  const verdicts = (zone: ZoneNow | null) =>
    rulesNow(rules, zone).map(({ name, verdict, reason }) => [name, verdict, reason]);

  it('is told by the zone, those that are off left out', () => {
    expect(verdicts(now('alarm', fires, missing))).toEqual([
      ['fall', 'fire', undefined],
      ['object_missing', 'clear', undefined],
    ]);
  });

  it('is unknown where nobody looked, or the rule is too new', () => {
    expect(verdicts(null)).toEqual([
      ['fall', 'unknown', 'not_looked_at'],
      ['object_missing', 'unknown', 'not_looked_at'],
    ]);
    expect(verdicts(now('clear', clear))).toEqual([
      ['fall', 'clear', undefined],
      ['object_missing', 'unknown', 'not_looked_at'],
    ]);
  });

  it('is never clear in an unknown zone, and keeps the reason of the rule in doubt', () => {
    const hidden: RuleNow = { ...missing, verdict: 'unknown', reason: 'hidden' };
    expect(verdicts(now('unknown', clear, hidden))).toEqual([
      ['fall', 'unknown', undefined],
      ['object_missing', 'unknown', 'hidden'],
    ]);
    expect(verdicts(now('unknown', fires, hidden))[0]?.[1]).toBe('fire');
  });

  it('shows rules that somebody else has just added', () => {
    expect(rulesNow([], now('clear', clear))).toMatchObject([clear]);
  });

  it('has a title in words, unless somebody gave it a name', () => {
    const t = translator('ko');
    const title = (rule: Partial<Rule> & { type: RuleType; name: string }) =>
      ruleTitle({ ...rule, verdict: 'clear' }, t);
    expect(title(only('object_missing'))).toBe('비치물 없음 · 소화기');
    expect(title({ type: 'fall', name: 'fall-2' })).toBe('쓰러짐 2');
    expect(title({ type: 'fall', name: 'fall-arrest area' })).toBe('fall-arrest area');
    expect(title({ type: 'fire', name: '야적장 화재' })).toBe('야적장 화재');
    for (const type of RULE_TYPES) expect(title(only(type))).not.toContain('_');
  });
});

describe('a rule of a line', () => {
  const outline: [number, number][] = [
    [0.2, 0.4],
    [0.6, 0.4],
    [0.6, 0.8],
  ];
  it('goes through the middle of its zone, and has nothing that could dwell', () => {
    const [rule] = addRule([], 'line_crossing', outline);
    expect(rule?.line?.flat().map((v) => Math.round(v * 100) / 100)).toEqual([0.2, 0.6, 0.6, 0.6]);
    expect(rule).toMatchObject({ direction: 'both', pause_s: 0 });
    expect(rule).not.toHaveProperty('dwell_s');
    expect(ruleFault(rule as Rule)).toBeNull();
  });
  it('is somewhere in the picture before the zone is drawn', () => {
    const [rule] = addRule([], 'line_crossing', []);
    expect(rule?.line?.flat().every((v) => v > 0 && v < 1)).toBe(true);
  });
});

describe('units', () => {
  it('change back and forth without another meaning', () => {
    const heights = only('near_miss');
    const metres = inMetres(heights, true);
    expect(metres).toMatchObject({ distance_m: 1.02, speed_m_s: 0.51 });
    expect(metres).not.toHaveProperty('distance');
    expect(metres).not.toHaveProperty('speed');
    expect(inMetres(metres, false)).toEqual(heights);
    expect(inMetres(only('proximity'), true)).not.toHaveProperty('speed_m_s');
  });
});

describe('what keeps a rule from being saved', () => {
  it.each<[Partial<Rule>, string | null]>([
    [{ message: { ko: '대피', en: ' ' } }, 'rule.badmessage'],
    [{ message: { ko: '대피', en: 'leave' } }, null],
    [{ schedule: [{ days: [], holidays: 'included' }] }, 'rule.badschedule'],
    [{ window_s: Number.NaN }, 'rule.badnumber'],
  ])('%j: %s', (change, fault) => {
    expect(ruleFault({ ...only('loitering'), ...change })).toBe(fault);
  });
});

it('a rule that is off is neither clear nor an alarm', () => {
  const off: RuleNow = { name: 'fall', type: 'fall', verdict: 'off', reason: 'schedule' };
  const zone = { verdict: 'clear', rules: [off] } as unknown as ZoneNow;
  expect(rulesNow([only('fall')], zone)).toMatchObject([{ verdict: 'off', reason: 'schedule' }]);
});
