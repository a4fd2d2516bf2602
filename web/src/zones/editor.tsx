// The zone editor: one camera, its picture, its zones and the one being drawn.
import { useEffect, useRef, useState } from 'react';
import { api } from '../api/client';
import { ApiError } from '../api/http';
import type { Camera, LiveHeader, Version, Zone, ZoneDraft } from '../api/types';
import { cameras } from '../cameras/cameras';
import { useT } from '../i18n/i18n';
import { live } from '../live/live';
import { contain, ZONE_MARKS } from '../live/paint';
import { may, session } from '../session/session';
import { Confirm, ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { isTyping, useSize, useTick } from '../ui/hooks';
import { Icon } from '../ui/icons';
import { address, go } from '../ui/route';
import { useStore } from '../ui/store';
import { VersionsPanel } from '../versions/panel';
import { RestoreQuestion } from '../versions/restore';
import { isStale, StaleNote } from '../versions/stale';
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
import { RulePreview } from './preview';
import { ReplayPanel } from './replay';
import { ZoneShape } from './shape';

interface PageProps {
  camera: string;
  /** A version to show in the history. */
  version?: number | undefined;
}

export function ZoneEditorPage({ camera: id, version }: PageProps) {
  const { t } = useT();
  const list = useStore(cameras.list);
  const { user } = useStore(session);
  const camera = list?.find((other) => other.id === id);
  if (!camera || !may.configure(user)) {
    const why = !list ? 'common.loading' : camera ? 'role.needs.admin' : 'reason.not_found';
    return <main className="page splash inner">{t(why)}</main>;
  }
  return <ZoneEditor camera={camera} at={version} />;
}

type Asking = 'delete' | { discard: () => void } | { restore: Version } | null;

function ZoneEditor({ camera, at }: { camera: Camera; at: number | undefined }) {
  const { t } = useT();
  const lost = useStore(live.lost);
  const now = useTick(250);
  const view = live.feed(camera.id).view(lost, now);
  const [zones, setZones] = useState<Zone[]>(camera.zones);
  const [version, setVersion] = useState(camera.version);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [selected, setSelected] = useState<number | null>(null);
  const [running, setRunning] = useState(true);
  const [header, setHeader] = useState<LiveHeader | null>(live.feed(camera.id).header);
  const [error, setError] = useState<string | null>(null);
  const [stale, setStale] = useState(false);
  const [saved, setSaved] = useState<string | null>(null);
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

  const take = (now: Camera) => {
    setZones(now.zones);
    setVersion(now.version);
    cameras.put(now);
    return now;
  };
  /** The state of the server; what is being drawn stays if it was changed here. */
  const refresh = async () => {
    const now = await api.camera(camera.id).then(take, () => null);
    if (!now) return;
    setDraft((draft) => {
      if (!draft?.id || draft.dirty) return draft;
      const zone = now.zones.find((other) => other.id === draft.id);
      return zone ? editDraft(zone) : null;
    });
  };
  const told = Math.max(header?.config_version ?? 0, version);
  // biome-ignore lint/correctness/useExhaustiveDependencies: at the start, when pictures are judged by a newer version, and when nothing is unsaved any more
  useEffect(() => {
    if (!draft?.dirty) void refresh();
  }, [camera.id, told, draft?.dirty ?? false]);

  const fresh = () => newDraft(t('editor.name.default', { n: zones.length + 1 }));
  const change = (next: Draft | null) => {
    setDraft(next);
    setError(null);
    setSaved(null);
    if (!next || next.id !== draft?.id) setStale(false);
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

  /** The form stays as it is, whatever goes wrong. */
  const failed = (problem: unknown) => {
    setStale(isStale(problem) || isGone(problem));
    setError(isStale(problem) ? null : errorText(problem, t));
  };
  const save = async (basedOn: number) => {
    if (!draft || busy) return;
    const wrong = fault(draft);
    if (wrong) return setError(t(wrong));
    setBusy(true);
    const body = toSend(draft, camera.id);
    try {
      const zone = draft.id
        ? await api.changeZone(draft.id, body, basedOn)
        : await api.addZone(body);
      setZones([...zones.filter((other) => other.id !== zone.id), zone]);
      change(null);
      setSaved(t('editor.saved'));
      await refresh();
    } catch (problem) {
      failed(problem);
    } finally {
      setBusy(false);
    }
  };
  const saveMine = async () => {
    const now = await api.camera(camera.id).catch((problem) => failed(problem));
    if (now) await save(now.version);
  };
  const load = async () => {
    const now = await api.camera(camera.id).then(take, (problem) => failed(problem));
    const zone = now?.zones.find((other) => other.id === draft?.id);
    if (now) change(zone ? editDraft(zone) : null);
    setStale(false);
  };
  const remove = async () => {
    if (!draft?.id) return;
    try {
      await api.deleteZone(draft.id, draft.version);
      setZones(zones.filter((other) => other.id !== draft.id));
      change(null);
      await refresh();
    } catch (problem) {
      failed(problem);
    } finally {
      setAsking(null);
    }
  };
  const restore = async (old: Version) => {
    setAsking(null);
    change(null);
    try {
      take(await api.restore(camera.id, old.version, version));
      setSaved(t('versions.restored', { n: old.version }));
    } catch (problem) {
      setError(isStale(problem) ? t('stale.restore') : errorText(problem, t));
      await refresh();
    }
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
          <a
            className="button"
            data-testid="zone-scene"
            href={address({ page: 'scene', camera: camera.id })}
            onClick={(event) => {
              if (!draft?.dirty) return;
              event.preventDefault();
              leave(() => go({ page: 'scene', camera: camera.id }));
            }}
          >
            {t('scene.title')}
          </a>
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
              anchor={draft?.settings.anchor ?? 'foot'}
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
                  <i className={zone.type}>{ZONE_MARKS[zone.type]}</i>
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
          {saved && <p className="good">✓ {saved}</p>}
          {error && !draft && <ErrorNote text={error} />}
        </section>
        {draft && (
          <section className="panel grow">
            <form
              onSubmit={(event) => {
                event.preventDefault();
                void save(draft.version);
              }}
              noValidate
            >
              <ZoneForm draft={draft} calibrated={camera.calibration !== null} onChange={change}>
                <Inside draft={draft} header={header} view={view} />
                <RulePreview draft={draft} zones={zones} header={header} view={view} />
                {error && <ErrorNote text={error} />}
                {stale && (
                  <StaleNote
                    camera={camera.id}
                    basedOn={draft.version}
                    onLoad={() => void load()}
                    onMine={error || !draft.dirty ? undefined : () => void saveMine()}
                  />
                )}
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
        <ReplayPanel camera={camera.id} zones={tried(zones, draft, camera.id)} />
        <VersionsPanel
          camera={camera.id}
          newest={version}
          at={at}
          onRestore={(old) => leave(() => setAsking({ restore: old }))}
        />
      </aside>
      {asking && typeof asking === 'object' && 'restore' in asking && (
        <RestoreQuestion
          camera={camera.id}
          version={asking.restore}
          onConfirm={() => void restore(asking.restore)}
          onClose={() => setAsking(null)}
        />
      )}
      {asking === 'delete' && (
        <Confirm
          title={t('common.delete')}
          text={t('editor.delete.ask', { name: draft?.settings.name ?? '' })}
          action={t('common.delete')}
          onConfirm={() => void remove()}
          onClose={() => setAsking(null)}
        />
      )}
      {asking && typeof asking === 'object' && 'discard' in asking && (
        <Confirm
          title={t('editor.title')}
          text={t('editor.unsaved')}
          action={t('editor.unsaved.ok')}
          onConfirm={() => {
            setAsking(null);
            asking.discard();
          }}
          onClose={() => setAsking(null)}
        />
      )}
    </main>
  );
}

/** All zones, with what is being drawn instead of what is saved. */
function tried(zones: readonly Zone[], draft: Draft | null, camera: string): (Zone | ZoneDraft)[] {
  if (!draft || fault(draft)) return [...zones];
  const { id, version } = draft;
  const own = toSend(draft, camera);
  return [...zones.filter((zone) => zone.id !== id), id ? { ...own, id, version } : own];
}

/** Somebody has deleted the zone meanwhile. */
const isGone = (error: unknown) => error instanceof ApiError && error.status === 404;

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
