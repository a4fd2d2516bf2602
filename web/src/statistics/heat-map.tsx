// Where people stood, over the camera's picture of now.
import { useEffect, useState } from 'react';
import { pictureUrl } from '../api/client';
import type { Camera } from '../api/types';
import { useT } from '../i18n/i18n';
import { ErrorNote } from '../ui/dialog';
import { type Question, statistics } from './client';
import { heatOf, hoursText, isUnseen, unwatchedHours } from './figures';
import type { Heatmap } from './types';
import { useAnswer } from './use-answer';

export function HeatPanel({ camera, question }: { camera: Camera; question: Question }) {
  const { t } = useT();
  const { answer, error } = useAnswer(
    () => statistics.heatmap(question, camera.id),
    [camera.id, question.from, question.to].join(),
  );
  return (
    <section className="panel stat" data-testid="stat-heat">
      <h2>{t('stat.heat.of', { name: camera.name })}</h2>
      <p className="quiet">{t('stat.heat.note')}</p>
      {error && <ErrorNote text={error} />}
      {answer && <Grid map={answer} camera={camera} />}
    </section>
  );
}

function Grid({ map, camera }: { map: Heatmap; camera: Camera }) {
  const { t } = useT();
  const [stamp] = useState(() => Date.now());
  const [missing, setMissing] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another camera has another picture
  useEffect(() => setMissing(false), [camera.id]);
  const max = Math.max(...map.seconds);
  const total = map.seconds.reduce((sum, s) => sum + s, 0) / 3600;
  const unseen = isUnseen(map);
  return (
    <>
      <figure className={`heat ${unseen ? 'hatched' : ''}`}>
        {!missing && (
          <img
            src={pictureUrl(camera.id, stamp)}
            alt={camera.name}
            onError={() => setMissing(true)}
          />
        )}
        <svg
          viewBox={`0 0 ${map.columns} ${map.rows}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={t('stat.heat.total', { hours: hoursText(total, t) })}
        >
          {map.seconds.map((seconds, at) => {
            const heat = heatOf(seconds, max);
            if (heat < 0.02) return null;
            return (
              <rect
                // biome-ignore lint/suspicious/noArrayIndexKey: a cell is where it is
                key={at}
                x={at % map.columns}
                y={Math.floor(at / map.columns)}
                width="1.02"
                height="1.02"
                fill={`hsl(${Math.round(210 - 210 * heat)} 95% 55%)`}
                opacity={0.2 + 0.6 * heat}
              />
            );
          })}
        </svg>
        {unseen && <figcaption className="heat-unseen">{t('stat.unseen')}</figcaption>}
      </figure>
      <div className="heat-key">
        <span>{t('stat.heat.little')}</span>
        <span className="ramp" />
        <span>{t('stat.heat.much', { time: secondsText(max, t) })}</span>
      </div>
      <dl className="totals">
        <div>
          <dt>{t('stat.heat.people')}</dt>
          <dd>{unseen ? '–' : hoursText(total, t)}</dd>
        </div>
        <div>
          <dt>{t('stat.watched')}</dt>
          <dd>{hoursText(map.analysed_h, t)}</dd>
        </div>
        <div className={unwatchedHours(map) > 0 ? 'doubt' : ''}>
          <dt>{t('stat.unwatched')}</dt>
          <dd>{hoursText(unwatchedHours(map), t)}</dd>
        </div>
        <div>
          <dt>{t('stat.days')}</dt>
          <dd>
            {map.first_day === map.last_day ? map.first_day : `${map.first_day} – ${map.last_day}`}
          </dd>
        </div>
      </dl>
    </>
  );
}

type T = ReturnType<typeof useT>['t'];

const secondsText = (seconds: number, t: T) =>
  seconds < 60 ? t('time.s', { n: Math.round(seconds) }) : hoursText(seconds / 3600, t);
