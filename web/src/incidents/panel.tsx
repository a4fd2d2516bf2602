// The open incidents beside the wall: what nobody has taken first.

import { useState } from 'react';
import { events } from '../events/events';
import { Severity, Snapshot, title } from '../events/parts';
import { useT } from '../i18n/i18n';
import { may, session } from '../session/session';
import { ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { useTick } from '../ui/hooks';
import { Icon } from '../ui/icons';
import { address } from '../ui/route';
import { useStore } from '../ui/store';
import { tellingEvent } from './alarms';
import { incidents } from './incidents';
import { inOrder, isRaised } from './list';
import { MuteBadge } from './mute-parts';
import type { Incident } from './types';
import { Unreadable } from './unreadable';
import { useCurrent } from './use';
import { incidentPlace, lasting, withWhom } from './words';

const SHOWN_MAX = 30;

export function IncidentPanel() {
  const { t } = useT();
  const list = useStore(incidents.list);
  const failed = useStore(incidents.failed);
  const lost = useStore(events.lost);
  const current = useCurrent();
  const all = inOrder(list);
  const hidden = Math.max(0, all.length - SHOWN_MAX) + list.hidden;
  useTick(1000);
  return (
    <section
      className={`panel incidents ${current ? '' : 'not-current'}`}
      data-testid="incidents"
      data-current={current}
    >
      <h2>
        {t('inc.title')}
        <a href="#/incidents">{t('inc.all')}</a>
      </h2>
      {failed !== null && !lost && (
        <ErrorNote text={`${t('inc.failed')}\n${errorText(failed, t)}`} />
      )}
      {!current && (failed === null || lost) && (
        <p className="quiet" role="status">
          {t(list.read ? 'inc.stale' : 'inc.unread')}
        </p>
      )}
      <Unreadable n={list.unreadable} />
      {current && all.length + hidden + list.unreadable === 0 && (
        <p className="quiet">{t('inc.none')}</p>
      )}
      <ul className="incident-list">
        {all.slice(0, SHOWN_MAX).map((incident) => (
          <Row key={incident.id} incident={incident} current={current} />
        ))}
      </ul>
      {hidden > 0 && <p className="quiet">{t('inc.hidden', { n: hidden })}</p>}
    </section>
  );
}

function Row({ incident, current }: { incident: Incident; current: boolean }) {
  const { t, lang } = useT();
  const { user } = useStore(session);
  const event = tellingEvent(useStore(events.list), incident);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const raised = isRaised(incident);
  const level = raised ? incident.escalation.level : 0;
  const acknowledge = () => {
    setBusy(true);
    incidents
      .take(incident.id, { step: 'acknowledge', reason: '' })
      .then(() => setError(null))
      .catch((problem) => {
        setError(errorText(problem, t));
        void incidents.refresh();
      })
      .finally(() => setBusy(false));
  };
  const facts = [
    lasting(incident, current, Date.now(), t),
    incident.people_peak > 0 && t('inc.people', { n: incident.people_peak }),
    incident.events > 1 && t('inc.events', { n: incident.events }),
  ];
  return (
    <li
      className={`incident ${raised ? 'raised' : 'taken'} ${incident.severity.toLowerCase()} level${level}`}
      data-testid="incident"
      data-incident={incident.id}
      data-type={incident.type}
      data-camera={incident.camera}
      data-state={incident.state}
      data-level={level}
    >
      {level > 0 && (
        <p className="overdue">
          <Icon name="alarm" size={15} /> {t(`inc.escalated.${level}`)} ·{' '}
          {t(`sound.level.${level}`)}
        </p>
      )}
      <a
        className="incident-open"
        href={address({ page: 'incident', id: incident.id })}
        data-testid="incident-open"
        aria-label={`${t(`event.${incident.type}`)}, ${incidentPlace(incident, t)}: ${t('inc.open')}`}
      >
        {event ? <Snapshot event={event} /> : <span className="shot none">{t('inc.open')}</span>}
      </a>
      <div className="event-text">
        <div className="event-head">
          <Severity event={incident} />
          <b>
            {incident.type === 'system' && event
              ? title(event, t, lang)
              : t(`event.${incident.type}`)}
          </b>
          <MuteBadge
            camera={incident.camera}
            zone={incident.zone?.id ?? null}
            type={incident.type}
          />
        </div>
        <small>{incidentPlace(incident, t)}</small>
        <small className={incident.end === null ? 'goes-on' : ''}>
          {facts.filter(Boolean).join(' · ')}
        </small>
        <div className="event-foot">
          <small className="event-state">
            {raised ? (
              <b className="waits">{t('incstate.raised')}</b>
            ) : (
              <span className="held-by">✓ {withWhom(incident, t)}</span>
            )}
            {incident.held && <span> · {t('inc.held')}</span>}
          </small>
          {raised && may.operate(user) && (
            <button
              type="button"
              className="pri"
              data-testid="incident-ack"
              disabled={busy || !current}
              title={current ? undefined : t('doubt.lost')}
              onClick={acknowledge}
            >
              {t('step.acknowledge')}
            </button>
          )}
        </div>
        {error && <ErrorNote text={error} />}
      </div>
    </li>
  );
}
