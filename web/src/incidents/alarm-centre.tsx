// Alarms on whatever page is open: one pop-up an incident, the sound, and the key A.
import { useEffect, useState } from 'react';
import { AckDialog } from '../events/ack-dialog';
import { events } from '../events/events';
import { Severity, Snapshot, title, where } from '../events/parts';
import { sound } from '../events/sound';
import { useT } from '../i18n/i18n';
import { may, session } from '../session/session';
import { errorText } from '../ui/errors';
import { useKeys, useTick } from '../ui/hooks';
import { Icon } from '../ui/icons';
import { address, route } from '../ui/route';
import { useStore } from '../ui/store';
import { type Alarm, alarms, loudest, silenceKey } from './alarms';
import { incidents } from './incidents';
import { StepDialog } from './step-dialog';
import type { Incident } from './types';
import { useAlarms, useCurrent, usePopups } from './use';
import { incidentPlace, lasting } from './words';

async function acknowledge(alarm: Alarm): Promise<void> {
  if (alarm.incident) await incidents.take(alarm.id, { step: 'acknowledge', reason: '' });
  else if (alarm.event) await events.acknowledge(alarm.event.id, '');
}

export function AlarmCentre() {
  const all = useAlarms();
  const shown = usePopups();
  const { user } = useStore(session);
  const [asking, setAsking] = useState<Alarm | null>(null);
  const at = useStore(route);
  useAlarmSound(all);

  useKeys((event) => {
    if (event.key.toLowerCase() !== 'a' || event.repeat || !may.operate(user)) return;
    // On the page of an incident it means this one.
    const own = at.page === 'incident' ? all.find((alarm) => alarm.id === at.id) : undefined;
    const next = own ?? (at.page === 'incident' ? undefined : (shown[0] ?? all[0]));
    if (next) void acknowledge(next).catch(() => void incidents.refresh());
  });

  return (
    <>
      <Popups shown={shown} onAsk={setAsking} />
      {asking?.incident && (
        <StepDialog incident={asking.incident} step="acknowledge" onClose={() => setAsking(null)} />
      )}
      {asking && !asking.incident && asking.event && (
        <AckDialog event={asking.event} onClose={() => setAsking(null)} />
      )}
    </>
  );
}

function Popups({ shown, onAsk }: { shown: Alarm[]; onAsk: (alarm: Alarm) => void }) {
  const { t } = useT();
  const at = useStore(route);
  const beside = at.page === 'wall';
  const others = at.page === 'incident' ? shown.filter((alarm) => alarm.id !== at.id) : shown;
  // The rest is in the column beside the wall.
  const more = others.length - 1;
  return (
    <div className={`popups ${beside ? 'beside' : 'strip'}`}>
      {more > 0 && <p className="popup-more">{t('alarm.more', { n: more })}</p>}
      {others.slice(0, 1).map((alarm) => (
        <Popup key={alarm.id} alarm={alarm} onAsk={() => onAsk(alarm)} />
      ))}
    </div>
  );
}

function IncidentLine({ incident }: { incident: Incident }) {
  const { t } = useT();
  const current = useCurrent();
  const parts = [
    incidentPlace(incident, t),
    incident.people_peak > 0 && t('inc.people', { n: incident.people_peak }),
    lasting(incident, current, Date.now(), t),
  ];
  return <p>{parts.filter(Boolean).join(' · ')}</p>;
}

function Popup({ alarm, onAsk }: { alarm: Alarm; onAsk: () => void }) {
  const { t, lang } = useT();
  useTick(1000);
  const { user } = useStore(session);
  const silenced = useStore(sound.silenced).has(silenceKey(alarm));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const { incident, event, level } = alarm;
  const take = () => {
    setBusy(true);
    acknowledge(alarm).catch((problem) => {
      setBusy(false);
      setError(errorText(problem, t));
      void incidents.refresh();
    });
  };
  const name =
    event && (event.type === 'system' || !incident)
      ? title(event, t, lang)
      : t(`event.${incident?.type}`);
  return (
    <section
      className={`popup ${alarm.severity.toLowerCase()} level${level}`}
      role="alert"
      data-testid="alarm-popup"
      data-event-id={alarm.id}
      data-incident={incident?.id}
      data-level={level}
    >
      {event ? (
        <Snapshot event={event} className="popup-shot" />
      ) : (
        <span className="shot none popup-shot">{t('event.snapshot.pending')}</span>
      )}
      <div className="popup-body">
        <h3>
          <Severity event={alarm} /> {name}
        </h3>
        {level > 0 && <p className="overdue">{t(`inc.escalated.${level}`)}</p>}
        {incident ? <IncidentLine incident={incident} /> : event && <p>{where(event, t)}</p>}
        {event && !event.recorded && <p className="unrecorded">{t('event.unrecorded.note')}</p>}
        {error && <p className="popup-error">{error}</p>}
      </div>
      <button
        type="button"
        className="ghost icon-only popup-close"
        aria-label={t('alarm.hide')}
        title={t('alarm.hide')}
        onClick={() => {
          incidents.hide([silenceKey(alarm)]);
          if (event) events.hide(event.id);
        }}
      >
        <Icon name="close" size={16} />
      </button>
      <div className="row popup-actions">
        {may.operate(user) && (
          <>
            <button
              type="button"
              className="pri"
              data-testid="alarm-ack"
              disabled={busy}
              onClick={take}
            >
              {t('event.ack')} (A)
            </button>
            <button type="button" disabled={busy} onClick={onAsk}>
              {t('event.ack.reason')}
            </button>
          </>
        )}
        {incident && (
          <a
            className="button"
            data-testid="alarm-open"
            href={address({ page: 'incident', id: alarm.id })}
          >
            {t('inc.open')}
          </a>
        )}
        <span className="spacer" />
        <button
          type="button"
          className="ghost"
          disabled={silenced}
          onClick={() =>
            sound.silence(alarms(events.list.get(), incidents.list.get()).map(silenceKey))
          }
        >
          {t(silenced ? 'sound.silenced' : 'alarm.silence')}
        </button>
      </div>
    </section>
  );
}

function useAlarmSound(all: Alarm[]): void {
  const muted = useStore(sound.muted);
  const silenced = useStore(sound.silenced);
  const wanted = muted ? null : loudest(all, silenced);
  const severity = wanted?.severity;
  const level = wanted?.level ?? 0;
  useEffect(() => sound.prepare(), []);
  useEffect(() => sound.want(severity ? { severity, level } : null), [severity, level]);
  useEffect(() => () => sound.want(null), []);
}
