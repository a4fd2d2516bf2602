// The page as a whole: login, connections that live as long as it, and the room on show.
import { useEffect } from 'react';
import { AuditPage } from './audit/page';
import { cameras } from './cameras/cameras';
import { CamerasPage } from './cameras/page';
import { events } from './events/events';
import { HistoryPage } from './events/history';
import { useT } from './i18n/i18n';
import { AlarmCentre } from './incidents/alarm-centre';
import { incidents } from './incidents/incidents';
import { IncidentsPage } from './incidents/list-page';
import { IncidentPage } from './incidents/page';
import { SettingsPage } from './incidents/settings';
import { live } from './live/live';
import { RegulationsPage } from './regulations/page';
import { Login } from './session/login';
import { probe, resume, session } from './session/session';
import { StatisticsPage } from './statistics/page';
import { Banners } from './ui/banners';
import { Boundary } from './ui/boundary';
import { Header } from './ui/header';
import { address, type Route, route } from './ui/route';
import { StatusBar } from './ui/status-bar';
import { useStore } from './ui/store';
import { startSystem, stopSystem, system } from './ui/system';
import { WallPage } from './wall/page';
import { ZoneEditorPage } from './zones/editor';
import { ScenePage } from './zones/scene-editor';

function connect(): () => void {
  const broke = () => void probe();
  live.start(broke);
  incidents.start();
  events.start(broke);
  cameras.start();
  startSystem();
  return () => {
    live.stop();
    events.stop();
    incidents.stop();
    cameras.stop();
    stopSystem();
  };
}

function forget(): void {
  live.clear();
  events.clear();
  incidents.clear();
  cameras.clear();
  system.set(null);
}

export function App() {
  const now = useStore(session);
  const { t, lang } = useT();
  useEffect(() => {
    document.documentElement.lang = lang;
    document.title = `${t('app.name')} ${t('app.place')}`;
  }, [lang, t]);
  useEffect(() => void resume(), []);
  useEffect(() => {
    if (now.state === 'in') return connect();
    if (now.state === 'out') forget();
    if (now.state === 'expired') live.lost.set(true);
  }, [now.state]);

  if (now.state === 'asking') return <div className="splash">{t('common.loading')}</div>;
  if (now.state === 'out') return <Login />;
  return (
    <>
      <Shell />
      {now.state === 'expired' && <Login expired />}
    </>
  );
}

function Shell() {
  const at = useStore(route);
  const lost = useStore(live.lost);
  return (
    <div className={`shell ${lost ? 'is-lost' : ''}`}>
      <Header />
      <Banners />
      <AlarmCentre />
      <Boundary page={address(at)}>
        <Page at={at} />
      </Boundary>
      <StatusBar />
    </div>
  );
}

function Page({ at }: { at: Route }) {
  switch (at.page) {
    case 'wall':
      return <WallPage />;
    case 'history':
      return <HistoryPage />;
    case 'statistics':
      return <StatisticsPage />;
    case 'incidents':
      return <IncidentsPage />;
    case 'incident':
      return <IncidentPage key={at.id} id={at.id} />;
    case 'settings':
      return <SettingsPage />;
    case 'audit':
      return <AuditPage />;
    case 'cameras':
      return <CamerasPage />;
    case 'regulations':
      return <RegulationsPage />;
    case 'scene':
      return <ScenePage camera={at.camera} />;
    case 'zones':
      return <ZoneEditorPage key={at.camera} camera={at.camera} version={at.version} />;
  }
}
