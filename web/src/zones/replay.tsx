// What the zones on this page would have raised over the last hours, beside what was raised.
import { useEffect, useState } from 'react';
import { api } from '../api/client';
import type { Replay, Zone, ZoneDraft } from '../api/types';
import { useT } from '../i18n/i18n';
import { clock, stay } from '../i18n/time';
import { ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';

const HOURS = [1, 8, 24] as const;
/** Events shown at once. */
const SHOWN_MAX = 30;

interface ReplayProps {
  camera: string;
  /** All zones, with what is being drawn instead of what is saved. */
  zones: readonly (Zone | ZoneDraft)[];
}

export function ReplayPanel({ camera, zones }: ReplayProps) {
  const { t } = useT();
  const [hours, setHours] = useState<number>(1);
  const [result, setResult] = useState<Replay | 'running' | { error: string } | null>(null);
  // What was tried is not what is drawn now.
  const asked = JSON.stringify([camera, zones, hours]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: forgotten when the question changes
  useEffect(() => setResult(null), [asked]);
  const run = async () => {
    setResult('running');
    const to = new Date();
    const from = new Date(to.getTime() - hours * 3_600_000);
    try {
      setResult(await api.replay(camera, from.toISOString(), to.toISOString(), zones));
    } catch (problem) {
      setResult({ error: errorText(problem, t) });
    }
  };
  return (
    <section className="panel replay" data-testid="replay">
      <h2>{t('replay.title')}</h2>
      <p className="quiet">{t('replay.note')}</p>
      <div className="row">
        <select
          aria-label={t('replay.title')}
          value={hours}
          onChange={(event) => setHours(Number(event.target.value))}
        >
          {HOURS.map((n) => (
            <option key={n} value={n}>
              {t('replay.hours', { n })}
            </option>
          ))}
        </select>
        <button
          type="button"
          data-testid="replay-run"
          disabled={result === 'running'}
          onClick={() => void run()}
        >
          {t(result === 'running' ? 'replay.running' : 'replay.run')}
        </button>
      </div>
      {result && result !== 'running' && 'error' in result && <ErrorNote text={result.error} />}
      {result && result !== 'running' && 'counts' in result && <Outcome replay={result} />}
    </section>
  );
}

function Outcome({ replay }: { replay: Replay }) {
  const { t, lang } = useT();
  const { counts, events, holes } = replay;
  const told = events.filter((row) => row.difference !== 'same');
  const shown = [...told, ...events.filter((row) => row.difference === 'same')].slice(0, SHOWN_MAX);
  const rest = events.length + replay.events_left_out - shown.length;
  const blind = holes.reduce((sum, hole) => sum + Date.parse(hole.to) - Date.parse(hole.from), 0);
  return (
    <>
      <p data-testid="replay-counts">{t('replay.counts', counts)}</p>
      {blind > 0 && (
        <p className="chip unk">{t('replay.holes', { time: stay(Math.round(blind / 1000)) })}</p>
      )}
      {!replay.exact && <p className="quiet">{t('replay.inexact')}</p>}
      {events.length === 0 && <p className="quiet">{t('replay.none')}</p>}
      <ul className="replay-events">
        {shown.map(({ difference, fired, would_fire }) => {
          const event = would_fire ?? fired;
          return (
            event && (
              <li key={`${difference}${event.id}`} data-difference={difference}>
                <span className={`chip ${TONES[difference]}`}>{t(`replay.${difference}`)}</span>
                <span>
                  {clock(event.start, lang)} {event.message[lang]}
                </span>
              </li>
            )
          );
        })}
      </ul>
      {rest > 0 && <p className="quiet">{t('replay.left', { n: rest })}</p>}
    </>
  );
}

const TONES = { same: '', moved: 'unk', new: 'bad', gone: 'good' } as const;
