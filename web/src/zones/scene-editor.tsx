// The page of a camera's masked areas and of its floor in metres.
import { type PointerEvent, useEffect, useRef, useState } from 'react';
import { api } from '../api/client';
import type { Calibration, Camera, LiveHeader, Point } from '../api/types';
import { cameras } from '../cameras/cameras';
import { useT } from '../i18n/i18n';
import { live } from '../live/live';
import { contain } from '../live/paint';
import { may, session } from '../session/session';
import { ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { isTyping, useSize, useTick } from '../ui/hooks';
import { Icon } from '../ui/icons';
import { useStore } from '../ui/store';
import { isStale } from '../versions/stale';
import { Badge } from '../wall/tile-parts';
import { distance, movePoint, POINTS_MAX, snap } from './geometry';
import { Handle } from './handle';
import { NumberField } from './number';
import { ZonePicture } from './picture';
import {
  closeMask,
  MASKS_MAX,
  type MaskKind,
  newCalibration,
  rectangle,
  type SceneDraft,
  sceneFault,
  sceneOf,
  sides,
} from './scene';

const CLOSE_PX = 14;

export function ScenePage({ camera: id }: { camera: string }) {
  const { t } = useT();
  const list = useStore(cameras.list);
  const { user } = useStore(session);
  const camera = list?.find((other) => other.id === id);
  if (!camera || !may.configure(user)) {
    const why = !list ? 'common.loading' : camera ? 'role.needs.admin' : 'reason.not_found';
    return <main className="page splash inner">{t(why)}</main>;
  }
  return <SceneEditor key={camera.id} camera={camera} />;
}

function SceneEditor({ camera }: { camera: Camera }) {
  const { t } = useT();
  const view = live.feed(camera.id).view(useStore(live.lost), useTick(250));
  /** What the draft began with, and what the next save is based on. */
  const [origin, setOrigin] = useState(camera);
  const [base, setBase] = useState(camera);
  const [draft, setDraft] = useState<SceneDraft>(sceneOf(camera));
  const [header, setHeader] = useState<LiveHeader | null>(live.feed(camera.id).header);
  const [note, setNote] = useState<{ good: boolean; text: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const stage = useRef<HTMLDivElement>(null);
  const size = useSize(stage);
  const source = header ?? camera.status;
  const place = contain(size.width, size.height, source.width ?? 16, source.height ?? 9);

  useEffect(() => {
    live.want('scene editor', [{ id: camera.id, width: 1280 }]);
    return () => live.want('scene editor', []);
  }, [camera.id]);

  const change = (next: SceneDraft) => {
    setDraft(next);
    setNote(null);
  };
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (isTyping(event.target)) return;
      if (event.key === 'Enter') setDraft(closeMask);
      if (event.key === 'Escape') setDraft((now) => ({ ...now, open: null }));
    };
    window.addEventListener('keydown', listener);
    return () => window.removeEventListener('keydown', listener);
  }, []);

  const save = async () => {
    const wrong = sceneFault(draft);
    if (wrong) return setNote({ good: false, text: t(wrong) });
    setBusy(true);
    try {
      // Only what was changed here: the other may be somebody else's by now.
      const { masks, privacy_masks, calibration } = draft;
      const change = {
        ...(masks !== origin.masks && { masks }),
        ...(privacy_masks !== origin.privacy_masks && { privacy_masks }),
        ...(calibration !== origin.calibration && { calibration }),
      };
      const now = await api.changeCamera(camera.id, change, base.version);
      setOrigin(now);
      cameras.put(now);
      setBase(now);
      setDraft(sceneOf(now));
      setNote({ good: true, text: t('scene.saved') });
    } catch (problem) {
      setNote({ good: false, text: errorText(problem, t) });
      // What was drawn stays; a second save is based on what is there now.
      if (isStale(problem)) setBase(await api.camera(camera.id).catch(() => base));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className="editor">
      <div className="editor-main">
        <header className="editor-head">
          <a className="button" href={`#/zones/${camera.id}`}>
            <Icon name="back" size={16} /> {t('common.back')}
          </a>
          <h1>
            {camera.name} · {t('scene.title')}
          </h1>
          <Badge view={view} />
        </header>
        <div className="stage" ref={stage}>
          <div
            className="stage-picture"
            style={{ left: place.x, top: place.y, width: place.width, height: place.height }}
          >
            <ZonePicture
              camera={camera}
              points={[]}
              type="custom"
              anchor="foot"
              running
              onHeader={setHeader}
            />
            {view.ageMs === null && <p className="stage-none">{t('editor.nopicture')}</p>}
            {place.width > 0 && (
              <SceneShape
                draft={draft}
                width={place.width}
                height={place.height}
                onChange={change}
              />
            )}
          </div>
        </div>
        <p className="editor-hint">{draft.open ? t('editor.hint.draw') : ''}</p>
      </div>
      <aside className="side editor-side">
        <MaskPanel kind="masks" draft={draft} onChange={change} />
        <MaskPanel kind="privacy_masks" draft={draft} onChange={change} />
        <CalibrationPanel
          calibration={draft.calibration}
          onChange={(calibration) => change({ ...draft, calibration, dirty: true })}
        />
        <section className="panel">
          {note &&
            (note.good ? <p className="good">✓ {note.text}</p> : <ErrorNote text={note.text} />)}
          <div className="row end">
            <button
              type="button"
              disabled={!draft.dirty && !draft.open}
              onClick={() => {
                setOrigin(base);
                change(sceneOf(base));
              }}
            >
              {t('common.cancel')}
            </button>
            <button
              type="button"
              className="pri"
              data-testid="scene-save"
              disabled={busy || !(draft.dirty || draft.open)}
              onClick={() => void save()}
            >
              {t(busy ? 'common.saving' : 'common.save')}
            </button>
          </div>
        </section>
      </aside>
    </main>
  );
}

