// The timeline beside the wall: alarms that wait first, then what happened last.
import { memo, useState } from 'react';
import { useT } from '../i18n/i18n';
import { ago } from '../i18n/time';
import { MutedLine } from '../incidents/mute-parts';
import { may, session } from '../session/session';
import { ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { useTick } from '../ui/hooks';
import { useStore } from '../ui/store';
import { AckAllDialog, AckDialog, AckFasterDialog } from './ack-dialog';
import { EventDetail } from './detail';
import { events } from './events';
import { type Entry, isMuted, isWaiting, timeline, waitingIds } from './list';
import { place, Severity, Snapshot, title } from './parts';

const SHOWN_MAX = 60;

export function Timeline() {
  const { t } = useT();
  const list = useStore(events.list);
  const { user } = useStore(session);
  const lost = useStore(events.lost);
  const [asking, setAsking] = useState<Entry | 'all' | null>(null);
  const [faster, setFaster] = useState<{ faster: number; asked: number } | null>(null);
  const [open, setOpen] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const tick = useTick(1000);
  const n = waitingIds(list).length;
  const shown = timeline(list, SHOWN_MAX);
  const acknowledge = (event: Entry) =>
    events
      .acknowledge(event.id, '')
      .then(() => setError(null))
      .catch((problem) => setError(errorText(problem, t)));
  return (
    <section className="panel grow timeline">
      <h2>
        {t('event.title')}
        {n > 0 && may.operate(user) && (
          <button
            type="button"
            data-testid="event-ack-all"
            disabled={lost}
            title={lost ? t('doubt.lost') : undefined}
            onClick={() => setAsking('all')}
          >
            {t('event.ack.all')}
          </button>
        )}
      </h2>
      {error && <ErrorNote text={error} />}
      {list.gap && (
        <p className="quiet" role="status" data-testid="event-gap">
          {t('event.gap')}
        </p>
      )}
      {shown.length === 0 && (
        <p className="quiet">{t(list.seq === null ? 'common.loading' : 'event.none')}</p>
      )}
      <ul className="events">
        {shown.map((event) => (
          <Row
            key={event.id}
            event={event}
            tick={Math.floor(tick / 1000)}
            operate={may.operate(user)}
            onAcknowledge={acknowledge}
            onAsk={setAsking}
            onOpen={setOpen}
          />
        ))}
      </ul>
      {asking === 'all' && (
        <AckAllDialog
          onFaster={(faster, asked) => setFaster({ faster, asked })}
          onClose={() => setAsking(null)}
        />
      )}
      {asking && asking !== 'all' && <AckDialog event={asking} onClose={() => setAsking(null)} />}
      {faster && <AckFasterDialog {...faster} onClose={() => setFaster(null)} />}
      {open && list.byId[open] && (
        <EventDetail event={list.byId[open]} onClose={() => setOpen(null)} />
      )}
    </section>
  );
}

interface RowProps {
  event: Entry;
  /** Changes every second, so that "8 s ago" does. */
  tick: number;
  operate: boolean;
  onAcknowledge: (event: Entry) => void;
  onAsk: (event: Entry) => void;
  onOpen: (id: string) => void;
}

const Row = memo(function Row({ event, operate, onAcknowledge, onAsk, onOpen }: RowProps) {
  const { t, lang } = useT();
  const wait = isWaiting(event);
  return (
    <li
      className={`event ${wait ? 'waiting' : ''} ${isMuted(event) ? 'muted' : ''} ${event.severity.toLowerCase()}`}
      data-testid="event"
      data-event-id={event.id}
      data-camera={event.camera}
      data-type={event.type}
      data-acknowledged={event.acknowledged !== null}
      data-incident={event.incident}
      data-muted={event.muted}
    >
      <button
        type="button"
        className="event-open"
        aria-label={`${title(event, t, lang)}: ${t('detail.details')}`}
        onClick={() => onOpen(event.id)}
      >
        <Snapshot event={event} />
      </button>
      <div className="event-text">
        <div className="event-head">
          <Severity event={event} />
          <b>{title(event, t, lang)}</b>
        </div>
        <small>{place(event, t)}</small>
        {isMuted(event) && <MutedLine event={event} />}
        <div className="event-foot">
          <small className="event-state">
            {wait && <b className="waits">{t('event.unacknowledged')}</b>}
            {!event.recorded && <b className="unrecorded">{t('event.unrecorded')}</b>}
            <span>
              {ago(event.start, Date.now(), t)}
              {event.acknowledged &&
                ` · ✓ ${t('event.acknowledged', { by: event.acknowledged.by })}`}
              {event.acknowledged?.reason && ` · ${event.acknowledged.reason}`}
            </span>
          </small>
          {wait && operate && (
            <>
              <button type="button" className="ghost" onClick={() => onAsk(event)}>
                {t('detail.reason')}
              </button>
              <button
                type="button"
                className="pri"
                data-testid="event-ack"
                onClick={() => onAcknowledge(event)}
              >
                {t('event.ack')}
              </button>
            </>
          )}
        </div>
      </div>
    </li>
  );
});
