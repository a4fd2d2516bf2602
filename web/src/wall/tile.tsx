// One camera on the wall. The canvas is painted message by message; everything that is a claim
// about now (badge, counters, cover) is drawn from the same view of what may be believed.
import { memo, useEffect, useMemo, useRef } from 'react';
import type { Camera } from '../api/types';
import { useT } from '../i18n/i18n';
import { age } from '../i18n/time';
import { MuteBadge, MuteButton } from '../incidents/mute-parts';
import type { View } from '../live/age';
import type { Frame } from '../live/decoder';
import { live, widthFor } from '../live/live';
import { paint } from '../live/paint';
import { rate } from '../live/rate';
import { may, session } from '../session/session';
import { useSize, useTick } from '../ui/hooks';
import { Icon } from '../ui/icons';
import { RateFigure } from '../ui/rate';
import { useStore } from '../ui/store';
import { FileBar } from './file-bar';
import { focused } from './layout';
import { Badge, Counts, Cover } from './tile-parts';

const VIEW_MS = 250;

interface TileProps {
  camera: Camera;
  number: number;
  alarm: boolean;
  enlarged: boolean;
  thumbnail: boolean;
}

export const Tile = memo(function Tile(props: TileProps) {
  const { camera, number, alarm, enlarged, thumbnail } = props;
  const { t } = useT();
  const { user } = useStore(session);
  const lost = useStore(live.lost);
  const now = useTick(VIEW_MS);
  const tile = useRef<HTMLElement>(null);
  const canvas = useLiveCanvas(camera, tile);
  const view = live.feed(camera.id).view(lost, now);
  const toggle = () => focused.set(enlarged ? null : camera.id);
  return (
    <article
      ref={tile}
      className={`tile ${view.look} ${alarm ? 'alarm' : ''} ${thumbnail ? 'thumb' : ''}`}
      aria-label={`${camera.name}: ${t(`state.${view.state}`)}`}
      data-testid="tile"
      data-camera={camera.id}
      data-state={view.state}
    >
      <canvas ref={canvas} className="tile-canvas" />
      <Cover view={view} small={thumbnail} status={live.feed(camera.id).status} />
      <button
        type="button"
        className="tile-hit"
        aria-label={`${camera.name}: ${t(enlarged ? 'tile.unfocus' : 'tile.focus')}`}
        onClick={toggle}
      />
      <header className="tile-head">
        <kbd>{number}</kbd>
        <b className="tile-name">{camera.name}</b>
        <Badge view={view} />
        {alarm && (
          <span className="badge alarmed">
            <Icon name="alarm" size={13} /> {t('tile.alarm')}
          </span>
        )}
        <span className="spacer" />
        {!thumbnail && <MuteButton scope={{ camera }} className="tile-tool icon-tool" />}
        {!thumbnail && may.configure(user) && (
          <a
            className="tile-tool"
            href={`#/zones/${camera.id}`}
            data-testid="zone-edit"
            title={t('tile.zones')}
            aria-label={`${camera.name}: ${t('tile.zones')}`}
          >
            <Icon name="zone" size={16} />
            <span>{t('tile.zones')}</span>
          </a>
        )}
        {enlarged && (
          <button type="button" className="tile-tool" onClick={toggle}>
            <Icon name="shrink" size={16} />
            <span>{t('tile.unfocus')}</span>
          </button>
        )}
      </header>
      <div className="tile-mutes">
        <MuteBadge camera={camera.id} />
      </div>
      <footer className="tile-foot">
        {camera.kind === 'file' && !thumbnail && <FileBar camera={camera.id} view={view} />}
        <div className="tile-counts">
          <Counts view={view} short={thumbnail} />
          <Analysis camera={camera.id} view={view} now={now} />
        </div>
      </footer>
    </article>
  );
});

/** How often it is analysed, and how long ago where that is too long. */
function Analysis({ camera, view, now }: { camera: string; view: View; now: number }) {
  const { t } = useT();
  const feed = live.feed(camera);
  const ageMs = view.look === 'doubtful' ? feed.analysisAgeMs(now) : null;
  return (
    <span className="analysis">
      {ageMs !== null && (
        <span className="analysis-age">{t('tile.analysis.age', { age: age(ageMs, t) })}</span>
      )}
      <RateFigure rate={view.analysedPerS === null ? rate(null, null) : feed.rate()} />
    </span>
  );
}

/** Paints each frame once on arrival, and the last one again when the tile changes its size. */
function useLiveCanvas(of: Camera, tile: React.RefObject<HTMLElement | null>) {
  const { id: camera, masks, privacy_masks: blacked } = of;
  const options = useMemo(
    () => ({ zones: true, labels: true, unwatched: [...masks, ...blacked] }),
    [masks, blacked],
  );
  const canvas = useRef<HTMLCanvasElement>(null);
  const last = useRef<Frame | null>(null);
  const frames = useRef(0);
  const { t } = useT();
  const size = useSize(canvas);

  useEffect(() => {
    if (!size.width) return;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const who = `tile ${camera}`;
    live.want(who, [{ id: camera, width: widthFor(size.width * ratio) }]);
    return () => live.want(who, []);
  }, [camera, size.width]);

  useEffect(() => {
    const show = (frame: Frame) => {
      if (!canvas.current) return;
      paint(canvas.current, frame.header, frame.bitmap, t, options);
      // The same frame is painted again after a change of language or size.
      if (frame !== last.current) frames.current += 1;
      last.current = frame;
      if (!tile.current) return;
      tile.current.dataset.boxes = String(frame.header.boxes.length);
      tile.current.dataset.frames = String(frames.current);
    };
    return live.feed(camera).onFrame(show);
  }, [camera, t, tile, options]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new size is the reason to paint
  useEffect(() => {
    const { frame } = live.feed(camera);
    if (canvas.current && frame) paint(canvas.current, frame.header, frame.bitmap, t, options);
  }, [camera, size.width, size.height, t, options]);

  return canvas;
}
