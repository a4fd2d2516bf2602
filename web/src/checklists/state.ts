// How an item is shown. What is not known to hold now is never shown as done.
import type { Lang, Translate } from '../i18n/i18n';
import { when } from '../i18n/time';
import type { Checklist, Item, Run } from './types';

/** Answers older than this say nothing about now. */
export const OLD_MS = 6000;

export type Shown = 'done' | 'open' | 'violation' | 'unknown';

/** What the item's sign is, `age` milliseconds after the answer that tells it. */
export function shown(item: Item, age: number): Shown {
  if (!(age >= 0 && age <= OLD_MS)) return 'unknown';
  if (item.by === 'hand') return item.state === 'done' ? 'done' : 'open';
  if (item.standing === 'violation') return 'violation';
  if (item.standing !== 'clear' || item.state === 'unconfirmed') return 'unknown';
  return item.state === 'done' ? 'done' : 'open';
}

export const doneCount = (list: Checklist, age: number) =>
  list.items.filter((item) => shown(item, age) === 'done').length;

/** What became of a run: only of one that is over it is known that all was done. */
export function outcome(run: Pick<Run, 'ended' | 'open'>): 'all' | 'left' | 'not_over' {
  if (run.ended === null) return 'not_over';
  return run.open.length === 0 ? 'all' : 'left';
}

/** Who did it, as people say it. */
export const author = (who: string | null, t: Translate) => who ?? t('checklist.camera');

/** What is said below an item. */
export function line(item: Item, age: number, t: Translate, lang: Lang, now = new Date()): string {
  const how = shown(item, age);
  if (!(age >= 0 && age <= OLD_MS)) return t('checklist.old');
  const { last } = item;
  const who = last && {
    who: author(last.who, t),
    time: when(last.at, lang, now),
  };
  const parts: string[] = [];
  if (how === 'done' && who) parts.push(t('checklist.done.by', who));
  if (how === 'violation') parts.push(t('checklist.violation'));
  if (how === 'unknown') {
    const reason = item.reason ?? '';
    const why = t(
      `checklist.reason.${reason}`,
      undefined,
      t(`rule.reason.${reason}`, undefined, ''),
    );
    parts.push(
      item.standing === 'clear'
        ? t('checklist.confirming', counted(item))
        : [t('checklist.unknown'), why].filter(Boolean).join(' · '),
    );
    if (item.state === 'unconfirmed' && item.unconfirmed_since) {
      parts.push(t('checklist.since', { time: when(item.unconfirmed_since, lang, now) }));
    }
  }
  if (how === 'open' && item.by === 'rule') parts.push(t('checklist.counting', counted(item)));
  if (how === 'open' && item.by === 'hand') {
    parts.push(who ? t('checklist.undone.by', who) : t('checklist.open'));
  }
  if (how === 'violation' && who) parts.push(t('checklist.undone.by', who));
  if (last?.note) parts.push(last.note);
  return parts.join(' · ');
}

const counted = (item: Item) => ({
  n: Math.min(item.clear_s ?? 0, item.clear_for_s ?? 0),
  m: item.clear_for_s ?? 0,
});

/** `07:30, 19:00` as times; null for what is none. */
export function parseShifts(text: string): string[] | null {
  const parts = text
    .split(/[\s,]+/)
    .map((part) => part.trim())
    .filter(Boolean);
  return parts.every((part) => /^([01]\d|2[0-3]):[0-5]\d$/.test(part)) ? parts : null;
}
