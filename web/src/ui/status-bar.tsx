// The line at the bottom: connection, health by component, figures and keys.
import type { Health } from '../api/types';
import { cameras } from '../cameras/cameras';
import { events } from '../events/events';
import { useT } from '../i18n/i18n';
import { useWaiting } from '../incidents/use';
import { live } from '../live/live';
import { figures } from './figures';
import { useStore } from './store';
import { diskHealth, system } from './system';

export function StatusBar() {
  const { t } = useT();
  const lost = useStore(live.lost);
  const eventsLost = useStore(events.lost);
  const { n, unknown } = useWaiting();
  const health = useStore(system);
  const now = figures(useStore(live.statuses), useStore(cameras.list), lost);
  const down = lost || eventsLost;
  return (
    <footer className="bar">
      <span className={down ? 'bad' : 'good'}>
        <span className="dot" /> <b>{t(down ? 'conn.lost' : 'conn.ok')}</b>
      </span>
      <span>
        {t('bar.cameras')}{' '}
        <b>
          {now.watching}/{now.total}
        </b>
      </span>
      <Part name={t('bar.store')} health={down ? null : (health?.store ?? null)} />
      <Part name={t('bar.evidence')} health={down ? null : (health?.evidence ?? null)} />
      <Part name={t('bar.disk')} health={down || !health ? null : diskHealth(health.disk)} />
      <Part name={t('bar.detector')} health={down ? null : (health?.detector ?? null)} />
      <span>
        {t('bar.rate')} <b>{t('bar.per_s', { n: now.rate })}</b>
      </span>
      <span>
        {t('bar.alarms')} <b>{unknown ? `${n || ''}?` : n}</b>
      </span>
      <span className="spacer" />
      <span className="keys">{t('bar.keys')}</span>
    </footer>
  );
}

function Part({ name, health }: { name: string; health: Health | null }) {
  const { t } = useT();
  const failed = health !== null && health.state !== 'ok';
  return (
    <span className={failed ? 'failed' : ''} title={health?.detail ?? undefined}>
      {name} <b>{health ? t(`bar.${health.state}`) : '?'}</b>
    </span>
  );
}
