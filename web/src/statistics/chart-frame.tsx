// What both charts over time share: axes, hatching where nobody looked, and a slice that keys and
// pointer choose. The words about it stand below the picture, for eyes and screen readers alike.
import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from 'react';
import { useT } from '../i18n/i18n';
import { useSize } from '../ui/hooks';
import { type Look, look, watchedShare } from './figures';
import type { Watched } from './types';

export interface Slice extends Watched {
  key: string;
  /** Under the axis. */
  short: string;
  /** In words, with all figures. */
  long: string;
}

export interface Scale {
  x: (at: number) => number;
  y: (value: number) => number;
  step: number;
  base: number;
}

interface Props {
  title: string;
  slices: readonly Slice[];
  max: number;
  /** How a value of the axis is written. */
  unit: (value: number) => string;
  testid: string;
  children: (scale: Scale) => ReactNode;
}

const HEIGHT = 250;
const LEFT = 52;
const RIGHT = 10;
const TOP = 14;
const AXIS = 24;
/** The strip that says how much of each slice was watched. */
const STRIP = 12;

export function ChartFrame({ title, slices, max, unit, testid, children }: Props) {
  const { t } = useT();
  const box = useRef<HTMLDivElement>(null);
  const width = Math.max(280, useSize(box).width);
  const [chosen, setChosen] = useState<number | null>(null);
  const id = useId().replace(/[^a-zA-Z0-9]/g, '');
  const base = HEIGHT - AXIS - STRIP - 4;
  const step = (width - LEFT - RIGHT) / Math.max(1, slices.length);
  const scale: Scale = {
    x: (at) => LEFT + at * step,
    y: (value) => base - (Math.min(value, max) / max) * (base - TOP),
    step,
    base,
  };
  const every = Math.max(1, Math.ceil(34 / step));
  const shown = chosen === null ? undefined : slices[chosen];
  const move = (event: KeyboardEvent) => {
    const last = slices.length - 1;
    const at = chosen ?? -1;
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    setChosen(Math.min(last, Math.max(0, next)));
  };
  return (
    <div className="chart" ref={box}>
      <div
        role="slider"
        tabIndex={0}
        aria-label={title}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, slices.length - 1)}
        aria-valuenow={chosen ?? 0}
        aria-valuetext={shown?.long ?? t('stat.chart.keys')}
        data-testid={testid}
        onKeyDown={move}
        onBlur={() => setChosen(null)}
      >
        <svg width={width} height={HEIGHT} aria-hidden="true">
          <title>{title}</title>
          <defs>
            <pattern
              id={id}
              width="9"
              height="9"
              patternUnits="userSpaceOnUse"
              patternTransform="rotate(45)"
            >
              <rect width="9" height="9" className="hatch-ground" />
              <rect width="4" height="9" className="hatch-line" />
            </pattern>
          </defs>
          {[0, 0.25, 0.5, 0.75, 1].map((part) => (
            <g key={part}>
              <line
                className="grid"
                x1={LEFT}
                x2={width - RIGHT}
                y1={scale.y(part * max)}
                y2={scale.y(part * max)}
              />
              {part % 0.5 === 0 && (
                <text className="axis" x={LEFT - 8} y={scale.y(part * max) + 5} textAnchor="end">
                  {unit(part * max)}
                </text>
              )}
            </g>
          ))}
          {slices.map((slice, at) => (
            <Ground
              key={slice.key}
              seen={look(slice)}
              share={watchedShare(slice)}
              x={scale.x(at)}
              step={step}
              base={base}
              fill={`url(#${id})`}
            />
          ))}
          {children(scale)}
          {slices.map((slice, at) => (
            <g key={slice.key} onPointerEnter={() => setChosen(at)}>
              <rect
                className={chosen === at ? 'cursor here' : 'cursor'}
                x={scale.x(at)}
                y={TOP}
                width={step}
                height={HEIGHT - AXIS - TOP}
              />
              {at % every === 0 && (
                <text
                  className="axis"
                  x={scale.x(at) + step / 2}
                  y={HEIGHT - 6}
                  textAnchor="middle"
                >
                  {slice.short}
                </text>
              )}
            </g>
          ))}
        </svg>
      </div>
      <p className="chart-says" aria-live="polite">
        {shown?.long ?? <span className="quiet">{t('stat.chart.keys')}</span>}
      </p>
    </div>
  );
}

interface GroundProps {
  seen: Look;
  share: number | null;
  x: number;
  step: number;
  base: number;
  fill: string;
}

/** Where nobody looked the whole column is hatched: it is no empty bar. */
function Ground({ seen, share, x, step, base, fill }: GroundProps) {
  const gap = Math.min(2, step * 0.1);
  const y = base + 4;
  const width = Math.max(1, step - gap);
  return (
    <>
      {seen === 'unseen' && (
        <rect x={x} y={TOP} width={width} height={base - TOP} fill={fill} data-look="unseen" />
      )}
      {share !== null && (
        <>
          <rect x={x} y={y} width={width} height={STRIP} fill={fill} />
          <rect className="strip" x={x} y={y} width={width * share} height={STRIP} />
        </>
      )}
    </>
  );
}

/** What colours and hatching mean. */
export function Legend({ children }: { children: ReactNode }) {
  const { t } = useT();
  return (
    <ul className="legend">
      {children}
      <li>
        <i className="key watched" />
        {t('stat.watched')}
      </li>
      <li>
        <i className="key hatched" />
        {t('stat.unwatched')}
      </li>
    </ul>
  );
}
