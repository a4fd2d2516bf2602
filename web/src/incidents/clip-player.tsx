// The clip of an alarm: played by the browser, with the boxes of its pictures drawn over it and a
// mark where the alarm began.
import { type RefObject, useEffect, useRef, useState } from 'react';
import { type Missing, whyMissing } from '../api/evidence';
import type { SafetyEvent } from '../api/types';
import type { Translate } from '../i18n/i18n';
import { useT } from '../i18n/i18n';
import { contain } from '../live/paint';
import { may, session } from '../session/session';
import { ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { useSize } from '../ui/hooks';
import { useStore } from '../ui/store';
import { clipFileUrl, clipUrl, incidentApi } from './api';
import { alarmPart, clipFacts, clipWhy, doubtOf, pictureAt } from './clip';
import type { ClipBoxes, ClipFacts, ClipPicture } from './types';
import { size } from './words';

const LINES = { ok: '#3fb27f', warning: '#f2b233', danger: '#ff5c5c' } as const;

export function ClipPlayer({ event }: { event: SafetyEvent }) {
  const { t } = useT();
  const facts = clipFacts(event.details);
  if (event.clip === 'stored') return <Player key={event.id} event={event.id} facts={facts} />;
  const failed = event.clip === 'failed' ? clipWhy(facts.failed, t) : null;
  const text = failed
    ? t('clip.failed', { why: failed.text })
    : t(event.clip === 'pending' ? 'clip.pending' : 'clip.none');
  return (
    <p
      className={`clip-none ${event.clip === 'failed' ? 'failed' : ''}`}
      data-testid="clip-state"
      data-clip={event.clip ?? 'none'}
      role="status"
    >
      {text}
      {failed?.detail && <small> {failed.detail}</small>}
    </p>
  );
}

function Player({ event, facts }: { event: string; facts: ClipFacts }) {
  const { t } = useT();
  const originals = may.takeOriginals(useStore(session).user);
  const video = useRef<HTMLVideoElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [boxes, setBoxes] = useState<ClipBoxes | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [missing, setMissing] = useState<Missing | null>(null);
  const early = facts.ended_early ? clipWhy(facts.ended_early, t) : null;
  const [drawn, setDrawn] = useState(true);
  const [duration, setDuration] = useState(facts.duration_s ?? Number.NaN);
  useEffect(() => {
    let gone = false;
    incidentApi
      .clipBoxes(event)
      .then((told) => gone || setBoxes(told))
      .catch((problem) => gone || setError(errorText(problem, t)));
    return () => {
      gone = true;
    };
  }, [event, t]);
  const doubt = useDrawing(video, canvas, drawn ? boxes : null, t);
  const part = alarmPart(facts, duration);
  const toAlarm = () => {
    if (video.current && facts.before_s !== undefined) video.current.currentTime = facts.before_s;
  };
  const again = () => {
    setMissing(null);
    video.current?.load();
  };
  return (
    <div className="clip" data-testid="clip">
      <div className="clip-stage">
        <video
          ref={video}
          src={clipUrl(event)}
          controls
          // The browser's own button would save it past that right.
          controlsList={originals ? undefined : 'nodownload'}
          muted
          playsInline
          preload="auto"
          aria-label={t('clip.label')}
          data-testid="clip-video"
          data-before-s={facts.before_s}
          onLoadedMetadata={(loaded) => {
            const { duration: told } = loaded.currentTarget;
            if (Number.isFinite(told)) setDuration(told);
          }}
          onError={() => void whyMissing(clipUrl(event)).then(setMissing)}
        />
        <canvas
          ref={canvas}
          className="clip-boxes"
          data-testid="clip-boxes"
          data-pictures={boxes?.pictures.length}
        />
        {drawn && doubt && <span className="clip-doubt">{doubt}</span>}
      </div>
      {part !== null && (
        <div className="clip-line">
          <button
            type="button"
            className="clip-mark"
            style={{ left: `${part * 100}%` }}
            data-testid="clip-alarm"
            data-part={part.toFixed(3)}
            title={t('clip.toalarm')}
            aria-label={t('clip.toalarm')}
            onClick={toAlarm}
          >
            ▲ {t('clip.alarm')}
          </button>
        </div>
      )}
      {missing && (
        <div className="row wrap" data-testid="clip-missing" data-why={missing}>
          <ErrorNote
            text={
              missing === 'unplayable'
                ? t(originals ? 'clip.unplayable' : 'clip.unplayable.case', {
                    codec: facts.codec ?? t('common.unknown'),
                  })
                : t(missing === 'gone' ? 'evidence.gone' : 'clip.unloaded')
            }
          />
          {missing === 'failed' && (
            <button type="button" onClick={again}>
              {t('common.retry')}
            </button>
          )}
        </div>
      )}
      {error && missing !== 'gone' && <ErrorNote text={`${t('clip.boxes.failed')}: ${error}`} />}
      {early && (
        <p className="warn-note" data-testid="clip-early">
          {t('clip.early', { why: early.text })}
          {early.detail && <small> {early.detail}</small>}
        </p>
      )}
      <div className="row wrap">
        <button
          type="button"
          aria-pressed={drawn}
          data-testid="clip-boxes-toggle"
          onClick={() => setDrawn(!drawn)}
        >
          {t('clip.boxes')}
        </button>
        {part !== null && (
          <button type="button" onClick={toAlarm}>
            {t('clip.toalarm')}
          </button>
        )}
        {originals && (
          <a
            className="button"
            href={clipFileUrl(event)}
            download={`${event}.mp4`}
            data-testid="clip-download"
          >
            {t('clip.download')}
          </a>
        )}
        <small>{factLine(facts, duration, t)}</small>
      </div>
    </div>
  );
}

function factLine(facts: ClipFacts, duration: number, t: Translate): string {
  const parts = [
    t('clip.facts', {
      s: Number.isFinite(duration) ? duration.toFixed(1) : '?',
      codec: (facts.codec ?? '?').toUpperCase(),
      size: facts.bytes === undefined ? '?' : size(facts.bytes),
    }),
    facts.before_s === undefined
      ? t('clip.before.unknown')
      : t('clip.before', { s: facts.before_s.toFixed(1) }),
  ];
  return parts.join(' · ');
}

/** Draws what belongs to the moment on show, as long as that can be told; else says why not. */
function useDrawing(
  video: RefObject<HTMLVideoElement | null>,
  canvas: RefObject<HTMLCanvasElement | null>,
  boxes: ClipBoxes | null,
  t: Translate,
): string | null {
  const [doubt, setDoubt] = useState<string | null>(null);
  const { width, height } = useSize(canvas);
  useEffect(() => {
    const film = video.current;
    const paper = canvas.current;
    if (!film || !paper) return;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    paper.width = Math.round(width * ratio);
    paper.height = Math.round(height * ratio);
    let next = 0;
    const draw = () => {
      next = requestAnimationFrame(draw);
      const c = paper.getContext('2d');
      if (!c) return;
      c.setTransform(ratio, 0, 0, ratio, 0, 0);
      c.clearRect(0, 0, width, height);
      if (!boxes || !film.videoWidth) return;
      const picture = pictureAt(boxes.pictures, film.currentTime);
      const why = doubtOf(picture);
      setDoubt(why && t(`clip.boxes.${why}`));
      // Where people are thought to be is drawn, dashed, and said to be that.
      if (picture && (why === null || why === 'predicted')) {
        const place = contain(width, height, film.videoWidth, film.videoHeight);
        drawBoxes(c, picture, place, t);
      }
    };
    draw();
    return () => cancelAnimationFrame(next);
  }, [video, canvas, boxes, width, height, t]);
  return boxes ? doubt : null;
}

function drawBoxes(
  c: CanvasRenderingContext2D,
  picture: ClipPicture,
  place: ReturnType<typeof contain>,
  t: Translate,
): void {
  c.font = '600 13px "Pretendard Variable", "Noto Sans KR", system-ui, sans-serif';
  c.textBaseline = 'bottom';
  c.lineWidth = 2;
  for (const { box, number, level, class: name } of picture.boxes) {
    const [x1, y1, x2, y2] = box;
    const x = place.x + x1 * place.width;
    const y = place.y + y1 * place.height;
    c.strokeStyle = LINES[level] ?? LINES.ok;
    // Colour is not the only sign.
    c.setLineDash(picture.analysis === 'predicted' ? [5, 4] : []);
    c.strokeRect(x, y, (x2 - x1) * place.width, (y2 - y1) * place.height);
    const label = number === null ? t(`class.${name}`, undefined, name) : `#${number}`;
    const text = level === 'ok' ? label : `${label} ${t(`level.${level}`)}`;
    const wide = c.measureText(text).width + 8;
    const top = Math.max(place.y + 17, y);
    c.fillStyle = '#05070ad9';
    c.fillRect(x - 1, top - 17, wide, 17);
    c.fillStyle = LINES[level] ?? LINES.ok;
    c.fillText(text, x + 3, top - 2);
  }
}