interface PanelProps {
  draft: SceneDraft;
  onChange: (draft: SceneDraft) => void;
}

const MASK_WORDS = {
  masks: {
    title: 'scene.masks',
    note: 'scene.masks.note',
    none: 'scene.masks.none',
    one: 'scene.mask',
    add: 'scene.mask.add',
    remove: 'scene.mask.remove',
    test: 'mask-new',
  },
  privacy_masks: {
    title: 'scene.privacy',
    note: 'scene.privacy.note',
    none: 'scene.privacy.none',
    one: 'scene.privacy.one',
    add: 'scene.privacy.add',
    remove: 'scene.privacy.remove',
    test: 'privacy-new',
  },
} as const;

function MaskPanel({ kind, draft, onChange }: PanelProps & { kind: MaskKind }) {
  const { t } = useT();
  const { open } = draft;
  const words = MASK_WORDS[kind];
  const masks = draft[kind];
  const drawing = open !== null && draft.kind === kind;
  return (
    <section className="panel">
      <h2>{t(words.title)}</h2>
      <p className="quiet">{t(words.note)}</p>
      {masks.length === 0 && <p>{t(words.none)}</p>}
      <ul className="zone-list">
        {masks.map((mask, at) => (
          <li key={mask.flat().join()} className="row">
            <span>{t(words.one, { n: at + 1 })}</span>
            <span className="spacer" />
            <button
              type="button"
              aria-label={t(words.remove, { n: at + 1 })}
              onClick={() =>
                onChange({ ...draft, [kind]: masks.filter((_, i) => i !== at), dirty: true })
              }
            >
              {t('common.delete')}
            </button>
          </li>
        ))}
      </ul>
      <button
        type="button"
        className="wide"
        data-testid={words.test}
        aria-pressed={drawing}
        disabled={masks.length >= MASKS_MAX}
        onClick={() => onChange({ ...draft, kind, open: drawing ? null : [] })}
      >
        <Icon name="plus" size={16} /> {t(words.add)}
      </button>
    </section>
  );
}

interface CalibrationProps {
  calibration: Calibration | null;
  onChange: (calibration: Calibration | null) => void;
}

