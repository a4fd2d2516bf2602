// The cameras: what each is worth now, and adding, changing and deleting them.
import { useState } from 'react';
import { api, pictureUrl } from '../api/client';
import type { Camera } from '../api/types';
import { useT } from '../i18n/i18n';
import { clock } from '../i18n/time';
import { live } from '../live/live';
import { rate } from '../live/rate';
import { stateKey } from '../live/state';
import { may, session } from '../session/session';
import { Confirm } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { useTick } from '../ui/hooks';
import { Icon } from '../ui/icons';
import { RateFigure } from '../ui/rate';
import { useStore } from '../ui/store';
import { isStale } from '../versions/stale';
import { authorName } from '../versions/words';
import { CalendarPanel } from './calendar';
import { cameras } from './cameras';
import { EmptyState } from './empty';
import { CameraForm } from './form';

export function CamerasPage() {
  const { t, lang } = useT();
  const { user } = useStore(session);
  const list = useStore(cameras.list);
  const failed = useStore(cameras.failed);
  const [form, setForm] = useState<{ camera: Camera | null } | null>(null);
  const [doomed, setDoomed] = useState<Camera | null>(null);
  const [error, setError] = useState<string | null>(null);
  const admin = may.configure(user);
  const remove = async (camera: Camera) => {
    try {
      await api.deleteCamera(camera.id, camera.version);
      cameras.remove(camera.id);
      setDoomed(null);
    } catch (problem) {
      if (!isStale(problem)) return setError(errorText(problem, t));
      const { newest } = problem;
      const who = newest ? authorName(newest.by, t) : t('common.unknown');
      const time = newest ? clock(newest.at, lang) : t('common.unknown');
      setError(t('stale.delete', { who, time }));
      setDoomed(await newestOf(camera));
    }
  };
  return (
    <main className="page">
      <header className="page-head">
        <h1>{t('camera.title')}</h1>
        <span className="spacer" />
        {admin ? (
          <button
            type="button"
            className="pri big"
            data-testid="camera-add"
            onClick={() => setForm({ camera: null })}
          >
            <Icon name="plus" /> {t('camera.add')}
          </button>
        ) : (
          <span className="quiet">{t('role.needs.admin')}</span>
        )}
      </header>
      {list === null && <p className="quiet">{t(failed ? 'wall.failed' : 'common.loading')}</p>}
      {list?.length === 0 && <EmptyState onAdd={() => setForm({ camera: null })} />}
      <ul className="camera-list">
        {list?.map((camera) => (
          <CameraRow
            key={camera.id}
            camera={camera}
            admin={admin}
            onEdit={async () => setForm({ camera: await newestOf(camera) })}
            onDelete={async () => {
              setError(null);
              setDoomed(await newestOf(camera));
            }}
          />
        ))}
      </ul>
      {admin && <CalendarPanel />}
      {form && <CameraForm camera={form.camera} onClose={() => setForm(null)} />}
      {doomed && (
        <Confirm
          title={t('common.delete')}
          text={t('camera.delete.ask', { name: doomed.name })}
          action={t('common.delete')}
          error={error}
          onConfirm={() => void remove(doomed)}
          onClose={() => setDoomed(null)}
        />
      )}
    </main>
  );
}

/** The list is not told of changes by others: a change is based on what the server has now. */
async function newestOf(camera: Camera): Promise<Camera> {
  const now = await api.camera(camera.id).catch(() => camera);
  cameras.put(now);
  return now;
}

interface RowProps {
  camera: Camera;
  admin: boolean;
  onEdit: () => void;
  onDelete: () => void;
}

function CameraRow({ camera, admin, onEdit, onDelete }: RowProps) {
  const { t } = useT();
  const lost = useStore(live.lost);
  const told = useStore(live.statuses)[camera.id] ?? camera.status;
  const tick = Math.floor(useTick(5000) / 5000);
  const state = lost ? 'LOST' : told.state;
  const sees = state === 'LIVE' || state === 'DEGRADED';
  const look = sees ? (state === 'LIVE' ? 'watching' : 'doubtful') : 'blind';
  const pictures = lost || told.pictures_per_s === null ? '?' : told.pictures_per_s.toFixed(1);
  return (
    <li className="camera" data-testid="camera-row" data-camera={camera.id} data-state={state}>
      <div className="camera-shot">
        {sees ? (
          <img src={pictureUrl(camera.id, tick)} alt={camera.name} />
        ) : (
          <Icon name="blind" size={30} />
        )}
      </div>
      <div className="camera-text">
        <h2>
          {camera.name}{' '}
          <span className={`badge ${look}`}>{t(stateKey({ state, reason: told.reason }))}</span>
        </h2>
        <code>{camera.source}</code>
        {told.reason && !lost && <p className="camera-reason">{t(`reason.${told.reason}`)}</p>}
      </div>
      <dl>
        <div>
          <dt>{t('camera.kind')}</dt>
          <dd>{t(`camera.kind.${camera.kind}`)}</dd>
        </div>
        <div>
          <dt>{t('camera.picture')}</dt>
          <dd>{told.width ? `${told.width}×${told.height}` : '?'}</dd>
        </div>
        <div>
          <dt>{t('camera.rate')}</dt>
          <dd>
            <RateFigure rate={lost ? rate(null, null) : live.feed(camera.id).rate(camera.status)} />
          </dd>
        </div>
        <div>
          <dt>{t('camera.pictures')}</dt>
          <dd>
            {pictures} {t('rate.unit')}
          </dd>
        </div>
        <div>
          <dt>{t('editor.title')}</dt>
          <dd>{t('camera.zones', { n: camera.zones.length })}</dd>
        </div>
      </dl>
      {admin && (
        <div className="camera-actions">
          <a className="button" href={`#/zones/${camera.id}`}>
            {t('tile.zones')}
          </a>
          <button type="button" data-testid="camera-edit" onClick={onEdit}>
            {t('common.edit')}
          </button>
          <button type="button" data-testid="camera-delete" onClick={onDelete}>
            {t('common.delete')}
          </button>
        </div>
      )}
    </li>
  );
}
