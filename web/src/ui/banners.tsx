// What must not be overlooked, across the whole width: lost connection, failed parts, silent sound.
import { events } from '../events/events';
import { sound } from '../events/sound';
import { useT } from '../i18n/i18n';
import { live } from '../live/live';
import { session } from '../session/session';
import { Icon } from './icons';
import { useStore } from './store';
import { system, troubles } from './system';

export function Banners() {
  const { t } = useT();
  const lost = useStore(live.lost);
  const eventsLost = useStore(events.lost);
  const expired = useStore(session).state === 'expired';
  const blocked = useStore(sound.state) === 'blocked';
  const health = useStore(system);
  const failed = health ? troubles(health, t) : [];
  return (
    <div className="banners" aria-live="assertive">
      {(lost || eventsLost) && (
        <p className="banner lost" role="alert" data-testid="connection-banner">
          <Icon name="blind" size={22} />
          <strong>{t('conn.lost')}</strong>
          <span>{t(expired ? 'conn.expired' : lost ? 'conn.lost.live' : 'conn.lost.events')}</span>
        </p>
      )}
      {!lost &&
        failed.map(({ text, detail }) => (
          <p key={text} className="banner failed" role="alert">
            <Icon name="alarm" size={22} />
            <strong>{text}</strong>
            {detail && <small>{detail}</small>}
          </p>
        ))}
      {blocked && (
        <p className="banner failed" role="alert" data-testid="sound-banner">
          <Icon name="muted" size={22} />
          <strong>{t('sound.blocked')}</strong>
          <button type="button" className="pri" onClick={() => void sound.enable()}>
            {t('sound.enable')}
          </button>
        </p>
      )}
    </div>
  );
}
