// Pieces of an event that the timeline, the pop-up and the history share.
import { useState } from 'react';
import { snapshotUrl } from '../api/client';
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
}

export function Snapshot({ event, className = '', clean = false }: SnapshotProps) {
  const { t } = useT();
  const [failed, setFailed] = useState(false);
  if (event.snapshot === 'stored' && !failed) {
    return (
      <img
        className={`shot ${className}`}
        src={snapshotUrl(event.id, clean)}
        alt={t('event.snapshot')}
        loading="lazy"
        onError={() => setFailed(true)}
      />
    );
  }
  const why =
    event.snapshot === 'pending'
      ? 'event.snapshot.pending'
      : event.snapshot === 'none'
        ? 'event.nosnapshot'
        : 'event.snapshot.failed';
  return <span className={`shot none ${className}`}>{t(why)}</span>;
}
