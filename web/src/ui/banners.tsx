// What must not be overlooked, across the whole width: lost connection, failed parts, silent sound.
import { events } from '../events/events';
import { sound } from '../events/sound';
import { useT } from '../i18n/i18n';
import { live } from '../live/live';
import { session } from '../session/session';
import { Icon } from './icons';
import { useStore } from './store';
import { diskHealth, system } from './system';

export function Banners() {
  const { t } = useT();
  const lost = useStore(live.lost);
  const eventsLost = useStore(events.lost);
  const expired = useStore(session).state === 'expired';
  const blocked = useStore(sound.state) === 'blocked';
  const health = useStore(system);
  const parts = health && { ...health, disk: diskHealth(health.disk) };
  const failed = (['store', 'evidence', 'disk', 'detector', 'escalation'] as const).filter(
    (part) => parts?.[part]?.state === 'failed',
  );
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
        failed.map((part) => (
          <p key={part} className="banner failed" role="alert">
            <Icon name="alarm" size={22} />
            <strong>
              {t('health.failed', {
                name: t(`bar.${part}`),
                detail: parts?.[part]?.detail ?? t('common.unknown'),
              })}
            </strong>
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
