// Who did what and when, for administrators: newest first, filtered, paged back.
import { type FormEvent, useCallback, useEffect, useId, useRef, useState } from 'react';
import type { Key } from '../i18n/i18n';
import { useT } from '../i18n/i18n';
import { clock } from '../i18n/time';
import { may, session } from '../session/session';
import { ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { useStore } from '../ui/store';
import { auditPage } from './api';
import {
  type AuditList,
  actionText,
  append,
  cursor,
  detailText,
  emptyAudit,
  short,
  whoText,
} from './list';
import { ACTIONS, type AuditEntry } from './types';

const PAGE = 50;

interface Filters {
  who: string;
  action: string;
}
const NO_FILTERS: Filters = { who: '', action: '' };

function usePages(filters: Filters) {
  const { t } = useT();
  const [list, setList] = useState<AuditList>(emptyAudit);
  const [busy, setBusy] = useState(true);
  const [error, setError] = useState<string | null>(null);
  const asked = useRef(0);
  const ask = useCallback(
    async (known: AuditList) => {
      asked.current += 1;
      const mine = asked.current;
      setBusy(true);
      setError(null);
      try {
        const { entries } = await auditPage({ ...filters, before: cursor(known), limit: PAGE });
        if (mine === asked.current) setList(append(known, entries, PAGE));
      } catch (problem) {
        if (mine === asked.current) setError(errorText(problem, t));
      } finally {
        if (mine === asked.current) setBusy(false);
      }
    },
    [filters, t],
  );
  useEffect(() => {
    // What fitted another question must not pass for the answer of this one.
    setList(emptyAudit);
    void ask(emptyAudit);
  }, [ask]);
  return { list, busy, error, more: () => void ask(list) };
}

export function AuditPage() {
  const { t } = useT();
  const { user } = useStore(session);
  return (
    <main className="page" data-testid="audit-page">
      <header className="page-head">
        <h1>{t('audit.title')}</h1>
      </header>
      {may.configure(user) ? <Audit /> : <ErrorNote text={t('role.needs.admin')} />}
    </main>
  );
}

function Audit() {
  const { t } = useT();
  const [filters, setFilters] = useState<Filters>(NO_FILTERS);
  const { list, busy, error, more } = usePages(filters);
  const { entries, end } = list;
  return (
    <>
      <FilterBar onFilter={setFilters} />
      {error && <ErrorNote text={error} />}
      {entries.length > 0 && <Table entries={entries} />}
      <div className="history-end">
        {busy ? (
          <span className="quiet">{t('common.loading')}</span>
        ) : end ? (
          <span className="quiet">{t(entries.length ? 'audit.end' : 'audit.none')}</span>
        ) : (
          <button type="button" className="big" data-testid="audit-older" onClick={more}>
            {t(error && entries.length === 0 ? 'common.retry' : 'audit.older')}
          </button>
        )}
      </div>
    </>
  );
}

/** Applied at once, not letter by letter: the server wants whole names. */
function FilterBar({ onFilter }: { onFilter: (filters: Filters) => void }) {
  const { t } = useT();
  const id = useId();
  const [typed, setTyped] = useState<Filters>(NO_FILTERS);
  const submit = (form: FormEvent) => {
    form.preventDefault();
    onFilter({ who: typed.who.trim(), action: typed.action.trim() });
  };
  const reset = () => {
    setTyped(NO_FILTERS);
    onFilter(NO_FILTERS);
  };
  return (
    <form className="filters" onSubmit={submit} data-testid="audit-filters">
      <label>
        {t('audit.who')}
        <input
          maxLength={80}
          value={typed.who}
          data-testid="audit-filter-who"
          onChange={(change) => setTyped({ ...typed, who: change.target.value })}
        />
      </label>
      <label>
        {t('audit.action')}
        <input
          list={id}
          maxLength={80}
          placeholder={t('audit.action.hint')}
          value={typed.action}
          data-testid="audit-filter-action"
          onChange={(change) => setTyped({ ...typed, action: change.target.value })}
        />
        <datalist id={id}>
          {ACTIONS.map((action) => (
            <option key={action} value={action}>
              {actionText(action, t)}
            </option>
          ))}
        </datalist>
      </label>
      <button type="submit" className="pri" data-testid="audit-filter-run">
        {t('audit.filter')}
      </button>
      <button type="button" data-testid="audit-filter-reset" onClick={reset}>
        {t('history.reset')}
      </button>
    </form>
  );
}

const COLUMNS: Key[] = [
  'history.time',
  'audit.who',
  'audit.action',
  'audit.target',
  'audit.detail',
];

function Table({ entries }: { entries: readonly AuditEntry[] }) {
  const { t, lang } = useT();
  return (
    <div className="table-box">
      <table className="history audit">
        <thead>
          <tr>
            {COLUMNS.map((key) => (
              <th key={key}>{t(key)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {entries.map(({ number, at, who, action, target, detail }) => {
            const text = detailText(detail);
            return (
              <tr key={number} data-testid="audit-row" data-number={number} data-action={action}>
                <td className="num">{clock(at, lang)}</td>
                <td>{whoText(who, t)}</td>
                <td title={action}>
                  <b>{actionText(action, t)}</b>
                </td>
                <td>{target || '–'}</td>
                <td title={text}>{short(text) || '–'}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
