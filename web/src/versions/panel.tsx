// The history of a camera's settings: who changed what when, and the way back.
import { useEffect, useState } from 'react';
import { api } from '../api/client';
import type { Version } from '../api/types';
import { useT } from '../i18n/i18n';
import { clock } from '../i18n/time';
import { ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { authorName, describe, summary } from './words';

interface PanelProps {
  camera: string;
  /** The newest version that is known: with a newer one the list is read again. */
  newest: number;
  /** One to begin with, as the link of an event names it. */
  at?: number | undefined;
  onRestore: (version: Version) => void;
}

export function VersionsPanel({ camera, newest, at, onRestore }: PanelProps) {
  const { t } = useT();
  const [open, setOpen] = useState(at !== undefined);
  useEffect(() => {
    if (at !== undefined) setOpen(true);
  }, [at]);
  return (
    <section className="panel versions" data-testid="versions">
      <h2>{t('versions.title')}</h2>
      <button
        type="button"
        className="wide"
        aria-expanded={open}
        data-testid="versions-toggle"
        onClick={() => setOpen(!open)}
      >
        {t(open ? 'versions.hide' : 'versions.show')}
      </button>
      {open && <VersionList camera={camera} newest={newest} at={at} onRestore={onRestore} />}
    </section>
  );
}

function VersionList({ camera, newest, at, onRestore }: PanelProps) {
  const { t } = useT();
  const [versions, setVersions] = useState<Version[] | null>(null);
  const [judged, setJudged] = useState<Version | null>(null);
  const [ended, setEnded] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const oldest = versions?.at(-1)?.version ?? 0;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a newer version makes the list old
  useEffect(() => {
    let gone = false;
    api.versions(camera).then(
      (list) => {
        if (gone) return;
        setVersions(list);
        setEnded(false);
      },
      (problem) => !gone && setError(t('versions.failed', { why: errorText(problem, t) })),
    );
    return () => {
      gone = true;
    };
  }, [camera, newest, t]);
  useEffect(() => {
    let gone = false;
    setJudged(null);
    setError(null);
    if (at === undefined) return;
    api.version(camera, at).then(
      (version) => !gone && setJudged(version),
      () => !gone && setError(t('versions.gone', { n: at })),
    );
    return () => {
      gone = true;
    };
  }, [camera, at, t]);
  const more = async () => {
    try {
      const older = await api.versions(camera, oldest);
      setVersions((list) => [...(list ?? []), ...older]);
      setEnded(older.length === 0);
    } catch (problem) {
      setError(t('versions.failed', { why: errorText(problem, t) }));
    }
  };
  if (!versions && !error) return <p className="quiet">{t('common.loading')}</p>;
  return (
    <>
      {error && <ErrorNote text={error} />}
      <ol className="version-list">
        {judged && (
          <VersionRow
            key={`judged-${judged.version}`}
            version={judged}
            note={t('versions.judged')}
            open
            onRestore={judged.version === newest ? undefined : onRestore}
          />
        )}
        {versions?.map((version) => (
          <VersionRow
            key={version.version}
            version={version}
            note={version.version === newest ? t('versions.now') : null}
            onRestore={version.version === newest ? undefined : onRestore}
          />
        ))}
      </ol>
      {oldest > 1 && !ended && (
        <button type="button" className="wide" onClick={() => void more()}>
          {t('versions.more')}
        </button>
      )}
    </>
  );
}

interface RowProps {
  version: Version;
  note: string | null;
  open?: boolean;
  onRestore?: ((version: Version) => void) | undefined;
}

function VersionRow({ version, note, open, onRestore }: RowProps) {
  const { t, lang } = useT();
  const rest = version.change_count - version.changes.length;
  return (
    <li data-testid="version" data-version={version.version}>
      <details open={open}>
        <summary>
          <b>{summary(version, t)}</b>
          <small>
            {clock(version.at, lang)} · {authorName(version.by, t)} ·{' '}
            {t('versions.number', { n: version.version })}
            {note && ` · ${note}`}
          </small>
        </summary>
        <ul>
          {version.changes.map((change) => (
            <li key={change.path.join('/')}>{describe(change, t)}</li>
          ))}
          {rest > 0 && <li>{t('versions.rest', { n: rest })}</li>}
          {version.change_count === 0 && version.action === 'changed' && (
            <li>{t('versions.same')}</li>
          )}
        </ul>
        {onRestore && version.action !== 'deleted' && (
          <button type="button" data-testid="version-restore" onClick={() => onRestore(version)}>
            {t('versions.restore')}
          </button>
        )}
      </details>
    </li>
  );
}
