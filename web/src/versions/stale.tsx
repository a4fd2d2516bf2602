// Somebody else was faster: who changed what, and what may become of the own change.
import { useEffect, useState } from 'react';
import { api } from '../api/client';
import { ApiError } from '../api/http';
import type { Version } from '../api/types';
import { useT } from '../i18n/i18n';
import { clock } from '../i18n/time';
import { Icon } from '../ui/icons';
import { authorName, describe, summary } from './words';

/** Versions shown at once. */
const SHOWN_MAX = 5;

/** Whether a change was refused because it is based on an older state. */
export const isStale = (error: unknown): error is ApiError =>
  error instanceof ApiError && error.status === 412;

interface StaleProps {
  camera: string;
  /** What the own change is based on. */
  basedOn: number;
  onLoad: () => void;
  /** Saves all the same; not where there is nothing left to save to. */
  onMine?: (() => void) | undefined;
}

export function StaleNote({ camera, basedOn, onLoad, onMine }: StaleProps) {
  const { t, lang } = useT();
  const [versions, setVersions] = useState<Version[]>([]);
  useEffect(() => {
    let gone = false;
    api.versions(camera).then(
      (list) => !gone && setVersions(list.filter((other) => other.version > basedOn)),
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, [camera, basedOn]);
  return (
    <section className="stale-note" role="alert" data-testid="stale">
      <p>
        <Icon name="alarm" size={16} /> <b>{t('stale.title')}</b>
      </p>
      <ul>
        {versions.slice(0, SHOWN_MAX).map((version) => (
          <li key={version.version}>
            <small>
              {t('stale.who', {
                who: authorName(version.by, t),
                time: clock(version.at, lang),
              })}
            </small>
            {version.action === 'changed' && version.changes.length > 0
              ? version.changes.map((change) => (
                  <span key={change.path.join('/')}>{describe(change, t)}</span>
                ))
              : summary(version, t)}
          </li>
        ))}
      </ul>
      {versions.length > SHOWN_MAX && (
        <p>{t('versions.rest', { n: versions.length - SHOWN_MAX })}</p>
      )}
      <div className="row wrap">
        <button type="button" className="pri" data-testid="stale-load" onClick={onLoad}>
          {t('stale.load')}
        </button>
        {onMine && (
          <button type="button" data-testid="stale-mine" onClick={onMine}>
            {t('stale.mine')}
          </button>
        )}
      </div>
      <small>{t('stale.load.note')}</small>
    </section>
  );
}
