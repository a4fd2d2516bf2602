// The line at the top: where one is, how the wall is laid out, and the state of things at a glance.
import { useEffect, useState } from 'react';
import { cameras } from '../cameras/cameras';
import { sound } from '../events/sound';
import { setLang, useT } from '../i18n/i18n';
import { MutesPill } from '../incidents/mute-parts';
import { useWaiting } from '../incidents/use';
import { live } from '../live/live';
import { logout, session } from '../session/session';
import { LAYOUTS, layout, setLayout } from '../wall/layout';
import { figures } from './figures';
import { Icon, Mark } from './icons';
import { type Route, route } from './route';
import { useStore } from './store';

export function Header() {
  const { t, lang } = useT();
  const { user } = useStore(session);
  const at = useStore(route);
  return (
    <header className="top">
      <a className="brand" href="#/wall">
        <Mark />
        <span>
          {t('app.name')}
          <small>{t('app.place')}</small>
        </span>
      </a>
      <Nav at={at} />
      {at.page === 'wall' && <LayoutSwitch />}
      <span className="spacer" />
      <Figures />
      <MutesPill />
      <SoundButton />
      <button
        type="button"
        className="ghost"
        data-testid="lang-toggle"
        aria-label={t('header.lang.label')}
        onClick={() => setLang(lang === 'ko' ? 'en' : 'ko')}
      >
        {t('header.lang')}
      </button>
      <span className="user">
        <Icon name="user" size={16} />
        <span>
          {user?.username}
          <small>{t(`role.${user?.role}`)}</small>
        </span>
      </span>
      <button
        type="button"
        className="ghost icon-only"
        data-testid="logout"
        title={t('login.out')}
        aria-label={t('login.out')}
        onClick={() => void logout()}
      >
        <Icon name="out" />
      </button>
      <FullScreen />
    </header>
  );
}

function Nav({ at }: { at: Route }) {
  const { t } = useT();
  const pages = ['wall', 'incidents', 'history', 'statistics', 'cameras'] as const;
  const here =
    at.page === 'zones' || at.page === 'scene'
      ? 'wall'
      : at.page === 'incident' || at.page === 'settings' || at.page === 'audit'
        ? 'incidents'
        : at.page;
  return (
    <nav className="nav" aria-label={t('nav.label')}>
      {pages.map((page) => (
        <a
          key={page}
          href={`#/${page}`}
          data-testid={`nav-${page}`}
          aria-current={here === page ? 'page' : undefined}
        >
          {t(`nav.${page}`)}
        </a>
      ))}
    </nav>
  );
}

function LayoutSwitch() {
  const { t } = useT();
  const chosen = useStore(layout);
  return (
    <fieldset className="seg" aria-label={t('header.layout')}>
      {LAYOUTS.map((n) => (
        <button
          key={n}
          type="button"
          data-testid={`layout-${n}`}
          aria-pressed={chosen === n}
          aria-label={t('header.layout.n', { n })}
          onClick={() => setLayout(n)}
        >
          {n}
        </button>
      ))}
    </fieldset>
  );
}

function Figures() {
  const { t } = useT();
  const lost = useStore(live.lost);
  const now = figures(useStore(live.statuses), useStore(cameras.list), lost);
  const { n, unknown } = useWaiting();
  return (
    <>
      <span
        className={`pill ${n ? 'alarm' : unknown ? 'muted' : ''}`}
        data-testid="alarms-waiting"
        data-count={n}
        data-unknown={unknown}
        title={unknown ? t('header.alarms.unknown') : undefined}
      >
        <Icon name={n ? 'alarm' : unknown ? 'blind' : 'check'} size={15} />
        {n || unknown
          ? t('header.alarms', { n: unknown ? `${n || ''}?` : n })
          : t('header.alarms.none')}
      </span>
      <span className={`pill watch ${now.all ? 'good' : 'bad'}`} data-testid="cameras-watching">
        <span className="dot" />
        {t('header.watching', { n: now.watching, m: now.total })}
      </span>
      <span className="pill rate">{t('header.rate', { n: now.rate })}</span>
    </>
  );
}

function SoundButton() {
  const { t } = useT();
  const muted = useStore(sound.muted);
  const label = t(muted ? 'sound.unmute' : 'sound.mute');
  return (
    <span className="row tight">
      <button
        type="button"
        className={muted ? 'pill muted' : 'ghost icon-only'}
        aria-pressed={muted}
        aria-label={label}
        title={label}
        data-testid="sound-mute"
        onClick={() => sound.setMuted(!muted)}
      >
        <Icon name={muted ? 'muted' : 'sound'} />
        {muted && t('sound.off')}
      </button>
      <button
        type="button"
        className="ghost sound-test"
        data-testid="sound-test"
        onClick={() => void sound.test()}
      >
        {t('sound.test')}
      </button>
    </span>
  );
}

function FullScreen() {
  const { t } = useT();
  const [full, setFull] = useState(false);
  useEffect(() => {
    const change = () => setFull(document.fullscreenElement !== null);
    document.addEventListener('fullscreenchange', change);
    return () => document.removeEventListener('fullscreenchange', change);
  }, []);
  const toggle = () =>
    full ? document.exitFullscreen() : document.documentElement.requestFullscreen();
  return (
    <button
      type="button"
      className="ghost icon-only full"
      aria-label={t('header.full')}
      aria-pressed={full}
      title={t('header.full')}
      onClick={() => void toggle().catch(() => undefined)}
    >
      <Icon name={full ? 'shrink' : 'full'} />
    </button>
  );
}
