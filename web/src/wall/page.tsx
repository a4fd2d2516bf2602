// The wall of pictures with the column beside it.
import { useEffect, useMemo, useState } from 'react';
import type { Camera } from '../api/types';
import { cameras } from '../cameras/cameras';
import { EmptyState } from '../cameras/empty';
import { ChecklistPanel } from '../checklists/panel';
import { Timeline } from '../events/timeline';
import { useT } from '../i18n/i18n';
import { alarmPlaces } from '../incidents/alarms';
import { IncidentPanel } from '../incidents/panel';
import { useAlarms } from '../incidents/use';
import { live } from '../live/live';
import { Regulations } from '../regulations/regulations';
import { may, session } from '../session/session';
import { useKeys } from '../ui/hooks';
import { Icon } from '../ui/icons';
import { useStore } from '../ui/store';
import { ZoneStatus } from '../zones/status';
import { arrange, focused, layout } from './layout';
import { Tile } from './tile';
import { toggleFile } from './transport';

const SMALL = 160;
/** Cameras out of sight are still asked for, small, so that their zones stay known. */
const UNSEEN_MAX = 32;

export function WallPage() {
  const list = useStore(cameras.list);
  return (
    <>
      <main className="wall-area ruled">
        <div className="wall-room">
          {list?.length ? <Wall list={list} /> : <NoWall list={list} />}
        </div>
        <Regulations />
      </main>
      <aside className="side">
        <ZoneStatus />
        <IncidentPanel />
        <ChecklistPanel />
        <Timeline />
      </aside>
    </>
  );
}

function NoWall({ list }: { list: Camera[] | null }) {
  const { t } = useT();
  const failed = useStore(cameras.failed);
  if (list) return <EmptyState />;
  return (
    <p className="splash inner">
      {t(failed ? 'wall.failed' : 'common.loading')}
      {failed && (
        <button type="button" onClick={() => void cameras.refresh()}>
          {t('common.retry')}
        </button>
      )}
    </p>
  );
}

function Wall({ list }: { list: Camera[] }) {
  const size = useStore(layout);
  const focus = useStore(focused);
  const all = useAlarms();
  const alarms = useMemo(() => alarmPlaces(all), [all]);
  const { user } = useStore(session);
  const [page, setPage] = useState(0);
  const order = useMemo(() => arrange(list, alarms), [list, alarms]);
  const alarmed = new Set(alarms.map((alarm) => alarm.camera));
  const pages = Math.max(1, Math.ceil(order.length / size));
  const at = Math.min(page, pages - 1);
  const enlarged = order.find((camera) => camera.id === focus) ?? null;
  const shown = enlarged
    ? [enlarged, ...order.filter((camera) => camera !== enlarged)]
    : order.slice(at * size, at * size + size);

  const unseen = list
    .filter((camera) => !shown.includes(camera))
    .slice(0, UNSEEN_MAX)
    .map((camera) => camera.id)
    .join(' ');
  useEffect(() => {
    const wishes = unseen ? unseen.split(' ').map((id) => ({ id, width: SMALL })) : [];
    live.want('unseen', wishes);
    return () => live.want('unseen', []);
  }, [unseen]);

  useKeys((event) => {
    const chosen = shown[Number(event.key) - 1];
    if (/^[1-9]$/.test(event.key) && chosen) {
      focused.set(chosen.id === focus ? null : chosen.id);
    } else if (event.key === 'Escape') focused.set(null);
    else if (event.key.toLowerCase() === 'f') {
      const hovered = document.querySelector<HTMLElement>('.tile:focus-within, .tile:hover');
      focused.set(focus ? null : (hovered?.dataset.camera ?? shown[0]?.id ?? null));
    } else if (event.key === ' ' && may.operate(user)) {
      const file = enlarged ?? (shown.length === 1 ? shown[0] : null);
      if (file?.kind !== 'file') return;
      event.preventDefault();
      void toggleFile(file.id);
    }
  });

  const tile = (camera: Camera, index: number) => (
    <Tile
      key={camera.id}
      camera={camera}
      number={index + 1}
      alarm={alarmed.has(camera.id)}
      enlarged={camera === enlarged}
      thumbnail={enlarged !== null && camera !== enlarged}
    />
  );
  if (enlarged) {
    const [first, ...others] = shown.map(tile);
    return (
      <div className="wall focused">
        {first}
        {others.length > 0 && <div className="thumbs">{others}</div>}
      </div>
    );
  }
  return (
    <div className={`wall n${size}`}>
      {shown.map(tile)}
      {Array.from({ length: Math.max(0, size - shown.length) }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: empty slots are all the same
        <Slot key={index} first={index === 0} />
      ))}
      {pages > 1 && <Pager at={at} pages={pages} onPage={setPage} />}
    </div>
  );
}

function Slot({ first }: { first: boolean }) {
  const { t } = useT();
  const { user } = useStore(session);
  return (
    <div className="slot">
      {first && may.configure(user) ? (
        <a href="#/cameras">
          <Icon name="plus" /> {t('wall.slot.add')}
        </a>
      ) : (
        <span>{t('wall.slot')}</span>
      )}
    </div>
  );
}

interface PagerProps {
  at: number;
  pages: number;
  onPage: (page: number) => void;
}

function Pager({ at, pages, onPage }: PagerProps) {
  const { t } = useT();
  return (
    <div className="pager">
      <button
        type="button"
        aria-label={t('wall.prev')}
        disabled={at === 0}
        onClick={() => onPage(at - 1)}
      >
        <Icon name="back" size={16} />
      </button>
      <span>{t('wall.page', { n: at + 1, m: pages })}</span>
      <button
        type="button"
        aria-label={t('wall.next')}
        disabled={at === pages - 1}
        onClick={() => onPage(at + 1)}
      >
        <Icon name="next" size={16} />
      </button>
    </div>
  );
}
