// Why a rule says what it says, in one line.
import type { Ground } from '../api/types';
import { detailText } from '../events/detail-text';
import { seconds } from '../i18n/time';
import type { Translate } from '../i18n/words';

/** Places in the picture are drawn and not told. */
const DRAWN = ['box', 'thing'];

export function groundText(ground: Ground, t: Translate): string {
  const { track, verdict, reason, held_s, details = {} } = ground;
  const figures = Object.entries(details)
    .filter(([key]) => !DRAWN.includes(key))
    .map(([key, value]) => `${t(`detail.${key}`, undefined, key)} ${detailText(key, value, t)}`);
  return [
    track ? `#${track.split('/').at(-1)}` : null,
    verdict === 'unknown' && reason ? t(`rule.reason.${reason}`, undefined, reason) : null,
    held_s === undefined ? null : t('rule.held', { time: seconds(held_s, t) }),
    ...figures,
  ]
    .filter(Boolean)
    .join(' · ');
}
