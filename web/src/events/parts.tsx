// Pieces of an event that the timeline, the pop-up and the history share.
import { useEffect, useState } from 'react';
import { snapshotUrl } from '../api/client';
import { type Missing, whyMissing } from '../api/evidence';
import type { SafetyEvent } from '../api/types';
import type { Lang, Translate } from '../i18n/i18n';
import { useT } from '../i18n/i18n';
import { ago } from '../i18n/time';

export function title(event: SafetyEvent, t: Translate, lang: Lang): string {
  return event.type === 'system' ? event.message[lang] : t(`event.${event.type}`);
}

/** `camera/segment/number` as people say it. */
export const trackNumber = (track: string | null) =>
  track === null ? null : `#${track.split('/').at(-1)}`;

/** The camera's name; an event of the system may be of none. */
export const cameraName = (event: SafetyEvent, t: Translate) =>
  event.camera_name || (event.camera === null ? t('event.site') : '');

/** Camera, zone and person. */
export const place = (event: SafetyEvent, t: Translate) =>
  [cameraName(event, t), event.zone?.name, trackNumber(event.track)].filter(Boolean).join(' · ');

export const where = (event: SafetyEvent, t: Translate, now = Date.now()) =>
  [place(event, t), ago(event.start, now, t)].filter(Boolean).join(' · ');

export function Severity({ event }: { event: Pick<SafetyEvent, 'severity'> }) {
  const { t } = useT();
  return (
    <span className={`sev ${event.severity.toLowerCase()}`}>{t(`severity.${event.severity}`)}</span>
  );
}

interface SnapshotProps {
  event: SafetyEvent;
  className?: string;
  clean?: boolean;
  /** It stands by itself: there is room to say more, and for a button. */
  large?: boolean;
}

/** A small picture has no room for a button: it is asked for again by itself. */
const AGAIN_MS = 15_000;

export function Snapshot(props: SnapshotProps) {
  const { event, className = '', clean = false, large = false } = props;
  const { t } = useT();
  const [missing, setMissing] = useState<Missing | 'asking' | null>(null);
  useEffect(() => {
    if (missing !== 'failed' || large) return;
    const timer = setTimeout(() => setMissing(null), AGAIN_MS);
    return () => clearTimeout(timer);
  }, [missing, large]);
  const look = large ? 'shot large' : `shot ${className}`;
  const url = snapshotUrl(event.id, clean);
  if (event.snapshot === 'stored' && !missing) {
    return (
      <img
        className={look}
        src={url}
        alt={t('event.snapshot')}
        loading="lazy"
        onError={() => {
          setMissing('asking');
          void whyMissing(url).then(setMissing);
        }}
      />
    );
  }
  if (event.snapshot === 'stored') {
    const gone = missing === 'gone';
    const text =
      missing === 'asking' ? 'common.loading' : gone ? 'evidence.gone' : 'event.snapshot.unloaded';
    return (
      <span className={`${look} none`} title={t(text)} data-testid="shot-missing">
        {t(large ? text : `${text}.short`, undefined, t(text))}
        {large && !gone && missing !== 'asking' && (
          <button type="button" onClick={() => setMissing(null)}>
            {t('common.retry')}
          </button>
        )}
      </span>
    );
  }
  const why =
    event.snapshot === 'pending'
      ? 'event.snapshot.pending'
      : event.snapshot === 'none'
        ? 'event.nosnapshot'
        : 'event.snapshot.failed';
  return <span className={`${look} none`}>{t(why)}</span>;
}
