// One event in full: the picture that proves it, with or without the judgement drawn on it.
import { type ReactNode, useState } from 'react';
import type { SafetyEvent } from '../api/types';
import { cameras } from '../cameras/cameras';
import { useT } from '../i18n/i18n';
import { clock } from '../i18n/time';
import { MutedLine } from '../incidents/mute-parts';
import { may, session } from '../session/session';
import { Dialog } from '../ui/dialog';
import { address } from '../ui/route';
import { useStore } from '../ui/store';
import { detailText } from './detail-text';
import { isMuted, isWaiting } from './list';
import { cameraName, Severity, Snapshot, title, trackNumber } from './parts';

export function EventDetail({ event, onClose }: { event: SafetyEvent; onClose: () => void }) {
  const { t, lang } = useT();
  const [clean, setClean] = useState(false);
  const { user } = useStore(session);
  const list = useStore(cameras.list);
  const version = event.config_version;
  const isThere = list?.some((camera) => camera.id === event.camera);
  const config =
    event.camera && isThere && may.configure(user) ? (
      <a
        data-testid="event-version"
        href={address({ page: 'zones', camera: event.camera, version })}
        onClick={onClose}
      >
        {t('versions.number', { n: version })}
      </a>
    ) : (
      String(version)
    );
  const rows: [string, ReactNode][] = [
    [t('detail.message'), event.message[lang]],
    [t('history.camera'), cameraName(event, t)],
    [t('history.zone'), event.zone?.name ?? null],
    [t('history.track'), event.track && `${trackNumber(event.track)} (${event.track})`],
    [t('detail.start'), clock(event.start, lang)],
    [t('detail.end'), event.end ? clock(event.end, lang) : t('event.ongoing')],
    [
      t('detail.acknowledged'),
      event.acknowledged
        ? `${event.acknowledged.by} · ${clock(event.acknowledged.at, lang)}`
        : isWaiting(event)
          ? t('event.unacknowledged')
          : null,
    ],
    [t('detail.muted'), isMuted(event) && <MutedLine key="muted" event={event} />],
    [t('detail.reason'), event.acknowledged?.reason || null],
    [t('detail.config'), config],
    ...Object.entries(event.details).map(([key, value]): [string, string] => [
      t(`detail.${key}`, undefined, key),
      detailText(key, value, t),
    ]),
  ];
  return (
    <Dialog title={title(event, t, lang)} onClose={onClose} wide>
      <div className="detail">
        <figure>
          <Snapshot key={String(clean)} event={event} clean={clean} large />
          {event.snapshot === 'stored' && (
            <fieldset className="seg">
              <button type="button" aria-pressed={!clean} onClick={() => setClean(false)}>
                {t('detail.boxes')}
              </button>
              <button type="button" aria-pressed={clean} onClick={() => setClean(true)}>
                {t('detail.clean')}
              </button>
            </fieldset>
          )}
        </figure>
        <dl>
          <dt>{t('history.severity')}</dt>
          <dd>
            <Severity event={event} />
          </dd>
          {rows.map(
            ([name, value]) =>
              value && (
                <div key={name} className="pair">
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ),
          )}
        </dl>
      </div>
    </Dialog>
  );
}
