// Alarms on whatever page is open: one pop-up an incident, the sound, and the key A.
import { useEffect, useState } from 'react';
import { AckDialog } from '../events/ack-dialog';
import { events } from '../events/events';
import { Severity, Snapshot, title, where } from '../events/parts';
import { sound } from '../events/sound';
import { useT } from '../i18n/i18n';
import { may, session } from '../session/session';
import { ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { useKeys, useTick } from '../ui/hooks';
import { Icon } from '../ui/icons';
import { address, route } from '../ui/route';
import { useStore } from '../ui/store';
import { type Alarm, alarms, isBarred, keyTarget, loudest, silenceKey } from './alarms';
import { incidents } from './incidents';
import { StepDialog } from './step-dialog';
import type { Incident } from './types';
import { useAlarms, useCurrent, usePopups } from './use';
import { incidentPlace, lasting } from './words';

async function acknowledge(alarm: Alarm): Promise<void> {
  if (alarm.incident) await incidents.take(alarm.id, { step: 'acknowledge', reason: '' });
  else if (alarm.event) await events.acknowledge(alarm.event.id, '');
}

/** What could not be acknowledged, and why not. */
interface Failure {
  id: string;
  text: string;
}

export function AlarmCentre() {
  const { t } = useT();
  const all = useAlarms();
  const shown = usePopups();
  const { user } = useStore(session);
  const current = useCurrent();
  const lost = useStore(events.lost);
  const [asking, setAsking] = useState<Alarm | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const at = useStore(route);
  useAlarmSound(all);

  const take = async (alarm: Alarm) => {
    if (isBarred(alarm, current, lost)) {
      setFailure({ id: alarm.id, text: t('doubt.lost') });
      return;
    }
    try {
      await acknowledge(alarm);
      setFailure(null);
    } catch (problem) {
      setFailure({ id: alarm.id, text: errorText(problem, t) });
      void incidents.refresh();
    }
  };
  useKeys((event) => {
    if (event.key.toLowerCase() !== 'a' || event.repeat || !may.operate(user)) return;
    // Whoever has a dialog before them means it, also once nothing in it has the focus.
    if (document.querySelector('dialog[open]')) return;
    const target = keyTarget(at, all, shown);
    if (target) void take(target);
  });
  // Somebody else may have acknowledged it meanwhile.
  const failed = failure && all.some(({ id }) => id === failure.id) ? failure : null;

  return (
    <>
      <Popups
        shown={shown}
        failed={failed}
        onTake={take}
        onAsk={setAsking}
        onForget={() => setFailure(null)}
      />
      {asking?.incident && (
        <StepDialog incident={asking.incident} step="acknowledge" onClose={() => setAsking(null)} />
      )}
      {asking && !asking.incident && asking.event && (
        <AckDialog event={asking.event} onClose={() => setAsking(null)} />
      )}
    </>
  );
}

interface PopupsProps {
  shown: Alarm[];
  failed: Failure | null;
  onTake: (alarm: Alarm) => Promise<void>;
  onAsk: (alarm: Alarm) => void;
  onForget: () => void;
}

function Popups({ shown, failed, onTake, onAsk, onForget }: PopupsProps) {
  const { t } = useT();
  const at = useStore(route);
  const beside = at.page === 'wall';
  const others = at.page === 'incident' ? shown.filter((alarm) => alarm.id !== at.id) : shown;
  // The rest is in the column beside the wall.
  const more = others.length - 1;
  return (
    <div className={`popups ${beside ? 'beside' : 'strip'}`}>
      {failed && (
        <div className="popup-failed" data-testid="alarm-failed">
          <ErrorNote text={t('alarm.failed', { detail: failed.text })} />
          <button
            type="button"
            className="ghost icon-only"
            aria-label={t('common.close')}
            onClick={onForget}
          >
            <Icon name="close" size={16} />
          </button>
        </div>
      )}
      {more > 0 && <p className="popup-more">{t('alarm.more', { n: more })}</p>}
      {others.slice(0, 1).map((alarm) => (
        <Popup
          key={alarm.id}
          alarm={alarm}
          // On the page of an incident the key means this one.
          byKey={at.page !== 'incident'}
          onTake={() => onTake(alarm)}
          onAsk={() => onAsk(alarm)}
        />
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

interface PopupProps {
  alarm: Alarm;
  byKey: boolean;
  onTake: () => Promise<void>;
  onAsk: () => void;
}

function Popup({ alarm, byKey, onTake, onAsk }: PopupProps) {
  const { t, lang } = useT();
  useTick(1000);
  const { user } = useStore(session);
  const silenced = useStore(sound.silenced).has(silenceKey(alarm));
  const [busy, setBusy] = useState(false);
  const current = useCurrent();
  const lost = useStore(events.lost);
  const barred = isBarred(alarm, current, lost);
  const { incident, event, level } = alarm;
  const take = () => {
    setBusy(true);
    // It may wait again at once, for an alarm that has joined.
    void onTake().finally(() => setBusy(false));
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
        {barred && <p className="popup-error">{t('doubt.lost')}</p>}
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
              disabled={busy || barred}
              onClick={take}
            >
              {t('event.ack')}
              {byKey && ' (A)'}
            </button>
            <button type="button" disabled={busy || barred} onClick={onAsk}>
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
