// Figures of a period, each beside the time in which somebody looked.
import { useEffect, useState } from 'react';
import { api } from '../api/client';
import type { Camera } from '../api/types';
import { cameras } from '../cameras/cameras';
import { useT } from '../i18n/i18n';
import { ErrorNote } from '../ui/dialog';
import { useTick } from '../ui/hooks';
import { useStore } from '../ui/store';
import { type Question, statistics } from './client';
import { EquipmentPanel } from './equipment';
import { EventChart } from './event-chart';
import { hoursText, percent, rateOf, rateText, unwatchedHours, watchedShare } from './figures';
import { HeatPanel } from './heat-map';
import { between, dayOf, isShort, type Period, PRESETS, type Preset, recent } from './period';
import { Ranking } from './ranking';
import type { By, Statistics } from './types';
import { useAnswer } from './use-answer';

interface Choice {
  preset: Preset;
  first: string;
  last: string;
  camera: string;
  zone: string;
  alarms: boolean;
}

const FIRST: Choice = {
  preset: 'today',
  first: '',
  last: '',
  camera: '',
  zone: '',
  alarms: true,
};

const CALENDAR_RETRY_MS = 10_000;

interface TimeZone {
  zone: string;
  /** Not the browser's own, which is better than no page at all. */
  ofSite: boolean;
}

function useTimeZone(): TimeZone | null {
  const [known, setKnown] = useState<TimeZone | null>(null);
  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setTimeout>;
    const ask = async () => {
      const calendar = await api.calendar().catch(() => null);
      if (gone) return;
      if (calendar) return setKnown({ zone: calendar.time_zone, ofSite: true });
      setKnown({ zone: Intl.DateTimeFormat().resolvedOptions().timeZone, ofSite: false });
      timer = setTimeout(() => void ask(), CALENDAR_RETRY_MS);
    };
    void ask();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, []);
  return known;
}

export function StatisticsPage() {
  const { t } = useT();
  const timeZone = useTimeZone();
  const zone = timeZone?.zone ?? null;
  const [choice, setChoice] = useState<Choice>(FIRST);
  // Midnight may come while the page is open.
  useTick(60_000);
  const now = Date.now();
  const change = (more: Partial<Choice>) => setChoice((old) => ({ ...old, ...more }));
  const period: Period | null =
    zone === null
      ? null
      : choice.preset === 'custom'
        ? between(choice.first, choice.last, zone)
        : recent(choice.preset, now, zone);
  return (
    <main className="page statistics">
      <header className="page-head">
        <h1>{t('stat.title')}</h1>
        {timeZone && (
          <span className={timeZone.ofSite ? 'quiet' : 'warn-note'} data-of-site={timeZone.ofSite}>
            {t(timeZone.ofSite ? 'stat.timezone' : 'stat.timezone.browser', {
              zone: timeZone.zone,
            })}
          </span>
        )}
      </header>
      <Picker choice={choice} today={zone ? dayOf(now, zone) : ''} onChange={change} />
      {period ? (
        <Figures
          question={{
            ...period,
            camera: choice.camera,
            zone: choice.zone,
            severity: choice.alarms ? 'WARNING,CRITICAL' : '',
          }}
        />
      ) : (
        <p className="quiet">{t(zone ? 'stat.noperiod' : 'common.loading')}</p>
      )}
    </main>
  );
}

interface PickerProps {
  choice: Choice;
  today: string;
  onChange: (more: Partial<Choice>) => void;
}

