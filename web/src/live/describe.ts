// What the label of a box says, from what is known of the person on that very picture.
import { type Box, EQUIPMENT, type LiveHeader, type Worns } from '../api/types';
import type { Translate } from '../i18n/i18n';
import { seconds } from '../i18n/time';

/** Seconds a person has been in zones, by track: the longest stay where there are several. */
export function stays(header: LiveHeader): Map<string, number> {
  const out = new Map<string, number>();
  for (const zone of header.zones) {
    for (const person of zone.people ?? []) {
      out.set(person.track, Math.max(person.since_s, out.get(person.track) ?? 0));
    }
  }
  return out;
}

export const missing = (worn: Worns | null | undefined) =>
  EQUIPMENT.filter((item) => worn?.[item] === 'missing');

export function boxLabel(box: Box, stay: number | undefined, t: Translate): string | null {
  if (box.track === null) {
    return box.class.startsWith('no_') || box.class in { helmet: 1, vest: 1, mask: 1, person: 1 }
      ? null
      : t(`class.${box.class}`, {}, box.class.replaceAll('_', ' '));
  }
  const parts: string[] = [];
  const lacks = missing(box.equipment);
  if (lacks.length) {
    parts.push(t('worn.missing.of', { items: lacks.map((item) => t(`item.${item}`)).join('·') }));
  } else {
    const known = EQUIPMENT.map((item) => box.equipment?.[item]).filter(Boolean);
    if (box.level === 'ok' && known.length && known.every((worn) => worn === 'present')) {
      parts.push(t('worn.all'));
    } else if (box.level !== 'ok') parts.push(t(`level.${box.level}`));
  }
  if (stay !== undefined) parts.push(seconds(stay, t));
  return [`#${box.number ?? '?'}`, parts.join(' · ')].filter(Boolean).join(' ');
}
