// Hours of a zone or a rule: always, or in periods; and the week that follows from them.
import { DAYS, HOLIDAYS, type Holidays, type Period } from '../api/types';
import { useT } from '../i18n/i18n';
import { Icon } from '../ui/icons';
import { hours, isBad, isOvernight, newPeriod, PERIODS_MAX, toggleDay } from './schedule';

interface ScheduleProps {
  name: string;
  schedule: Period[] | null | undefined;
  /** What it means to have none. */
  without: 'schedule.always' | 'schedule.zone';
  onChange: (schedule: Period[] | null) => void;
}

export function ScheduleEditor({ name, schedule, without, onChange }: ScheduleProps) {
  const { t } = useT();
  const periods = schedule ?? [];
  const change = (at: number, period: Period) =>
    onChange(periods.map((other, index) => (index === at ? period : other)));
  const remove = (at: number) => {
    const rest = periods.filter((_, index) => index !== at);
    onChange(rest.length ? rest : null);
  };
  return (
    <fieldset className="schedule" data-testid={name}>
      <legend>{t('schedule.title')}</legend>
      <select
        aria-label={t('schedule.title')}
        data-testid={`${name}-kind`}
        value={schedule ? 'some' : 'always'}
        onChange={(event) => onChange(event.target.value === 'some' ? [newPeriod()] : null)}
      >
        <option value="always">{t(without)}</option>
        <option value="some">{t('schedule.some')}</option>
      </select>
      {periods.map((period, at) => (
        <PeriodFields
          // biome-ignore lint/suspicious/noArrayIndexKey: a period is known by its place
          key={at}
          name={name}
          period={period}
          onChange={(next) => change(at, next)}
          onRemove={() => remove(at)}
        />
      ))}
      {schedule && (
        <>
          <button
            type="button"
            data-testid={`${name}-add`}
            disabled={periods.length >= PERIODS_MAX}
            onClick={() => onChange([...periods, newPeriod()])}
          >
            <Icon name="plus" size={16} /> {t('schedule.add')}
          </button>
          <Week schedule={schedule} />
        </>
      )}
    </fieldset>
  );
}

interface PeriodProps {
  name: string;
  period: Period;
  onChange: (period: Period) => void;
  onRemove: () => void;
}

function PeriodFields({ name, period, onChange, onRemove }: PeriodProps) {
  const { t } = useT();
  const time = (key: 'from' | 'to', value: string) => {
    const { [key]: _, ...rest } = period;
    onChange(value ? { ...rest, [key]: value } : rest);
  };
  return (
    <div className={`period ${isBad(period) ? 'bad' : ''}`} data-testid={`${name}-period`}>
      <fieldset className="seg days" aria-label={t('schedule.days')}>
        {DAYS.map((day) => (
          <button
            key={day}
            type="button"
            aria-pressed={period.days?.includes(day) ?? true}
            onClick={() => onChange(toggleDay(period, day))}
          >
            {t(`day.${day}`)}
          </button>
        ))}
      </fieldset>
      <div className="two">
        <label>
          {t('schedule.from')}
          <input
            type="time"
            value={period.from ?? ''}
            onChange={(event) => time('from', event.target.value)}
          />
        </label>
        <label>
          {t('schedule.to')}
          <input
            type="time"
            value={period.to === '24:00' ? '' : (period.to ?? '')}
            onChange={(event) => time('to', event.target.value)}
          />
        </label>
      </div>
      {isOvernight(period) && <small>{t('schedule.overnight', { to: period.to ?? '' })}</small>}
      <div className="row">
        <select
          aria-label={t('schedule.holidays')}
          value={period.holidays}
          onChange={(event) => onChange({ ...period, holidays: event.target.value as Holidays })}
        >
          {HOLIDAYS.map((kind) => (
            <option key={kind} value={kind}>
              {t(`holidays.${kind}`)}
            </option>
          ))}
        </select>
        <span className="spacer" />
        <button type="button" onClick={onRemove}>
          {t('schedule.remove')}
        </button>
      </div>
    </div>
  );
}

/** Seven days and a holiday by 24 hours. */
function Week({ schedule }: { schedule: readonly Period[] }) {
  const { t } = useT();
  const rows = [
    ...DAYS.map((day) => ({ name: t(`day.${day}`), hours: hours(schedule, day) })),
    { name: t('schedule.holidays'), hours: hours(schedule, 'wed', 'holiday') },
  ];
  const never = rows.every((row) => row.hours.every((part) => part === 0));
  return (
    <figure className="week">
      <figcaption>{t(never ? 'schedule.none' : 'schedule.grid')}</figcaption>
      <table>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <th scope="row">{row.name}</th>
              {row.hours.map((part, hour) => (
                <td
                  // biome-ignore lint/suspicious/noArrayIndexKey: an hour is known by its place
                  key={hour}
                  className={hour % 6 === 0 ? 'mark' : ''}
                  title={`${row.name} ${String(hour).padStart(2, '0')}:00`}
                  style={
                    part ? { background: `rgb(76 154 255 / ${0.25 + part * 0.6})` } : undefined
                  }
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}
