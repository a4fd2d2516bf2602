// Past events: filtered, page by page, each with the picture that proves it; and as files.
import { useCallback, useEffect, useRef, useState } from 'react';
import { api, type EventQuery, exportUrl } from '../api/client';
import { EVENT_TYPES, type SafetyEvent } from '../api/types';
import { cameras } from '../cameras/cameras';
import type { Key } from '../i18n/i18n';
import { useT } from '../i18n/i18n';
import { clock } from '../i18n/time';
import { MutedLine } from '../incidents/mute-parts';
import { may, session } from '../session/session';
import { ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { LATEST, utc } from '../ui/local-time';
import { useStore } from '../ui/store';
import { deletedCameras, type Seen, seeing } from './deleted';
import { EventDetail } from './detail';
import { isMuted, isWaiting } from './list';
import { Many } from './many';
import { cameraName, Severity, Snapshot, title, trackNumber } from './parts';

const SIZES = [50, 100, 200] as const;

interface Filters {
  camera: string[];
  zone: string[];
  type: string[];
  severity: string[];
  acknowledged: string;
  from: string;
  to: string;
}
const NO_FILTERS: Filters = {
  camera: [],
  zone: [],
  type: [],
  severity: [],
  acknowledged: '',
  from: '',
  to: '',
};

const toQuery = (filters: Filters): EventQuery => ({
  camera: filters.camera.join(','),
  zone: filters.zone.join(','),
  type: filters.type.join(','),
  severity: filters.severity.join(','),
  acknowledged: filters.acknowledged,
  from: utc(filters.from),
  to: utc(filters.to),
});

/** Pages by cursor: an event that changes meanwhile neither moves nor comes twice. */
function usePages(filters: Filters, size: number) {
  const { t } = useT();
  const [list, setList] = useState<SafetyEvent[]>([]);
  /** Before which event each page begins; the last one is shown. */
  const [before, setBefore] = useState<(number | undefined)[]>([undefined]);
  const [busy, setBusy] = useState(true);
  const [error, setError] = useState<string | null>(null);
  const asked = useRef(0);

  const ask = useCallback(
    async (cursors: (number | undefined)[]) => {
      asked.current += 1;
      const mine = asked.current;
      setBusy(true);
      setError(null);
      try {
        const page = await api.events({
          ...toQuery(filters),
          before: cursors.at(-1),
          limit: size,
        });
        if (mine !== asked.current) return;
        setList(page.events);
        setBefore(cursors);
      } catch (problem) {
        if (mine === asked.current) setError(errorText(problem, t));
      } finally {
        if (mine === asked.current) setBusy(false);
      }
    },
    [filters, size, t],
  );
  useEffect(() => {
    // What fitted another question must not pass for the answer of this one.
    setList([]);
    setBefore([undefined]);
    void ask([undefined]);
  }, [ask]);

  const last = list.at(-1)?.seq ?? undefined;
  return {
    list,
    busy,
    error,
    page: before.length,
    older: list.length === size && last !== undefined ? () => void ask([...before, last]) : null,
    newer: before.length > 1 ? () => void ask(before.slice(0, -1)) : null,
  };
}

export function HistoryPage() {
  const { t } = useT();
  const [filters, setFilters] = useState<Filters>(NO_FILTERS);
  const [size, setSize] = useState<number>(SIZES[0]);
  const [open, setOpen] = useState<SafetyEvent | null>(null);
  const { list, busy, error, page, older, newer } = usePages(filters, size);
  const [seen, setSeen] = useState<Seen>(new Map());
  useEffect(() => setSeen((known) => seeing(known, list)), [list]);
  const top = useRef<HTMLElement>(null);
  const turn = (to: (() => void) | null) => () => {
    to?.();
    top.current?.scrollTo({ top: 0 });
  };
  return (
    <main className="page" ref={top}>
      <header className="page-head">
        <h1>{t('history.title')}</h1>
        {!busy && !(error && list.length === 0) && (
          <span className="quiet">{t('history.count', { n: list.length })}</span>
        )}
        <span className="spacer" />
        <Exports filters={filters} />
      </header>
      <FilterBar filters={filters} seen={seen} onChange={setFilters} />
      {error && <ErrorNote text={error} />}
      <Table list={list} onOpen={setOpen} />
      <nav className="history-end" aria-label={t('history.page', { n: page })}>
        <button
          type="button"
          className="big"
          data-testid="history-newer"
          disabled={busy || !newer}
          onClick={turn(newer)}
        >
          {t('history.newer')}
        </button>
        <span className="quiet" data-testid="history-page" data-page={page}>
          {busy
            ? t('common.loading')
            : list.length
              ? t('history.page', { n: page })
              : !error && t('history.none')}
        </span>
        <button
          type="button"
          className="big"
          data-testid="history-older"
          disabled={busy || !older}
          onClick={turn(older)}
        >
          {t('history.next')}
        </button>
        <select
          aria-label={t('history.size.label')}
          value={size}
          data-testid="history-size"
          onChange={(event) => setSize(Number(event.target.value))}
        >
          {SIZES.map((n) => (
            <option key={n} value={n}>
              {t('history.size', { n })}
            </option>
          ))}
        </select>
      </nav>
      {open && <EventDetail event={open} onClose={() => setOpen(null)} />}
    </main>
  );
}

/** In a page of their own: an error of the server is read there, and this page stays. */
function Exports({ filters }: { filters: Filters }) {
  const { t } = useT();
  const { user } = useStore(session);
  if (!may.operate(user)) return null;
  return (
    <span className="row">
      {(['csv', 'json'] as const).map((format) => (
        <a
          key={format}
          className="button"
          href={exportUrl(format, toQuery(filters))}
          target="_blank"
          rel="noopener"
          title={t('history.export.note')}
          data-testid={`export-${format}`}
        >
          {t(`history.export.${format}`)}
        </a>
      ))}
    </span>
  );
}

interface FilterBarProps {
  filters: Filters;
  seen: Seen;
  onChange: (filters: Filters) => void;
}

function FilterBar({ filters, seen, onChange }: FilterBarProps) {
  const { t } = useT();
  const known = useStore(cameras.list);
  const list = known ?? [];
  const deleted = deletedCameras(seen, known);
  const places = filters.camera.length
    ? list.filter((camera) => filters.camera.includes(camera.id))
    : list;
  const many = (
    key: 'camera' | 'zone' | 'type' | 'severity',
    options: readonly (readonly [string, string])[],
  ) => (
    <Many
      name={key}
      label={t(`history.${key}`)}
      options={options}
      chosen={filters[key]}
      onChange={(chosen) =>
        // Zones of cameras that are no longer asked for would hide everything.
        onChange({ ...filters, [key]: chosen, ...(key === 'camera' ? { zone: [] } : {}) })
      }
    />
  );
  return (
    <form className="filters" onSubmit={(event) => event.preventDefault()}>
      {many('camera', [
        ...list.map((camera) => [camera.id, camera.name] as const),
        ...deleted.map(([id, name]) => [id, t('history.deleted', { name })] as const),
      ])}
      {many(
        'zone',
        places.flatMap((camera) =>
          camera.zones.map((zone) => [zone.id, `${zone.name} · ${camera.name}`] as const),
        ),
      )}
      {many(
        'type',
        EVENT_TYPES.map((type) => [type, t(`event.${type}`)]),
      )}
      {many(
        'severity',
        ['CRITICAL', 'WARNING', 'INFO'].map((level) => [level, t(`severity.${level}`)]),
      )}
      <label>
        {t('history.acknowledged')}
        <select
          value={filters.acknowledged}
          data-testid="filter-acknowledged"
          onChange={(event) => onChange({ ...filters, acknowledged: event.target.value })}
        >
          <option value="">{t('common.all')}</option>
          <option value="false">{t('history.acknowledged.no')}</option>
          <option value="true">{t('history.acknowledged.yes')}</option>
        </select>
      </label>
      {(['from', 'to'] as const).map((key) => (
        <label key={key}>
          {t(`history.${key}`)}
          <input
            type="datetime-local"
            step={1}
            max={LATEST}
            value={filters[key]}
            data-testid={`filter-${key}`}
            onChange={(event) => onChange({ ...filters, [key]: event.target.value })}
          />
        </label>
      ))}
      <button type="button" data-testid="filter-reset" onClick={() => onChange(NO_FILTERS)}>
        {t('history.reset')}
      </button>
    </form>
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
                ) : isMuted(event) ? (
                  <MutedLine event={event} />
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
