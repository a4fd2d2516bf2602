// The audit as it is read page by page, and its entries in words, as pure functions.
import type { Translate } from '../i18n/words';
import type { AuditEntry } from './types';

/** Longer details are cut; the whole is in the tip of the cell. */
const DETAIL_MAX = 160;

export interface AuditList {
  entries: readonly AuditEntry[];
  /** Whether there are no older ones. */
  end: boolean;
}

export const emptyAudit: AuditList = { entries: [], end: false };

/** With the next page, of `limit` unless it is the last. */
export function append(list: AuditList, page: readonly AuditEntry[], limit: number): AuditList {
  const known = new Set(list.entries.map(({ number }) => number));
  const news = page.filter(({ number }) => !known.has(number));
  return { entries: [...list.entries, ...news], end: page.length < limit };
}

/** Before which entry the next page begins; nothing for the first. */
export const cursor = (list: AuditList) => list.entries.at(-1)?.number;

export const actionText = (action: string, t: Translate) =>
  t(`audit.do.${action}`, undefined, action);

export function whoText(who: string | null, t: Translate): string {
  if (who === null || who === '') return '–';
  return who === 'system' ? t('deed.system') : who;
}

function value(detail: unknown): string {
  if (typeof detail === 'string') return detail;
  if (Array.isArray(detail)) return detail.map(value).join(', ');
  return JSON.stringify(detail) ?? '';
}

/** As `key: value` where it has keys. */
export function detailText(detail: unknown): string {
  if (detail === null || detail === undefined) return '';
  if (typeof detail !== 'object' || Array.isArray(detail)) return value(detail);
  return Object.entries(detail)
    .map(([key, one]) => `${key}: ${value(one)}`)
    .join(' · ');
}

export function short(text: string): string {
  const letters = [...text];
  return letters.length > DETAIL_MAX ? `${letters.slice(0, DETAIL_MAX).join('')}…` : text;
}