function CalibrationPanel({ calibration, onChange }: CalibrationProps) {
  const { t } = useT();
  if (!calibration) {
    return (
      <section className="panel">
        <h2>{t('scene.calibration')}</h2>
        <p className="quiet">{t('scene.calibration.none')}</p>
        <button
          type="button"
          className="wide"
          data-testid="calibration-new"
          onClick={() => onChange(newCalibration())}
        >
          <Icon name="plus" size={16} /> {t('scene.calibration.add')}
        </button>
      </section>
    );
  }
  const { width, depth } = sides(calibration);
  const resize = (to: { width: number; depth: number }) =>
    onChange({ ...calibration, metres: rectangle(to.width, to.depth) });
  return (
    <section className="panel form">
      <h2>{t('scene.calibration')}</h2>
      <p className="quiet">{t('scene.calibration.note')}</p>
      <div className="two">
        <NumberField
          name="calibration-width"
          label={t('scene.width')}
          step={0.1}
          min={0.1}
          value={width}
          onChange={(next) => resize({ width: next, depth })}
        />
        <NumberField
          name="calibration-depth"
          label={t('scene.depth')}
          step={0.1}
          min={0.1}
          value={depth}
          onChange={(next) => resize({ width, depth: next })}
        />
      </div>
      <button type="button" data-testid="calibration-remove" onClick={() => onChange(null)}>
        {t('scene.calibration.remove')}
      </button>
    </section>
  );
}

function SceneShape({
  draft,
  width,
  height,
  onChange,
}: PanelProps & { width: number; height: number }) {
  const { t } = useT();
  const { open, calibration } = draft;
  const kinds: MaskKind[] = ['masks', 'privacy_masks'];
  const xy = ([x, y]: Point) => `${x * width},${y * height}`;
  const text = (points: readonly Point[]) => points.map(xy).join(' ');
  const press = (event: PointerEvent<SVGSVGElement>) => {
    if (event.button !== 0 || !open) return;
    const box = event.currentTarget.getBoundingClientRect();
    const at = snap([
      (event.clientX - box.left) / box.width,
      (event.clientY - box.top) / box.height,
    ]);
    const [first] = open;
    if (first && open.length > 2 && distance(first, at, width, height) < CLOSE_PX) {
      onChange(closeMask(draft));
    } else if (open.length < POINTS_MAX) onChange({ ...draft, open: [...open, at] });
  };
  const moveMask = (kind: MaskKind, mask: number, index: number, to: Point) =>
    onChange({
      ...draft,
      [kind]: draft[kind].map((points, i) => (i === mask ? movePoint(points, index, to) : points)),
      dirty: true,
    });
  const moveCorner = (index: number, to: Point) =>
    calibration &&
    onChange({
      ...draft,
      calibration: { ...calibration, points: movePoint(calibration.points, index, to) },
      dirty: true,
    });
  return (
    <svg
      className={`zone-canvas ${open ? 'drawing' : ''}`}
      data-testid="scene-canvas"
      viewBox={`0 0 ${width} ${height}`}
      role="application"
      aria-label={t('scene.title')}
      onPointerDown={press}
    >
      {kinds.map((kind) =>
        draft[kind].map((points, mask) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a mask is known by its place while it is moved
          <g key={`${kind} ${mask}`} className={kind === 'masks' ? 'mask' : 'mask privacy'}>
            <polygon points={text(points)} />
            {points.map((point, index) => (
              <Handle
                // biome-ignore lint/suspicious/noArrayIndexKey: a corner is known by its place
                key={index}
                point={point}
                label={`${t(MASK_WORDS[kind].one, { n: mask + 1 })}: ${t('editor.point', { n: index + 1 })}`}
                width={width}
                height={height}
                onMove={(to) => moveMask(kind, mask, index, to)}
              />
            ))}
          </g>
        )),
      )}
      {open && open.length > 0 && (
        <g className={draft.kind === 'masks' ? 'mask draft' : 'mask privacy draft'}>
          <polyline points={text(open)} />
          {open.map((point) => (
            <circle
              key={point.join()}
              className="corner"
              cx={point[0] * width}
              cy={point[1] * height}
              r={6}
            />
          ))}
        </g>
      )}
      {calibration && !open && (
        <g className="calibration">
          <polygon points={text(calibration.points)} />
          {calibration.points.map((point, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a corner is known by its place
            <g key={index}>
              <Handle
                point={point}
                label={t('scene.corner', { n: index + 1 })}
                width={width}
                height={height}
                onMove={(to) => moveCorner(index, to)}
              />
              <text x={point[0] * width + 10} y={point[1] * height - 12}>
                {index + 1}
              </text>
            </g>
          ))}
        </g>
      )}
    </svg>
  );
}
