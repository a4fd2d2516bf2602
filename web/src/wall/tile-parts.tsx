// What lies over a picture: how far it may be believed, and what was counted on it.
import type { Counters, Status } from '../api/types';
import { useT } from '../i18n/i18n';
import { age } from '../i18n/time';
import type { View } from '../live/age';
import { stateKey } from '../live/state';
import { Icon } from '../ui/icons';

export function Badge({ view }: { view: View }) {
  const { t } = useT();
  return (
    <span className={`badge ${view.look}`}>
      {view.look === 'watching' ? <span className="dot" /> : <Icon name="blind" size={13} />}
      {t(stateKey(view))}
      {view.ageMs !== null && (
        <span className="age" title={t('tile.age')}>
          {age(view.ageMs, t)}
        </span>
      )}
    </span>
  );
}

export function Cover({
  view,
  small,
  status,
}: {
  view: View;
  small: boolean;
  status: Status | null;
}) {
  const { t } = useT();
  if (view.look === 'watching') return null;
  const last =
    view.ageMs === null ? t('look.nopicture') : t('look.last', { age: age(view.ageMs, t) });
  const reason = view.reason ? t(`reason.${view.reason}`) : null;
  if (view.look === 'doubtful') {
    return (
      <div className="cover doubtful">
        <span className="cover-strip">
          <Icon name="alarm" size={15} /> <b>{t(stateKey(view))}</b>
          {!small && reason && <span>{reason}</span>}
        </span>
      </div>
    );
  }
  const restarts = status?.restarts ? t('look.restarts', { n: status.restarts }) : null;
  const blind = view.look === 'blind';
  const title = blind ? 'look.blind' : view.look === 'lost' ? 'look.lost' : 'look.unwatched';
  return (
    <div className={`cover ${view.look}`}>
      <div className="cover-text">
        <Icon name={view.look === 'unwatched' ? 'pause' : 'blind'} size={small ? 20 : 34} />
        <strong>{t(title)}</strong>
        {!small && reason && <span>{reason}</span>}
        {!small && (
          <span className="cover-age">{[last, restarts].filter(Boolean).join(' · ')}</span>
        )}
        {!small && (
          <small>{t(view.look === 'unwatched' ? 'look.unwatched.note' : 'look.note')}</small>
        )}
      </div>
    </div>
  );
}

const COUNTS: readonly { key: keyof Counters; bad?: 'danger' | 'warning' }[] = [
  { key: 'people' },
  { key: 'no_helmet', bad: 'danger' },
  { key: 'warning', bad: 'warning' },
  { key: 'danger', bad: 'danger' },
];

export function Counts({ view, short }: { view: View; short: boolean }) {
  const { t } = useT();
  return COUNTS.map(({ key, bad }) => {
    const value = view.counters?.[key];
    const tone = value === undefined ? 'unknown' : bad && value > 0 ? bad : '';
    if (short && key === 'warning') return null;
    return (
      <span key={key} className={`count ${tone}`} data-count={key}>
        {t(`count.${key}`)}{' '}
        <b title={value === undefined ? t('count.unknown') : undefined}>{value ?? '?'}</b>
      </span>
    );
  });
}
