// Incidents in words: what, where, how many, how long and who.

import { stay } from '../i18n/time';
import type { Translate } from '../i18n/words';
import { isClosed, lastedS } from './list';
import type { Incident, RulePrecision } from './types';

export const incidentPlace = (incident: Incident, t: Translate) => {
  const name = incident.camera_name || (incident.camera === null ? t('event.site') : '');
  const others = incident.cameras.length > 1 && t('inc.cameras', { n: incident.cameras.length });
  return [name, incident.zone?.name, others].filter(Boolean).join(' · ');
};

/** For how long it has lasted; whether it goes on is told only by what is current. */
export function lasting(incident: Incident, current: boolean, now: number, t: Translate): string {
  if (incident.end !== null) return t('inc.lasted', { time: stay(lastedS(incident, now)) });
  return current ? t('inc.lasts', { time: stay(lastedS(incident, now)) }) : t('inc.lasts.unknown');
}

export function withWhom(incident: Incident, t: Translate): string {
  const { assigned, acknowledged, closed } = incident;
  if (isClosed(incident) && closed) return `${t(`incstate.${incident.state}`)} ${closed.by}`;
  if (incident.state === 'raised') return t('inc.nobody');
  if (assigned) return t('inc.with', { name: assigned.to });
  if (acknowledged) return t('inc.by', { name: acknowledged.by });
  return t(`incstate.${incident.state}`);
}

export const said = (noted: { note?: string | null; reason?: string | null } | null) =>
  noted?.note || noted?.reason || '';

export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(0)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

export function zoneName({ zone, zone_name }: RulePrecision): string {
  if (zone_name) return zone_name;
  return typeof zone === 'string' ? zone : (zone?.name ?? '');
}

/** Never "100 %" where nothing, or not everything, was right. */
export function precisionText(rule: RulePrecision, t: Translate): string {
  if (rule.precision === null) return t('precision.unknown');
  const rounded = Math.round(rule.precision * 100);
  const n = rule.false_alarms > 0 ? Math.min(99, rounded) : rounded;
  return t('precision.of', { n });
}
