// The time zone and the holidays of the site, which all hours follow.
import { useEffect, useState } from 'react';
import { api } from '../api/client';
import type { Calendar } from '../api/types';
import { useT } from '../i18n/i18n';
import { ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';

const ZONES: string[] = Intl.supportedValuesOf('timeZone');

export function CalendarPanel() {
  const { t } = useT();
  const [calendar, setCalendar] = useState<Calendar | null>(null);
  const [day, setDay] = useState('');
  const [note, setNote] = useState<{ good: boolean; text: string } | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another language is no reason to lose what was entered
  useEffect(() => {
    let gone = false;
    api.calendar().then(
      (found) => !gone && setCalendar(found),
      (problem) => !gone && setNote({ good: false, text: errorText(problem, t) }),
    );
    return () => {
      gone = true;
    };
  }, []);
  const change = (next: Calendar) => {
    setCalendar(next);
    setNote(null);
  };
  const save = async () => {
    if (!calendar) return;
    try {
      // A day that was chosen and not added is meant, too.
      const days = new Set([...calendar.holidays, ...(day ? [day] : [])]);
      setCalendar(await api.setCalendar({ ...calendar, holidays: [...days].sort() }));
      setDay('');
      setNote({ good: true, text: t('calendar.saved') });
    } catch (problem) {
      setNote({ good: false, text: errorText(problem, t) });
    }
  };
  return (
    <section className="panel form calendar" data-testid="calendar">
      <h2>{t('calendar.title')}</h2>
      <p className="quiet">{t('calendar.note')}</p>
      {calendar && (
        <>
          <label>
            {t('calendar.zone')}
            <input
              list="time-zones"
              data-testid="calendar-zone"
              value={calendar.time_zone}
              onChange={(event) => change({ ...calendar, time_zone: event.target.value.trim() })}
            />
            <datalist id="time-zones">
              {ZONES.map((zone) => (
                <option key={zone} value={zone} />
              ))}
            </datalist>
          </label>
          <div>
            <h3>{t('calendar.holidays')}</h3>
            {calendar.holidays.length === 0 && <p className="quiet">{t('calendar.none')}</p>}
            <ul className="holidays">
              {calendar.holidays.map((date) => (
                <li key={date}>
                  <button
                    type="button"
                    aria-label={t('calendar.remove', { date })}
                    onClick={() =>
                      change({
                        ...calendar,
                        holidays: calendar.holidays.filter((other) => other !== date),
                      })
                    }
                  >
                    {date} ✕
                  </button>
                </li>
              ))}
            </ul>
          </div>
          <div className="row">
            <input
              type="date"
              aria-label={t('calendar.add')}
              data-testid="calendar-day"
              value={day}
              onChange={(event) => setDay(event.target.value)}
            />
            <button
              type="button"
              data-testid="calendar-add"
              disabled={!day || calendar.holidays.includes(day)}
              onClick={() => {
                change({ ...calendar, holidays: [...calendar.holidays, day].sort() });
                setDay('');
              }}
            >
              {t('calendar.add')}
            </button>
            <span className="spacer" />
            <button
              type="button"
              className="pri"
              data-testid="calendar-save"
              onClick={() => void save()}
            >
              {t('common.save')}
            </button>
          </div>
        </>
      )}
      {note && (note.good ? <p className="good">✓ {note.text}</p> : <ErrorNote text={note.text} />)}
    </section>
  );
}
