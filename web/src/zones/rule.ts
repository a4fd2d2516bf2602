// Rules of a zone: what a new one starts with, and how each stands now.
import type { Rule, RuleNow, RuleType, Thing, ZoneNow } from '../api/types';
import { THINGS } from '../api/types';
import type { Translate } from '../i18n/words';

/** The most rules that the server takes for a zone. */
export const RULES_MAX = 16;

/** What a rule starts with: a type takes the settings that it has here and no others. */
const USUAL: Record<
  RuleType,
  Pick<Rule, 'people' | 'class' | 'distance' | 'speed' | 'severity' | 'dwell_s'>
> = {
  loitering: { severity: 'WARNING', dwell_s: 60 },
  occupancy_above: { people: 5, severity: 'WARNING', dwell_s: 5 },
  occupancy_below: { people: 1, severity: 'WARNING', dwell_s: 5 },
  lone_worker: { severity: 'WARNING', dwell_s: 300 },
  object_missing: { class: 'fire_extinguisher', severity: 'WARNING', dwell_s: 10 },
  object_present: { class: 'vehicle', severity: 'WARNING', dwell_s: 10 },
  proximity: { class: 'forklift', distance: 1, severity: 'CRITICAL', dwell_s: 1 },
  near_miss: { class: 'forklift', distance: 0.6, speed: 0.3, severity: 'CRITICAL', dwell_s: 0 },
  fall: { severity: 'CRITICAL', dwell_s: 1 },
  motionless: { severity: 'CRITICAL', dwell_s: 60 },
  fire: { severity: 'CRITICAL', dwell_s: 1 },
  smoke: { severity: 'CRITICAL', dwell_s: 1 },
};

/** What a rule of this type can be about. */
export const things = (type: RuleType): readonly Thing[] =>
  type === 'proximity' || type === 'near_miss' ? ['machinery', 'vehicle', 'forklift'] : THINGS;

export function addRule(rules: readonly Rule[], type: RuleType): Rule[] {
  const taken = rules.map((rule) => rule.name);
  let name: string = type;
  for (let n = 2; taken.includes(name); n += 1) name = `${type}-${n}`;
  return [...rules, { type, name, active: true, pause_s: 30, ...USUAL[type] }];
}

export const changeRule = (rules: readonly Rule[], at: number, change: Partial<Rule>): Rule[] =>
  rules.map((rule, index) => (index === at ? { ...rule, ...change } : rule));

export const removeRule = (rules: readonly Rule[], at: number): Rule[] =>
  rules.filter((_, index) => index !== at);

/** An empty number would be sent as null, which the server takes for the usual one. */
export function ruleFault(rule: Rule): 'rule.noname' | 'rule.badnumber' | null {
  if (!rule.name.trim()) return 'rule.noname';
  const { people = 0, distance = 0, speed = 0, dwell_s, pause_s } = rule;
  const good = [people, distance, speed, dwell_s, pause_s].every(
    (n) => Number.isFinite(n) && n >= 0,
  );
  return good && Number.isInteger(people) ? null : 'rule.badnumber';
}

/** A rule as it stands, with what it is about where that is known. */
export type RuleRow = RuleNow & Pick<Rule, 'class'>;

/**
 * The active rules of a zone. What was not told is unknown, and nothing is clear in a zone that is
 * not known itself.
 */
export function rulesNow(rules: readonly Rule[], now: ZoneNow | null): RuleRow[] {
  const told = (now?.rules ?? []).map((rule): RuleRow => {
    const own = rules.find((other) => other.name === rule.name && other.type === rule.type);
    const doubtful = now?.verdict === 'unknown' && rule.verdict === 'clear';
    return { ...rule, class: own?.class, verdict: doubtful ? 'unknown' : rule.verdict };
  });
  const untold = rules
    .filter((rule) => rule.active && !told.some((other) => other.name === rule.name))
    .map(
      (rule): RuleRow => ({
        name: rule.name,
        type: rule.type,
        class: rule.class,
        verdict: 'unknown',
        reason: 'not_looked_at',
      }),
    );
  return [...told, ...untold];
}

/** The name that somebody gave it; else its type in words, with what it is about. */
export function ruleTitle(rule: RuleRow, t: Translate): string {
  const number = rule.name.startsWith(rule.type) ? rule.name.slice(rule.type.length) : null;
  if (number === null || !/^(-\d+)?$/.test(number)) return rule.name;
  const words = `${t(`rule.${rule.type}`, undefined, rule.type)} ${number.slice(1)}`.trim();
  return rule.class ? `${words} · ${t(`class.${rule.class}`)}` : words;
}
