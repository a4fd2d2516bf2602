// One incident as a whole: its evidence, its alarms, what people did, and what can be done next. A
// page and no dialog over the page, so that new alarms stay in sight.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { ApiError } from '../api/http';
import type { SafetyEvent } from '../api/types';
import { Severity, Snapshot, title, trackNumber } from '../events/parts';
import { useT } from '../i18n/i18n';
import { clock } from '../i18n/time';
import { RegulationsFor } from '../regulations/regulations';
import { ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { useKeys, useTick } from '../ui/hooks';
import { Icon } from '../ui/icons';
import { paced } from '../ui/paced';
import { useStore } from '../ui/store';
import { incidentApi } from './api';
import { ClipPlayer } from './clip-player';
import { incidents } from './incidents';
import { isRaised, newest } from './list';
import { IncidentLog } from './log';
import { MuteBadge } from './mute-parts';
import { Steps } from './steps';
import type { Incident, IncidentDetail } from './types';
import { useCurrent } from './use';
import { incidentPlace, lasting, said, withWhom } from './words';

const PENDING_MS = 2000;
const AGAIN_MS = 1000;

/** The incident as it was read, and read again whenever something was pushed or is still written. */
function useDetail(id: string) {
  const { t } = useT();
  const [detail, setDetail] = useState<IncidentDetail | null>(null);
  const [error, setError] = useState<string | null>(null);
  const asked = useRef(0);
  /** Answers whether it was read. */
  const load = useCallback(async (): Promise<boolean> => {
    asked.current += 1;
    const mine = asked.current;
    try {
      const read = await incidentApi.get(id);
      // An answer to an earlier question may be the newer one: what is shown never goes back.
      setDetail((known) => (known && known.revision > read.revision ? known : read));
      if (mine === asked.current) setError(null);
      return true;
    } catch (problem) {
      const gone = problem instanceof ApiError && problem.status === 404;
      if (mine === asked.current)
        setError(gone ? t('inc.notfound', { id }) : errorText(problem, t));
      return false;
    }
  }, [id, t]);
  // A thousand alarms may come with it, and many revisions in a second.
  const again = useMemo(() => paced(() => void load(), AGAIN_MS), [load]);
  useEffect(() => again.stop, [again]);
  const list = useStore(incidents.list);
  const current = useCurrent();
  const pushed = (list.byId[id] ?? list.closed.get(id))?.revision;
  const stale = detail === null || (pushed !== undefined && pushed > detail.revision);
  // biome-ignore lint/correctness/useExhaustiveDependencies: read again when these change
  useEffect(() => again.ask(), [again, pushed, current]);
  const writing = detail?.event_list.some(
    (event) => event.clip === 'pending' || event.snapshot === 'pending',
  );
  useEffect(() => {
    if (!writing && !(error && stale)) return;
    const timer = setInterval(again.ask, PENDING_MS);
    return () => clearInterval(timer);
  }, [writing, error, stale, again]);
  return { detail, error, load };
}

function back(): void {
  if (history.length > 1) history.back();
  else location.hash = '#/wall';
}

export function IncidentPage({ id }: { id: string }) {
  const { t, lang } = useT();
  const { detail, error, load } = useDetail(id);
  const list = useStore(incidents.list);
  const incident: Incident | null = detail
    ? newest(list, detail as Incident)
    : (list.byId[id] ?? list.closed.get(id) ?? null);
  const heading = useRef<HTMLHeadingElement>(null);
  // What is wrong with the system is told by the newest of its alarms.
  const latest = detail?.event_list.at(-1);
  const there = incident !== null;
  useEffect(() => {
    if (there) heading.current?.focus();
  }, [there]);
  useKeys((event) => {
    if (event.key === 'Escape' && !document.querySelector('dialog[open]')) back();
  });
  return (
    <main
      className="page incident-page"
      data-testid="incident-page"
      data-incident={id}
      data-state={incident?.state}
    >
      <header className="page-head">
        <button
          type="button"
          className="ghost icon-only"
          aria-label={t('common.back')}
          onClick={back}
        >
          <Icon name="back" />
        </button>
        <h1 ref={heading} tabIndex={-1}>
          {incident
            ? incident.type === 'system' && latest
              ? title(latest, t, lang)
              : t(`event.${incident.type}`)
            : t('inc.open')}
        </h1>
        {incident && (
          <>
            <Severity event={incident} />
            <span className={`inc-state ${incident.state}`}>{t(`incstate.${incident.state}`)}</span>
            {incident.held && <span className="chip">{t('inc.held')}</span>}
            <MuteBadge
              camera={incident.camera}
              zone={incident.zone?.id ?? null}
              type={incident.type}
            />
          </>
        )}
      </header>
      {error && <ErrorNote text={error} />}
      {!incident && !error && <p className="quiet">{t('common.loading')}</p>}
      {incident && <Content incident={incident} detail={detail} onStep={load} />}
    </main>
  );
}

interface ContentProps {
  incident: Incident;
  detail: IncidentDetail | null;
  onStep: () => Promise<boolean>;
}

function Content({ incident, detail, onStep }: ContentProps) {
  const { t } = useT();
  const list = detail?.event_list ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const event = list.find((one) => one.id === chosen) ?? list[0];
  const level = isRaised(incident) ? incident.escalation.level : 0;
  return (
    <>
      {level > 0 && (
        <p className="overdue big" role="alert">
          <Icon name="alarm" size={18} /> {t(`inc.escalated.${level}`)} ·{' '}
          {t(`sound.level.${level}`)}
        </p>
      )}
      <div className="incident-grid">
        <div className="incident-evidence">
          {event ? <Evidence key={event.id} event={event} /> : <p>{t('common.loading')}</p>}
          <EventList
            list={list}
            total={incident.events}
            chosen={event?.id ?? null}
            onChoose={setChosen}
          />
        </div>
        <div className="incident-side">
          <Facts incident={incident} />
          <Steps incident={incident} onStep={onStep} />
          <RegulationsFor type={incident.type} />
          <IncidentLog log={detail?.log ?? null} />
        </div>
      </div>
    </>
  );
}

function Evidence({ event }: { event: SafetyEvent }) {
  const { t } = useT();
  const [clean, setClean] = useState(false);
  return (
    <section className="panel-box" aria-label={t('inc.evidence')}>
      <h2>{t('inc.clip')}</h2>
      <ClipPlayer event={event} />
      <h2>{t('inc.picture')}</h2>
      <figure>
        <Snapshot key={String(clean)} event={event} clean={clean} large />
        {event.snapshot === 'stored' && (
          <fieldset className="seg">
            <button type="button" aria-pressed={!clean} onClick={() => setClean(false)}>
              {t('detail.boxes')}
            </button>
            <button
              type="button"
              aria-pressed={clean}
              data-testid="snapshot-clean"
              onClick={() => setClean(true)}
            >
              {t('detail.clean')}
            </button>
          </fieldset>
        )}
      </figure>
    </section>
  );
}

interface EventListProps {
  list: SafetyEvent[];
  total: number;
  chosen: string | null;
  onChoose: (id: string) => void;
}

function EventList({ list, total, chosen, onChoose }: EventListProps) {
  const { t, lang } = useT();
  return (
    <section className="panel-box">
      <h2>{t('inc.timeline')}</h2>
      {total > list.length && (
        <p className="quiet">{t('inc.timeline.more', { n: list.length, m: total })}</p>
      )}
      <ul className="incident-events">
        {list.map((event) => (
          <li key={event.id}>
            <button
              type="button"
              aria-pressed={event.id === chosen}
              data-testid="incident-event"
              data-event-id={event.id}
              data-clip={event.clip}
              onClick={() => onChoose(event.id)}
            >
              <Snapshot event={event} />
              <span>
                <b>{title(event, t, lang)}</b>
                <small>
                  {[event.camera_name, event.zone?.name, trackNumber(event.track)]
                    .filter(Boolean)
                    .join(' · ')}
                </small>
                <small>
                  {clock(event.start, lang)} –{' '}
                  {event.end ? clock(event.end, lang).slice(-8) : t('event.ongoing')}
                </small>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Facts({ incident }: { incident: Incident }) {
  const { t, lang } = useT();
  const current = useCurrent();
  useTick(1000);
  const { acknowledged, assigned, closed, held } = incident;
  const by = (who: { by: string; at: string } | null) =>
    who && `${who.by} · ${clock(who.at, lang)}`;
  const rows: [string, string | null | false][] = [
    [t('inc.place'), incidentPlace(incident, t)],
    [
      t('history.camera'),
      incident.cameras.length > 1 && incident.cameras.map(({ name }) => name).join(', '),
    ],
    [t('inc.begun'), clock(incident.start, lang)],
    [t('inc.duration'), lasting(incident, current, Date.now(), t)],
    [t('inc.lastevent'), incident.events > 1 && clock(incident.last_event_at, lang)],
    [t('inc.count'), String(incident.events)],
    [t('inc.person'), incident.people_peak > 0 && t('inc.people', { n: incident.people_peak })],
    [t('inc.who'), withWhom(incident, t)],
    [t('incstate.acknowledged'), by(acknowledged)],
    [t('detail.reason'), acknowledged?.reason ?? null],
    [t('step.assign'), assigned && `${assigned.to} (${by(assigned)})`],
    [t('inc.handed'), assigned?.note ?? null],
    [t(`incstate.${incident.state}`), by(closed)],
    [t('step.notes.label'), said(closed)],
    [t('inc.held'), held && [by(held), said(held)].filter(Boolean).join(' · ')],
  ];
  return (
    <dl className="panel-box facts" data-testid="incident-facts">
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
  );
}
