// Earlier runs of a checklist: what was open at their end, and who or what ticked when.
import { useCallback, useEffect, useState } from 'react';
import { useT } from '../i18n/i18n';
import { clock, when } from '../i18n/time';
import { Dialog, ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { checklistApi } from './api';
import { author, outcome } from './state';
import type { Checklist, Run } from './types';

export function HistoryDialog({ list, onClose }: { list: Checklist; onClose: () => void }) {
  const { t, lang } = useT();
  const [runs, setRuns] = useState<Run[] | null>(null);
  const [more, setMore] = useState(true);
  const [busy, setBusy] = useState(true);
  const [error, setError] = useState<string | null>(null);
  const load = useCallback(
    async (before?: number) => {
      setBusy(true);
      setError(null);
      try {
        const page = await checklistApi.history(list.id, before);
        setRuns((known) => (before === undefined ? page : [...(known ?? []), ...page]));
        setMore(page.length === 20);
      } catch (problem) {
        setError(errorText(problem, t));
      } finally {
        setBusy(false);
      }
    },
    [list.id, t],
  );
  useEffect(() => void load(), [load]);
  return (
    <Dialog title={`${list.name[lang]} · ${t('checklist.history')}`} onClose={onClose} wide>
      {error && <ErrorNote text={error} />}
      {runs === null && !error && <p className="quiet">{t('common.loading')}</p>}
      <ul className="runs">
        {runs?.map((run) => (
          <RunRow key={run.number} run={run} />
        ))}
      </ul>
      {(runs || error) && more && (
        <button type="button" disabled={busy} onClick={() => void load(runs?.at(-1)?.number)}>
          {t(runs ? 'checklist.history.more' : 'common.retry')}
        </button>
      )}
    </Dialog>
  );
}

function RunRow({ run }: { run: Run }) {
  const { t, lang } = useT();
  const name = (id: string) => run.items.find((item) => item.id === id)?.text[lang] ?? id;
  const how = run.ended_by
    ? t(`checklist.ended.${run.ended_by}`, { who: run.who ?? '' })
    : t('checklist.ended.not');
  const end = outcome(run);
  return (
    <li className="run" data-testid="checklist-run">
      <div className="row wrap">
        <b>
          {clock(run.started, lang)}
          {run.ended && ` – ${clock(run.ended, lang)}`}
        </b>
        <span className="chip">{how}</span>
        {end === 'all' ? (
          <span className="chip good">✓ {t('checklist.all')}</span>
        ) : (
          <span className={`chip ${end === 'left' ? 'bad' : ''}`} data-outcome={end}>
            {t('checklist.left', { n: run.open.length })}
          </span>
        )}
      </div>
      {run.note && <p className="quiet">{run.note}</p>}
      {run.open.length > 0 && (
        <p>
          <small>
            {t('checklist.left.which')}: {run.open.map(name).join(', ')}
          </small>
        </p>
      )}
      {run.deeds.length > 0 && (
        <details>
          <summary>{t('checklist.deeds', { n: run.deeds.length + run.untold })}</summary>
          {run.untold > 0 && <small>{t('checklist.untold', { n: run.untold })}</small>}
          <ul>
            {run.deeds.map((deed, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: deeds never change their place
              <li key={index}>
                <small>
                  {when(deed.at, lang)} · {name(deed.item)} · {t(`checklist.deed.${deed.deed}`)} ·{' '}
                  {author(deed.who, t)}
                  {deed.note && ` · ${deed.note}`}
                </small>
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}
