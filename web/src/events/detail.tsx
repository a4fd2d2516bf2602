// One event in full: the picture that proves it, with or without the judgement drawn on it.
import { useState } from 'react';
import type { SafetyEvent } from '../api/types';
import { useT } from '../i18n/i18n';
import { clock } from '../i18n/time';
import { Dialog } from '../ui/dialog';
import { cameraName, Severity, Snapshot, title, trackNumber } from './parts';

const figure = (value: unknown) =>
  typeof value === 'number'
    ? String(Math.round(value * 100) / 100)
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);

export function EventDetail({ event, onClose }: { event: SafetyEvent; onClose: () => void }) {
  const { t, lang } = useT();
  const [clean, setClean] = useState(false);
  const rows: [string, string | null][] = [
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
        : event.severity === 'INFO'
          ? null
          : t('event.unacknowledged'),
    ],
    [t('detail.reason'), event.acknowledged?.reason || null],
    [t('detail.config'), String(event.config_version)],
    ...Object.entries(event.details).map(([key, value]): [string, string] => [
      t(`detail.${key}`, undefined, key),
      figure(value),
    ]),
  ];
  return (
    <Dialog title={title(event, t, lang)} onClose={onClose} wide>
      <div className="detail">
        <figure>
          <Snapshot key={String(clean)} event={event} clean={clean} className="large" />
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
