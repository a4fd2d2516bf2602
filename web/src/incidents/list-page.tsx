// Incidents past and present: filtered, paged back, with how often each rule was right.
import { useCallback, useEffect, useRef, useState } from 'react';
import { EVENT_TYPES } from '../api/types';
import { cameras } from '../cameras/cameras';
import { Severity } from '../events/parts';
import type { Key } from '../i18n/i18n';
import { useT } from '../i18n/i18n';
import { clock } from '../i18n/time';
import { may, session } from '../session/session';
import { ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { LATEST, utc } from '../ui/local-time';
import { address } from '../ui/route';
import { useStore } from '../ui/store';
import { type IncidentQuery, incidentApi } from './api';
import { incidents } from './incidents';
import { arrived, newest } from './list';
import { PrecisionTable } from './precision';
import { INCIDENT_STATES, type ListedIncident } from './types';
import { Unreadable } from './unreadable';
import { useCurrent } from './use';
import { incidentPlace, lasting, withWhom } from './words';

const PAGE = 50;
type Name = 'open' | 'state' | 'camera' | 'type' | 'severity' | 'from' | 'to';
type Filters = Record<Name, string>;
const NO_FILTERS: Filters = {
  open: '',
  state: '',
  camera: '',
  type: '',
  severity: '',
  from: '',
  to: '',
};
const LABELS: Record<Name, Key> = {
  open: 'incidents.open',
  state: 'inc.state',
  camera: 'history.camera',
  type: 'history.type',
  severity: 'history.severity',
  from: 'history.from',
  to: 'history.to',
};

function usePages(filters: Filters) {
  const { t } = useT();
  const [list, setList] = useState<ListedIncident[]>([]);
  const [unreadable, setUnreadable] = useState(0);
  const [end, setEnd] = useState(false);
  const [busy, setBusy] = useState(true);
  const [error, setError] = useState<string | null>(null);
  const asked = useRef(0);
  // Those that were open when the first page was asked for; null while that is not known.
  const known = useRef<ReadonlySet<string> | null>(null);
  const pushed = useStore(incidents.list);
  const ask = useCallback(
    async (before: number | undefined) => {
      asked.current += 1;
      const mine = asked.current;
      setBusy(true);
      setError(null);
      if (before === undefined) known.current = openNow();
      try {
        const query: IncidentQuery = {
          ...filters,
          from: utc(filters.from),
          to: utc(filters.to),
          before,
          limit: PAGE,
        };
        const page = await incidentApi.list(query);
        if (mine !== asked.current) return;
        setList((old) => (before === undefined ? page.incidents : [...old, ...page.incidents]));
        const damaged = page.unreadable?.length ?? 0;
        setUnreadable((old) => (before === undefined ? damaged : old + damaged));
        setEnd(page.incidents.length < PAGE);
      } catch (problem) {
        if (mine !== asked.current) return;
        setError(errorText(problem, t));
        // What could not be read again says nothing about now.
        if (before === undefined) setList([]);
      } finally {
        if (mine === asked.current) setBusy(false);
      }
    },
    [filters, t],
  );
  useEffect(() => {
    // What fitted another question must not pass for the answer of this one.
    setList([]);
    setUnreadable(0);
    setEnd(false);
    void ask(undefined);
  }, [ask]);
  const current = useCurrent();
  const was = useRef(current);
  useEffect(() => {
    if (current && !was.current) void ask(undefined);
    was.current = current;
  }, [current, ask]);
  known.current ??= openNow();
  const news = busy || !known.current ? 0 : arrived(pushed, known.current, list, filters);
  const last = list.at(-1)?.number;
  return {
    list,
    unreadable,
    end,
    busy,
    error,
    news,
    more: () => void ask(last),
    again: () => void ask(undefined),
    current,
  };
}

function openNow(): ReadonlySet<string> | null {
  const { read, byId } = incidents.list.get();
  return read ? new Set(Object.keys(byId)) : null;
}

export function IncidentsPage() {
  const { t } = useT();
  const { user } = useStore(session);
  const [filters, setFilters] = useState<Filters>(NO_FILTERS);
  const { list, unreadable, end, busy, error, news, more, again, current } = usePages(filters);
  return (
    <main className="page" data-testid="incidents-page">
      <header className="page-head">
        <h1>{t('incidents.title')}</h1>
        {list.length > 0 && <span className="quiet">{t('history.count', { n: list.length })}</span>}
        <span className="spacer" />
        {may.configure(user) && (
          <>
            <a className="button" href="#/audit" data-testid="nav-audit">
              {t('audit.title')}
            </a>
            <a className="button" href="#/settings" data-testid="nav-settings">
              {t('incidents.settings')}
            </a>
          </>
        )}
      </header>
      <FilterBar filters={filters} onChange={setFilters} />
      {error && <ErrorNote text={error} />}
      {!current && list.length > 0 && (
        <p className="warn-note" role="status">
          {t('inc.stale')}
        </p>
      )}
      <Unreadable n={unreadable} />
      {news > 0 && (
        <button type="button" className="big news" data-testid="incidents-news" onClick={again}>
          {t('incidents.news', { n: news })}
        </button>
      )}
      <Table list={list} current={current} />
      <div className="history-end">
        {busy ? (
          <span className="quiet">{t('common.loading')}</span>
        ) : end ? (
          <span className="quiet">{t(list.length ? 'incidents.end' : 'incidents.none')}</span>
        ) : (
          <button type="button" className="big" data-testid="incidents-older" onClick={more}>
            {t(list.length ? 'incidents.older' : 'common.retry')}
          </button>
        )}
      </div>
      <PrecisionTable from={utc(filters.from)} to={utc(filters.to)} />
    </main>
  );
}

interface FilterBarProps {
  filters: Filters;
  onChange: (filters: Filters) => void;
}

function FilterBar({ filters, onChange }: FilterBarProps) {
  const { t } = useT();
  const list = useStore(cameras.list) ?? [];
  const set = (name: Name, value: string) => onChange({ ...filters, [name]: value });
  const options: [Name, [string, string][]][] = [
    ['open', ['true', 'false'].map((open) => [open, t(`incidents.open.${open}`)])],
    ['state', INCIDENT_STATES.map((state) => [state, t(`incstate.${state}`)])],
    ['camera', list.map((camera) => [camera.id, camera.name])],
    ['type', EVENT_TYPES.map((type) => [type, t(`event.${type}`)])],
    ['severity', ['CRITICAL', 'WARNING'].map((level) => [level, t(`severity.${level}`)])],
  ];
  return (
    <form className="filters" onSubmit={(event) => event.preventDefault()}>
      {options.map(([name, values]) => (
        <label key={name}>
          {t(LABELS[name])}
          <select
            value={filters[name]}
            data-testid={`incident-filter-${name}`}
            onChange={(event) => set(name, event.target.value)}
          >
            <option value="">{t('common.all')}</option>
            {values.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
      ))}
      {(['from', 'to'] as const).map((name) => (
        <label key={name}>
          {t(LABELS[name])}
          <input
            type="datetime-local"
            step={1}
            max={LATEST}
            value={filters[name]}
            data-testid={`incident-filter-${name}`}
            onChange={(event) => set(name, event.target.value)}
          />
        </label>
      ))}
      <button type="button" onClick={() => onChange(NO_FILTERS)}>
        {t('history.reset')}
      </button>
    </form>
  );
}

const COLUMNS: Key[] = [
  'inc.number',
  'inc.begun',
  'inc.state',
  'history.severity',
  'history.type',
  'inc.place',
  'inc.duration',
  'inc.person',
  'inc.count',
  'inc.who',
];

function Table({ list, current }: { list: ListedIncident[]; current: boolean }) {
  const { t, lang } = useT();
  const pushed = useStore(incidents.list);
  if (!list.length) return null;
  return (
    <div className={`table-box ${current ? '' : 'not-current'}`}>
      <table className="history">
        <thead>
          <tr>
            {COLUMNS.map((key) => (
              <th key={key}>{t(key)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {list
            .map((one) => newest(pushed, one))
            .map((incident) => (
              <tr key={incident.id} data-testid="incident-row" data-incident={incident.id}>
                <td className="num">{incident.number}</td>
                <td className="num">{clock(incident.start, lang)}</td>
                <td>
                  <span className={`inc-state ${incident.state}`}>
                    {t(`incstate.${incident.state}`)}
                  </span>
                </td>
                <td>
                  <Severity event={incident} />
                </td>
                <td>
                  <a href={address({ page: 'incident', id: incident.id })}>
                    <b>{t(`event.${incident.type}`)}</b>
                  </a>
                </td>
                <td>{incidentPlace(incident, t)}</td>
                <td className="num">{lasting(incident, current, Date.now(), t)}</td>
                <td className="num">{incident.people_peak || '–'}</td>
                <td className="num">{incident.events}</td>
                <td>{withWhom(incident, t)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}
