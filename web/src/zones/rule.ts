// Rules of a zone: what a new one starts with, and how each stands now.
import type { Point, Rule, RuleNow, RuleType, Thing, ZoneNow } from '../api/types';
import { THINGS } from '../api/types';
import type { Translate } from '../i18n/words';
import { isBad } from './schedule';

/** The most rules that the server takes for a zone. */
export const RULES_MAX = 16;

/** What a rule starts with: a type takes the settings that it has here and no others. */
const USUAL: Record<
  RuleType,
  Omit<Rule, 'type' | 'name' | 'active' | 'pause_s'> & { pause_s?: number }
> = {
  loitering: { severity: 'WARNING', dwell_s: 60 },
  occupancy_above: { people: 5, severity: 'WARNING', dwell_s: 5 },
  occupancy_below: { people: 1, severity: 'WARNING', dwell_s: 5 },
  entries_above: { people: 20, window_s: 3600, severity: 'WARNING' },
  line_crossing: { direction: 'both', pause_s: 0, severity: 'WARNING' },
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

/** `outline` is that of the zone: a line goes through its middle. */
export function addRule(
  rules: readonly Rule[],
  type: RuleType,
  outline: readonly Point[] = [],
): Rule[] {
  const taken = rules.map((rule) => rule.name);
  let name: string = type;
  for (let n = 2; taken.includes(name); n += 1) name = `${type}-${n}`;
  const line = type === 'line_crossing' ? { line: lineThrough(outline) } : {};
  return [...rules, { type, name, active: true, pause_s: 30, ...USUAL[type], ...line }];
}

function lineThrough(outline: readonly Point[]): [Point, Point] {
  if (outline.length < 3)
    return [
      [0.3, 0.6],
      [0.7, 0.6],
    ];
  const xs = outline.map(([x]) => x);
  const ys = outline.map(([, y]) => y);
  const y = (Math.min(...ys) + Math.max(...ys)) / 2;
  return [
    [Math.min(...xs), y],
    [Math.max(...xs), y],
  ];
}

/** The same distance and speed in the other unit, taking a person for 1.7 m. */
export function inMetres(rule: Rule, metres: boolean): Rule {
  const { distance, distance_m, speed, speed_m_s, ...rest } = rule;
  const round = (n: number) => Math.round(n * 100) / 100;
  const far = distance ?? (distance_m ?? 0) / HEIGHT_M;
  const fast = speed ?? (speed_m_s === undefined ? undefined : speed_m_s / HEIGHT_M);
  return metres
    ? {
        ...rest,
        distance_m: round(far * HEIGHT_M),
        ...(fast !== undefined && { speed_m_s: round(fast * HEIGHT_M) }),
      }
    : { ...rest, distance: round(far), ...(fast !== undefined && { speed: round(fast) }) };
}

const HEIGHT_M = 1.7;

export const changeRule = (rules: readonly Rule[], at: number, change: Partial<Rule>): Rule[] =>
  rules.map((rule, index) => (index === at ? { ...rule, ...change } : rule));

export const removeRule = (rules: readonly Rule[], at: number): Rule[] =>
  rules.filter((_, index) => index !== at);

export type RuleFault = 'rule.noname' | 'rule.badnumber' | 'rule.badmessage' | 'rule.badschedule';

/** An empty number would be sent as null, which the server takes for the usual one. */
export function ruleFault(rule: Rule): RuleFault | null {
  if (!rule.name.trim()) return 'rule.noname';
  const { people = 0, distance = 0, distance_m = 0, speed = 0, speed_m_s = 0 } = rule;
  const { window_s = 0, dwell_s = 0, pause_s, message, schedule } = rule;
  const good = [people, distance, distance_m, speed, speed_m_s, window_s, dwell_s, pause_s].every(
    (n) => Number.isFinite(n) && n >= 0,
  );
  if (!good || !Number.isInteger(people)) return 'rule.badnumber';
  if (message && !(message.ko.trim() && message.en.trim())) return 'rule.badmessage';
  return schedule?.some(isBad) ? 'rule.badschedule' : null;
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
