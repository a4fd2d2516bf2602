// What an event or a verdict rests on, in words; what is not known stays as it is.
import type { Translate } from '../i18n/words';
import { clipText } from '../incidents/clip';

const number = (value: number) => String(Math.round(value * 100) / 100);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function votesText(value: unknown, t: Translate): string | null {
  if (!isRecord(value)) return null;
  const { present, missing, coverage } = value;
  if (typeof present !== 'number' || typeof missing !== 'number') return null;
  const part = typeof coverage === 'number' ? Math.round(coverage * 100) : 0;
  return t('votes.line', { present: number(present), missing: number(missing), coverage: part });
}

export function detailText(key: string, value: unknown, t: Translate): string {
  if (typeof value === 'number') return number(value);
  if (typeof value === 'string') {
    if (key === 'class') return t(`class.${value}`, undefined, value);
    if (key === 'direction') return t(`direction.${value}`, undefined, value);
    if (key === 'end_reason') return t(`reason.end.${value}`, undefined, value);
    if (key === 'rule') return t(`rule.${value}`, undefined, value);
    return value;
  }
  if (key === 'clip' && isRecord(value)) return clipText(value, t);
  if (key === 'votes') return votesText(value, t) ?? JSON.stringify(value);
  if (Array.isArray(value) && value.every((part) => typeof part === 'number'))
    return value.map((part) => String(Math.round(part))).join(', ');
  return JSON.stringify(value);
}