function Picker({ choice, today, onChange }: PickerProps) {
  const { t } = useT();
  const list = useStore(cameras.list) ?? [];
  const places = choice.camera ? list.filter((camera) => camera.id === choice.camera) : list;
  return (
    <form className="filters" onSubmit={(event) => event.preventDefault()}>
      <fieldset className="seg periods">
        <legend className="sr">{t('stat.period')}</legend>
        {PRESETS.map((preset) => (
          <button
            key={preset}
            type="button"
            aria-pressed={choice.preset === preset}
            data-testid={`stat-period-${preset}`}
            onClick={() =>
              onChange(
                preset === 'custom' && !choice.first
                  ? { preset, first: today, last: today }
                  : { preset },
              )
            }
          >
            {t(`stat.period.${preset}`)}
          </button>
        ))}
      </fieldset>
      {choice.preset === 'custom' &&
        (['first', 'last'] as const).map((key) => (
          <label key={key}>
            {t(`stat.${key}`)}
            <input
              type="date"
              value={choice[key]}
              max={today}
              data-testid={`stat-${key}`}
              onChange={(event) => onChange({ [key]: event.target.value })}
            />
          </label>
        ))}
      <label>
        {t('history.camera')}
        <select
          value={choice.camera}
          data-testid="stat-camera"
          onChange={(event) => onChange({ camera: event.target.value, zone: '' })}
        >
          <option value="">{t('common.all')}</option>
          {list.map((camera) => (
            <option key={camera.id} value={camera.id}>
              {camera.name}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t('history.zone')}
        <select
          value={choice.zone}
          data-testid="stat-zone"
          onChange={(event) => onChange({ zone: event.target.value })}
        >
          <option value="">{t('common.all')}</option>
          {places.map((camera) => (
            <optgroup key={camera.id} label={camera.name}>
              {camera.zones.map((zone) => (
                <option key={zone.id} value={zone.id}>
                  {zone.name}
                </option>
              ))}
            </optgroup>
          ))}
        </select>
      </label>
      <label className="check">
        <input
          type="checkbox"
          checked={choice.alarms}
          data-testid="stat-alarms"
          onChange={(event) => onChange({ alarms: event.target.checked })}
        />
        {t('stat.alarms')}
      </label>
    </form>
  );
}

function useEvents(question: Question, by: By) {
  const { from, to, camera, zone, severity } = question;
  return useAnswer(
    () => statistics.events(question, by),
    [from, to, camera, zone, severity, by].join(),
  );
}

function Figures({ question }: { question: Question }) {
  const { t } = useT();
  const short = isShort(question);
  const by: By = short ? 'hour' : 'day';
  const overTime = useEvents(question, by);
  const clock = useEvents(question, 'hour_of_day');
  const types = useEvents(question, 'type');
  const severities = useEvents(question, 'severity');
  const zones = useEvents(question, 'zone');
  const sites = useEvents(question, 'camera');
  const { from, to, camera, zone } = question;
  const worn = useAnswer(
    () => statistics.equipment(question, by),
    [from, to, camera, zone, by].join(),
  );
  const [perHour, setPerHour] = useState(false);
  const list = useStore(cameras.list) ?? [];
  const error =
    [overTime, clock, types, severities, zones, sites, worn].find((a) => a.error)?.error ?? null;
  return (
    <>
      {error && <ErrorNote text={error} />}
      {overTime.answer && <Summary answer={overTime.answer} />}
      <section className="panel stat" data-testid="stat-time">
        <div className="row wrap">
          <h2>{t(short ? 'stat.byhour' : 'stat.byday')}</h2>
          <span className="spacer" />
          <fieldset className="seg">
            <legend className="sr">{t('stat.value')}</legend>
            {[false, true].map((rate) => (
              <button
                key={String(rate)}
                type="button"
                aria-pressed={perHour === rate}
                data-testid={rate ? 'stat-per-hour' : 'stat-count'}
                onClick={() => setPerHour(rate)}
              >
                {t(rate ? 'stat.perhour' : 'stat.events')}
              </button>
            ))}
          </fieldset>
        </div>
        {overTime.answer ? (
          <EventChart
            title={t(short ? 'stat.byhour' : 'stat.byday')}
            answer={overTime.answer}
            perHour={perHour}
            testid="chart-time"
          />
        ) : (
          <Waiting failed={overTime.error !== null} />
        )}
      </section>
      {worn.answer && <EquipmentPanel answer={worn.answer} />}
      {!short && clock.answer && (
        <section className="panel stat" data-testid="stat-clock">
          <h2>{t('stat.clock')}</h2>
          <EventChart
            title={t('stat.clock')}
            answer={clock.answer}
            perHour={perHour}
            testid="chart-clock"
          />
        </section>
      )}
      <div className="stat-pair">
        {types.answer && (
          <Ranking title={t('stat.types')} answer={types.answer} testid="stat-types" />
        )}
        {severities.answer && (
          <Ranking
            title={t('stat.severities')}
            answer={severities.answer}
            testid="stat-severities"
          />
        )}
        {zones.answer && (
          <Ranking title={t('stat.zones')} answer={zones.answer} testid="stat-zones" />
        )}
        {sites.answer && (
          <Ranking title={t('stat.cameras')} answer={sites.answer} testid="stat-cameras" />
        )}
      </div>
      <Heat question={question} list={list} />
    </>
  );
}

function Waiting({ failed }: { failed: boolean }) {
  const { t } = useT();
  return <p className="quiet">{t(failed ? 'stat.unavailable' : 'common.loading')}</p>;
}

/** The camera that is chosen, or that of the zone, or the first. */
function Heat({ question, list }: { question: Question; list: readonly Camera[] }) {
  const { t } = useT();
  const [chosen, setChosen] = useState('');
  const fixed =
    list.find((camera) => camera.id === question.camera) ??
    list.find((camera) => camera.zones.some((zone) => zone.id === question.zone));
  const camera = fixed ?? list.find((one) => one.id === chosen) ?? list[0];
  if (!camera) return null;
  return (
    <>
      {!fixed && list.length > 1 && (
        <label className="heat-camera">
          {t('stat.heat.camera')}
          <select
            value={camera.id}
            data-testid="stat-heat-camera"
            onChange={(event) => setChosen(event.target.value)}
          >
            {list.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </select>
        </label>
      )}
      <HeatPanel camera={camera} question={question} />
    </>
  );
}

function Summary({ answer }: { answer: Statistics }) {
  const { t } = useT();
  const { total } = answer;
  const missed = unwatchedHours(total);
  const reasons = answer.blind.slice(0, 4);
  return (
    <section className="panel stat summary" data-testid="stat-summary">
      <dl className="totals large">
        <div>
          <dt>{t('stat.events')}</dt>
          <dd>{total.events}</dd>
        </div>
        <div>
          <dt>{t('stat.perhour')}</dt>
          <dd>{rateText(rateOf(total))}</dd>
        </div>
        <div>
          <dt>{t('stat.watched')}</dt>
          <dd>
            {hoursText(total.analysed_h, t)} <small>({percent(watchedShare(total)) ?? '–'})</small>
          </dd>
        </div>
        <div className={missed > 0 ? 'doubt' : ''}>
          <dt>{t('stat.unwatched')}</dt>
          <dd>{hoursText(missed, t)}</dd>
        </div>
      </dl>
      {missed > 0 && (
        <p className="quiet">
          {t('stat.why')}{' '}
          {[
            ...reasons.map(
              (one) =>
                `${t(`stat.reason.${one.reason}`, undefined, one.reason)} ${hoursText(one.hours, t)}`,
            ),
            ...(total.unrecorded_h > 0
              ? [`${t('stat.reason.unrecorded')} ${hoursText(total.unrecorded_h, t)}`]
              : []),
          ].join(' · ')}
        </p>
      )}
    </section>
  );
}
