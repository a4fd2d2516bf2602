// Differences between versions in plain words. A field that has no words yet is told by its name.
import {
  type Author,
  EQUIPMENT,
  type Period,
  type Point,
  RULE_TYPES,
  THINGS,
  type Version,
  type VersionChange,
  type When,
} from '../api/types';
import type { Translate } from '../i18n/words';
import { periodText } from '../zones/schedule';

/** Longer values are cut. */
const VALUE_MAX = 80;

export const authorName = (by: Author, t: Translate): string =>
  t(`versions.by.${by.kind}`, { name: by.name ?? '' }, by.name ?? by.kind);

/** What was done, in a line. */
export function summary(version: Version, t: Translate): string {
  const [first] = version.changes;
  if (version.action !== 'changed' || !first) {
    return t(`versions.action.${version.action}`, { n: version.restored ?? '' }, version.action);
  }
  const rest = version.change_count - 1;
  return rest > 0
    ? `${describe(first, t)} · ${t('versions.rest', { n: rest })}`
    : describe(first, t);
}

/** A difference as `zone · rule · field 2 s → 5 s`. */
export function describe(change: VersionChange, t: Translate): string {
  const { path, zone, before, after } = change;
  const [list, id, ...inZone] = path;
  if (list !== 'zones' || id === undefined) return told(change, path, '', t);
  const place = zone ?? id;
  if (inZone.length === 0) return member('change.zone', place, before, after, t);
  const [rules, rule, ...inRule] = inZone;
  if (rules !== 'rules' || rule === undefined) return `${place} · ${told(change, inZone, '', t)}`;
  const title = ruleName(rule, t);
  if (inRule.length === 0) return `${place} · ${member('change.rule', title, before, after, t)}`;
  return `${place} · ${title} · ${told(change, inRule, 'rule.', t)}`;
}

/** The name that somebody gave a rule; else its type in words. */
function ruleName(name: string, t: Translate): string {
  const type = RULE_TYPES.find((type) => new RegExp(`^${type}(-\\d+)?$`).test(name));
  return type ? `${t(`rule.${type}`)} ${name.slice(type.length + 1)}`.trim() : name;
}

/** A zone or rule that came or went. */
function member(kind: string, name: string, before: unknown, after: unknown, t: Translate): string {
  const what = t(kind);
  if (before === null) return t('change.added', { what, name });
  if (after === null) return t('change.removed', { what, name });
  return t('change.from_to', { what: name, before: plain(before), after: plain(after) });
}

function told(change: VersionChange, path: string[], group: string, t: Translate): string {
  const { before, after, hidden } = change;
  const field = path.join('.');
  const what = t(`field.${group}${field}`, undefined, t(`field.${field}`, undefined, field));
  if (hidden) return t('change.hidden', { what });
  if (isOrder(field, before, after)) return t('change.order', { what });
  if (isOutline(before) && isOutline(after) && before.length === after.length) {
    const moved = after.filter(([x, y], i) => x !== before[i]?.[0] || y !== before[i]?.[1]).length;
    return `${what} · ${t('change.moved', { n: moved })}`;
  }
  const say = (value: unknown) => valueText(field, value, t);
  return t('change.from_to', { what, before: say(before), after: say(after) });
}

/** Lists that are told member by member differ as a whole in their order only. */
const isOrder = (field: string, before: unknown, after: unknown) =>
  (field === 'zones' || field === 'rules') && Array.isArray(before) && Array.isArray(after);

function isOutline(value: unknown): value is Point[] {
  const isPoint = (point: unknown) =>
    Array.isArray(point) && point.length === 2 && point.every((n) => typeof n === 'number');
  return Array.isArray(value) && value.length > 0 && value.every(isPoint);
}

function valueText(field: string, value: unknown, t: Translate): string {
  if (value === null || value === undefined) return t('common.none');
  if (typeof value === 'boolean') {
    const state = value ? 'on' : 'off';
    return t(`value.${field}.${state}`, undefined, t(`value.${state}`));
  }
  if (typeof value === 'number') return numberText(field, value, t);
  if (typeof value === 'string') return wordFor(field, value, t);
  if (field === 'schedule' && Array.isArray(value))
    return (value as Period[]).map((period) => periodText(period, t)).join(', ');
  if (field === 'when') return whenText(value as When, t);
  if (isOutline(value)) return t('value.points', { n: value.length });
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) {
    return value.map((item) => wordFor(field, item, t)).join(', ') || t('common.none');
  }
  return plain(value);
}

const whenText = (when: When, t: Translate) =>
  t(when.present ? 'rule.when.present' : 'rule.when.absent', {
    thing: t(`class.${when.class}`, undefined, when.class),
  });

function numberText(field: string, value: number, t: Translate): string {
  const n = Math.round(value * 1000) / 1000;
  if (field === 'distance_m') return t('value.metres', { n });
  if (field === 'speed_m_s') return t('value.metres_s', { n });
  if (field.endsWith('_s')) return t('time.s', { n });
  if (field === 'people') return t('value.people', { n });
  if (field === 'distance' || field === 'speed') return t('value.heights', { n });
  return String(n);
}

/** Values of the API that have words. */
function wordFor(field: string, value: string, t: Translate): string {
  const has = (list: readonly string[]) => list.includes(value);
  if (field === 'require' && has(EQUIPMENT)) return t(`item.${value}`);
  if (field === 'class' && has(THINGS)) return t(`class.${value}`);
  if (field === 'anchor') return t(`anchor.${value}`, undefined, value);
  if (field === 'direction') return t(`direction.${value}`, undefined, value);
  if (field === 'severity') return t(`severity.${value}`, undefined, value);
  if (field === 'origin') return t(`value.origin.${value}`, undefined, value);
  if (field === 'type')
    return t(has(RULE_TYPES) ? `rule.${value}` : `zone.${value}`, undefined, value);
  return plain(value);
}

function plain(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > VALUE_MAX ? `${text.slice(0, VALUE_MAX)}…` : text;
}
