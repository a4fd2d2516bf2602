// Past events: filtered, paged back, each with the picture that proves it.
import { useCallback, useEffect, useRef, useState } from 'react';
import { api, type EventQuery } from '../api/client';
import { EVENT_TYPES, type SafetyEvent } from '../api/types';
import { cameras } from '../cameras/cameras';
import type { Key } from '../i18n/i18n';
import { useT } from '../i18n/i18n';
import { clock } from '../i18n/time';
import { ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { useStore } from '../ui/store';
import { EventDetail } from './detail';
import { isWaiting } from './list';
import { cameraName, Severity, Snapshot, title, trackNumber } from './parts';

const PAGE = 50;

type Filters = Required<
  Pick<EventQuery, 'camera' | 'type' | 'severity' | 'acknowledged' | 'from' | 'to'>
>;
const NO_FILTERS: Filters = {
  camera: '',
  type: '',
  severity: '',
  acknowledged: '',
  from: '',
  to: '',
};

/** The browser's own field gives local time without a zone; the server wants UTC. */
const utc = (local: string) => (local ? new Date(local).toISOString() : '');

function usePages(filters: Filters) {
  const { t } = useT();
  const [list, setList] = useState<SafetyEvent[]>([]);
  const [end, setEnd] = useState(false);
  const [busy, setBusy] = useState(true);
  const [error, setError] = useState<string | null>(null);
  const asked = useRef(0);

  const ask = useCallback(
    async (before: number | undefined) => {
      asked.current += 1;
      const mine = asked.current;
      setBusy(true);
      setError(null);
      try {
        const query = { ...filters, from: utc(filters.from), to: utc(filters.to) };
        const page = await api.events({ ...query, before, limit: PAGE });
        if (mine !== asked.current) return;
        setList((old) => (before === undefined ? page.events : [...old, ...page.events]));
        setEnd(page.events.length < PAGE);
      } catch (problem) {
        if (mine === asked.current) setError(errorText(problem, t));
      } finally {
        if (mine === asked.current) setBusy(false);
      }
    },
    [filters, t],
  );
  useEffect(() => void ask(undefined), [ask]);

  const oldest = list.reduce((least, event) => Math.min(least, event.seq ?? least), Infinity);
  const more = () => void ask(Number.isFinite(oldest) ? oldest : undefined);
  return { list, end, busy, error, more };
}

export function HistoryPage() {
  const { t } = useT();
  const [filters, setFilters] = useState<Filters>(NO_FILTERS);
  const [open, setOpen] = useState<SafetyEvent | null>(null);
  const { list, end, busy, error, more } = usePages(filters);
  return (
    <main className="page">
      <header className="page-head">
        <h1>{t('history.title')}</h1>
        <span className="quiet">{t('history.count', { n: list.length })}</span>
      </header>
      <FilterBar filters={filters} onChange={setFilters} />
      {error && <ErrorNote text={error} />}
      <Table list={list} onOpen={setOpen} />
      <div className="history-end">
        {busy ? (
          <span className="quiet">{t('common.loading')}</span>
        ) : end ? (
          <span className="quiet">{t(list.length ? 'history.end' : 'history.none')}</span>
        ) : (
          <button type="button" className="big" data-testid="history-older" onClick={more}>
            {t('history.older')}
          </button>
        )}
      </div>
      {open && <EventDetail event={open} onClose={() => setOpen(null)} />}
    </main>
  );
}

function FilterBar({
  filters,
  onChange,
}: {
  filters: Filters;
  onChange: (filters: Filters) => void;
}) {
  const { t } = useT();
  const list = useStore(cameras.list) ?? [];
  const set = (key: keyof Filters) => (value: string) => onChange({ ...filters, [key]: value });
  const select = (key: keyof Filters, options: [string, string][]) => (
    <Select name={key} value={filters[key]} options={options} onChange={set(key)} />
  );
  return (
    <form className="filters" onSubmit={(event) => event.preventDefault()}>
      {select(
        'camera',
        list.map((camera) => [camera.id, camera.name]),
      )}
      {select(
        'type',
        EVENT_TYPES.map((type) => [type, t(`event.${type}`)]),
      )}
      {select(
        'severity',
        ['CRITICAL', 'WARNING', 'INFO'].map((level) => [level, t(`severity.${level}`)]),
      )}
      {select('acknowledged', [
        ['false', t('history.acknowledged.no')],
        ['true', t('history.acknowledged.yes')],
      ])}
      {(['from', 'to'] as const).map((key) => (
        <label key={key}>
          {t(`history.${key}`)}
          <input
            type="datetime-local"
            step={1}
            value={filters[key]}
            data-testid={`filter-${key}`}
            onChange={(event) => set(key)(event.target.value)}
          />
        </label>
      ))}
      <button type="button" onClick={() => onChange(NO_FILTERS)}>
        {t('history.reset')}
      </button>
    </form>
  );
}

interface SelectProps {
  name: 'camera' | 'type' | 'severity' | 'acknowledged' | 'from' | 'to';
  value: string;
  options: [string, string][];
  onChange: (value: string) => void;
}

function Select({ name, value, options, onChange }: SelectProps) {
  const { t } = useT();
  return (
    <label>
      {t(`history.${name}`)}
      <select
        value={value}
        data-testid={`filter-${name}`}
        onChange={(event) => onChange(event.target.value)}
      >
        <option value="">{t('common.all')}</option>
        {options.map(([id, text]) => (
          <option key={id} value={id}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

const COLUMNS: Key[] = [
  'history.time',
  'history.severity',
  'history.type',
  'history.camera',
  'history.zone',
  'history.track',
  'history.acknowledged',
];

function Table({ list, onOpen }: { list: SafetyEvent[]; onOpen: (event: SafetyEvent) => void }) {
  const { t, lang } = useT();
  if (!list.length) return null;
  return (
    <div className="table-box">
      <table className="history">
        <thead>
          <tr>
            <th>{t('event.snapshot')}</th>
            {COLUMNS.map((key) => (
              <th key={key}>{t(key)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {list.map((event) => (
            <tr key={event.id} data-testid="history-row" data-event-id={event.id}>
              <td>
                <button
                  type="button"
                  className="event-open"
                  aria-label={`${title(event, t, lang)}: ${t('detail.details')}`}
                  onClick={() => onOpen(event)}
                >
                  <Snapshot event={event} />
                </button>
              </td>
              <td className="num">{clock(event.start, lang)}</td>
              <td>
                <Severity event={event} />
              </td>
              <td>
                <b>{title(event, t, lang)}</b>
              </td>
              <td>{cameraName(event, t) || '–'}</td>
              <td>{event.zone?.name ?? '–'}</td>
              <td className="num">{trackNumber(event.track) ?? '–'}</td>
              <td>
                {event.acknowledged ? (
                  `✓ ${event.acknowledged.by}`
                ) : isWaiting(event) ? (
                  <b className="waits">{t('event.unacknowledged')}</b>
                ) : (
                  '–'
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
