// Alarms on whatever page is open: pop-ups for new ones, the sound, and the key A.
import { useEffect, useState } from 'react';
import { useT } from '../i18n/i18n';
import { may, session } from '../session/session';
import { useKeys, useTick } from '../ui/hooks';
import { Icon } from '../ui/icons';
import { route } from '../ui/route';
import { useStore } from '../ui/store';
import { AckDialog } from './ack-dialog';
import { events } from './events';
import { type Entry, waiting } from './list';
import { Severity, Snapshot, title, where } from './parts';
import { sound } from './sound';

/** The wall has room for two beside its pictures; other pages for one line at the top. */
const SHOWN_MAX = 2;

export function AlarmCentre() {
  const list = useStore(events.list);
  const { user } = useStore(session);
  const [asking, setAsking] = useState<Entry | null>(null);
  const all = waiting(list);
  const shown = list.fresh.map((id) => list.byId[id]).filter((event) => event !== undefined);
  useAlarmSound(all);

  useKeys((event) => {
    if (event.key.toLowerCase() !== 'a' || event.repeat || !may.operate(user)) return;
    const next = shown[0] ?? all[0];
    if (next) void events.acknowledge(next.id, '').catch(() => undefined);
  });

  return (
    <>
      <Popups shown={shown} onAsk={setAsking} />
      {asking && <AckDialog event={asking} onClose={() => setAsking(null)} />}
    </>
  );
}

function Popups({ shown, onAsk }: { shown: Entry[]; onAsk: (event: Entry) => void }) {
  const { t } = useT();
  const beside = useStore(route).page === 'wall';
  const most = beside ? SHOWN_MAX : 1;
  const more = shown.length - most;
  return (
    <div className={`popups ${beside ? 'beside' : 'strip'}`}>
      {more > 0 && <p className="popup-more">{t('alarm.more', { n: more })}</p>}
      {shown
        .slice(0, most)
        .reverse()
        .map((event) => (
          <Popup key={event.id} event={event} onAsk={() => onAsk(event)} />
        ))}
    </div>
  );
}

function Popup({ event, onAsk }: { event: Entry; onAsk: () => void }) {
  const { t, lang } = useT();
  useTick(1000);
  const { user } = useStore(session);
  const silenced = useStore(sound.silenced).has(event.id);
  const [busy, setBusy] = useState(false);
  const acknowledge = async (reason: string) => {
    setBusy(true);
    await events.acknowledge(event.id, reason).catch(() => setBusy(false));
  };
  return (
    <section
      className={`popup ${event.severity.toLowerCase()}`}
      role="alert"
      data-testid="alarm-popup"
      data-event-id={event.id}
    >
      <Snapshot event={event} className="popup-shot" />
      <div className="popup-body">
        <h3>
          <Severity event={event} /> {title(event, t, lang)}
        </h3>
        <p>{where(event, t)}</p>
        {!event.recorded && <p className="unrecorded">{t('event.unrecorded.note')}</p>}
      </div>
      <button
        type="button"
        className="ghost icon-only popup-close"
        aria-label={t('alarm.hide')}
        title={t('alarm.hide')}
        onClick={() => events.hide(event.id)}
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
              onClick={() => void acknowledge('')}
            >
              {t('event.ack')} (A)
            </button>
            <button type="button" disabled={busy} onClick={onAsk}>
              {t('event.ack.reason')}
            </button>
            <button
              type="button"
              disabled={busy}
              onClick={() => void acknowledge(t('event.false'))}
            >
              {t('event.false')}
            </button>
          </>
        )}
        <span className="spacer" />
        <button
          type="button"
          className="ghost"
          disabled={silenced}
          onClick={() => sound.silence(waiting(events.list.get()).map((other) => other.id))}
        >
          {t(silenced ? 'sound.silenced' : 'alarm.silence')}
        </button>
      </div>
    </section>
  );
}

function useAlarmSound(all: Entry[]): void {
  const muted = useStore(sound.muted);
  const silenced = useStore(sound.silenced);
  const audible = all.filter((event) => !silenced.has(event.id));
  const wanted = muted
    ? null
    : audible.some((event) => event.severity === 'CRITICAL')
      ? 'CRITICAL'
      : audible.length
        ? 'WARNING'
        : null;
  useEffect(() => sound.prepare(), []);
  useEffect(() => sound.want(wanted), [wanted]);
  useEffect(() => () => sound.want(null), []);
}
