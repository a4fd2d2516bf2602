// The zone editor: one camera, its picture, its zones and the one being drawn.
import { useEffect, useRef, useState } from 'react';
import { api } from '../api/client';
import type { Camera, LiveHeader, Zone } from '../api/types';
import { cameras } from '../cameras/cameras';
import { useT } from '../i18n/i18n';
import { live } from '../live/live';
import { contain } from '../live/paint';
import { may, session } from '../session/session';
import { Confirm, ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { isTyping, useSize, useTick } from '../ui/hooks';
import { Icon } from '../ui/icons';
import { useStore } from '../ui/store';
import { Badge } from '../wall/tile-parts';
import {
  addPoint,
  close,
  type Draft,
  editDraft,
  fault,
  newDraft,
  reshape,
  toSend,
  undo,
} from './draft';
import { ZoneForm } from './form';
import { removePoint } from './geometry';
import { Inside } from './inside';
import { ZonePicture } from './picture';
import { ZoneShape } from './shape';

export function ZoneEditorPage({ camera: id }: { camera: string }) {
  const { t } = useT();
  const list = useStore(cameras.list);
  const { user } = useStore(session);
  const camera = list?.find((other) => other.id === id);
  if (!camera || !may.configure(user)) {
    const why = !list ? 'common.loading' : camera ? 'role.needs.admin' : 'reason.not_found';
    return <main className="page splash inner">{t(why)}</main>;
  }
  return <ZoneEditor camera={camera} />;
}

type Asking = 'delete' | { discard: () => void } | null;

function ZoneEditor({ camera }: { camera: Camera }) {
  const { t } = useT();
  const lost = useStore(live.lost);
  const now = useTick(250);
  const view = live.feed(camera.id).view(lost, now);
  const [zones, setZones] = useState<Zone[]>(camera.zones);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [selected, setSelected] = useState<number | null>(null);
  const [running, setRunning] = useState(true);
  const [header, setHeader] = useState<LiveHeader | null>(live.feed(camera.id).header);
  const [error, setError] = useState<string | null>(null);
  const [saved, setSaved] = useState(false);
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState<Asking>(null);
  const stage = useRef<HTMLDivElement>(null);
  const size = useSize(stage);
  const source = header ?? camera.status;
  const place = contain(size.width, size.height, source.width ?? 16, source.height ?? 9);

  useEffect(() => {
    live.want('zone editor', [{ id: camera.id, width: 1280 }]);
    return () => live.want('zone editor', []);
  }, [camera.id]);

  const fresh = () => newDraft(t('editor.name.default', { n: zones.length + 1 }));
  const change = (next: Draft | null) => {
    setDraft(next);
    setError(null);
    setSaved(false);
  };
  const leave = (then: () => void) => {
    if (draft?.dirty) setAsking({ discard: then });
    else then();
  };
  const pick = (zone: Zone) =>
    leave(() => {
      change(editDraft(zone));
      setSelected(null);
    });

  const save = async () => {
    if (!draft || busy) return;
    const wrong = fault(draft);
    if (wrong) return setError(t(wrong));
    setBusy(true);
    const body = toSend(draft, camera.id);
    try {
      const zone = draft.id ? await api.changeZone(draft.id, body) : await api.addZone(body);
      const rest = zones.filter((other) => other.id !== zone.id);
      keep([...rest, zone]);
      setDraft(null);
      setError(null);
      setSaved(true);
    } catch (problem) {
      setError(errorText(problem, t));
    } finally {
      setBusy(false);
    }
  };
  const remove = async () => {
    if (!draft?.id) return;
    try {
      await api.deleteZone(draft.id);
      keep(zones.filter((other) => other.id !== draft.id));
      change(null);
    } catch (problem) {
      setError(errorText(problem, t));
    } finally {
      setAsking(null);
    }
  };
  const keep = (next: Zone[]) => {
    setZones(next);
    cameras.put({ ...camera, zones: next });
  };

  useEditorKeys((event) => {
    if (asking) return;
    if (event.key.toLowerCase() === 'z' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (draft) change(undo(draft));
    } else if (event.key === 'Enter' && draft && !draft.shape.closed && !isButton(event.target)) {
      event.preventDefault();
      change(close(draft));
    } else if (
      (event.key === 'Delete' || event.key === 'Backspace') &&
      draft &&
      selected !== null
    ) {
      const { shape } = draft;
      change(
        reshape(draft, { ...shape, points: removePoint(shape.points, selected, shape.closed) }),
      );
      setSelected(null);
    } else if (event.key === 'Escape' && draft) leave(() => change(null));
  });

  const hint = !draft
    ? zones.length
      ? 'editor.hint.pick'
      : 'editor.hint.start'
    : draft.shape.closed
      ? 'editor.hint.edit'
      : draft.shape.points.length
        ? 'editor.hint.draw'
        : 'editor.hint.start';
  return (
    <main className="editor">
      <div className="editor-main">
        <header className="editor-head">
          <a className="button" href="#/wall">
            <Icon name="back" size={16} /> {t('common.back')}
          </a>
          <h1>{camera.name}</h1>
          <Badge view={view} />
          <span className="spacer" />
          <button
            type="button"
            disabled={!draft?.past.length}
            onClick={() => draft && change(undo(draft))}
          >
            <Icon name="undo" size={16} /> {t('editor.undo')}
          </button>
          <button type="button" aria-pressed={!running} onClick={() => setRunning(!running)}>
            <Icon name={running ? 'pause' : 'play'} size={16} />
            {t(running ? 'editor.still' : 'editor.live')}
          </button>
        </header>
        <div className="stage" ref={stage}>
          <div
            className="stage-picture"
            style={{ left: place.x, top: place.y, width: place.width, height: place.height }}
          >
            <ZonePicture
              camera={camera}
              points={draft?.shape.points ?? []}
              type={draft?.settings.type ?? 'danger'}
              running={running}
              onHeader={setHeader}
            />
            {view.ageMs === null && <p className="stage-none">{t('editor.nopicture')}</p>}
            {place.width > 0 && (
              <ZoneShape
                width={place.width}
                height={place.height}
                zones={zones.filter((zone) => zone.id !== draft?.id)}
                draft={draft}
                selected={selected}
                onSelect={setSelected}
                onChange={change}
                onStart={(point) => change(addPoint(fresh(), point))}
                onPick={pick}
              />
            )}
          </div>
        </div>
        <p className="editor-hint">{t(hint)}</p>
      </div>
      <aside className="side editor-side">
        <section className="panel">
          <h2>{t('editor.list')}</h2>
          {zones.length === 0 && !draft && <p className="quiet">{t('editor.list.none')}</p>}
          <ul className="zone-list">
            {zones.map((zone) => (
              <li key={zone.id}>
                <button
                  type="button"
                  data-testid="zone-pick"
                  aria-pressed={draft?.id === zone.id}
                  onClick={() => pick(zone)}
                >
                  <i className={zone.type}>{zone.type === 'danger' ? '■' : '▲'}</i>
                  <span>{zone.name}</span>
                  <small>{t(zone.active ? `zone.${zone.type}` : 'zone.inactive')}</small>
                </button>
              </li>
            ))}
          </ul>
          <button
            type="button"
            className="wide"
            data-testid="zone-new"
            onClick={() => leave(() => change(fresh()))}
          >
            <Icon name="plus" size={16} /> {t('editor.new')}
          </button>
          {saved && <p className="good">✓ {t('editor.saved')}</p>}
        </section>
        {draft && (
          <section className="panel grow">
            <form
              onSubmit={(event) => {
                event.preventDefault();
                void save();
              }}
              noValidate
            >
              <ZoneForm draft={draft} onChange={change}>
                <Inside draft={draft} header={header} view={view} />
                {error && <ErrorNote text={error} />}
                <div className="row end">
                  {draft.id && (
                    <button type="button" className="danger" onClick={() => setAsking('delete')}>
                      {t('common.delete')}
                    </button>
                  )}
                  <span className="spacer" />
                  <button type="button" onClick={() => leave(() => change(null))}>
                    {t('common.cancel')}
                  </button>
                  <button type="submit" className="pri" data-testid="zone-save" disabled={busy}>
                    {t(busy ? 'common.saving' : 'common.save')}
                  </button>
                </div>
              </ZoneForm>
            </form>
          </section>
        )}
      </aside>
      {asking === 'delete' && (
        <Confirm
          title={t('common.delete')}
          text={t('editor.delete.ask', { name: draft?.settings.name ?? '' })}
          action={t('common.delete')}
          onConfirm={() => void remove()}
          onClose={() => setAsking(null)}
        />
      )}
      {asking && asking !== 'delete' && (
        <Confirm
          title={t('editor.title')}
          text={t('editor.unsaved')}
          action={t('editor.unsaved.ok')}
          onConfirm={() => {
            asking.discard();
            setAsking(null);
          }}
          onClose={() => setAsking(null)}
        />
      )}
    </main>
  );
}

/** Enter on a button of the form is the button's. */
const isButton = (target: EventTarget | null) => target instanceof HTMLButtonElement;

/** Like the page's keys, but with Ctrl, and silent while somebody types. */
function useEditorKeys(handle: (event: KeyboardEvent) => void): void {
  const latest = useRef(handle);
  latest.current = handle;
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (!isTyping(event.target)) latest.current(event);
    };
    window.addEventListener('keydown', listener);
    return () => window.removeEventListener('keydown', listener);
  }, []);
}
