// Events over time, as they were or for each hour in which somebody looked.
import { useT } from '../i18n/i18n';
import { ChartFrame, Legend, type Slice } from './chart-frame';
import {
  hoursText,
  isUnseen,
  longLabel,
  look,
  niceMax,
  rateOf,
  rateText,
  shortLabel,
  unwatchedHours,
} from './figures';
import type { Row, Statistics } from './types';

interface Props {
  title: string;
  answer: Statistics;
  perHour: boolean;
  testid: string;
}

export function EventChart({ title, answer, perHour, testid }: Props) {
  const { t, lang } = useT();
  const { by, time_zone } = answer;
  const value = (row: Row) => (perHour ? rateOf(row) : row.events);
  const slices: Slice[] = answer.rows.map((row) => ({
    ...row,
    short: shortLabel(row.key, by, time_zone),
    long: `${longLabel(row.key, by, time_zone, lang, t)} · ${says(row, t)}`,
  }));
  const max = niceMax(answer.rows.map(value), perHour ? 0.5 : 4);
  return (
    <>
      <ChartFrame
        title={title}
        slices={slices}
        max={max}
        unit={(n) => (perHour ? n.toFixed(max < 10 ? 1 : 0) : String(Math.round(n)))}
        testid={testid}
      >
        {({ x, y, step, base }) =>
          answer.rows.map((row, at) => {
            const height = value(row);
            if (!height) return null;
            const gap = Math.min(8, step * 0.22);
            return (
              <rect
                key={row.key}
                className={look(row) === 'unseen' ? 'bar doubtful' : 'bar'}
                x={x(at) + gap / 2}
                y={y(height)}
                width={Math.max(1, step - gap)}
                height={base - y(height)}
                rx={Math.min(3, step / 6)}
              />
            );
          })
        }
      </ChartFrame>
      <Legend>
        <li>
          <i className="key count" />
          {t(perHour ? 'stat.perhour' : 'stat.events')}
        </li>
      </Legend>
      <div className="table-box short">
        <table className="history figures">
          <caption>{title}</caption>
          <thead>
            <tr>
              <th>{t('stat.when')}</th>
              <th>{t('stat.events')}</th>
              <th>{t('stat.perhour')}</th>
              <th>{t('stat.watched')}</th>
              <th>{t('stat.unwatched')}</th>
            </tr>
          </thead>
          <tbody>
            {answer.rows
              .filter((row) => look(row) !== 'none' || row.events > 0)
              .map((row) => (
                <tr key={row.key}>
                  <th scope="row">{longLabel(row.key, by, time_zone, lang, t)}</th>
                  <EventCells row={row} />
                </tr>
              ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** The figures of a row, each with the time that it rests on. */
export function EventCells({ row }: { row: Row }) {
  const { t } = useT();
  const unseen = isUnseen(row);
  return (
    <>
      <td className="num">{unseen && !row.events ? <Unseen /> : row.events}</td>
      <td className="num">{rateText(rateOf(row))}</td>
      <td className="num">{hoursText(row.analysed_h, t)}</td>
      <td className={`num ${unwatchedHours(row) > 0 ? 'doubt' : ''}`}>
        {hoursText(unwatchedHours(row), t)}
      </td>
    </>
  );
}

export function Unseen() {
  const { t } = useT();
  return <span className="unseen">{t('stat.unseen')}</span>;
}

type T = ReturnType<typeof useT>['t'];

function says(row: Row, t: T): string {
  const seen = look(row);
  if (seen === 'none') return t('stat.says.none');
  if (seen === 'unseen') {
    const none = t('stat.says.unseen', { hours: hoursText(unwatchedHours(row), t) });
    return row.events ? `${t('stat.says.events', { n: row.events })} · ${none}` : none;
  }
  return t('stat.says', {
    n: row.events,
    rate: rateText(rateOf(row)),
    hours: hoursText(row.analysed_h, t),
    missed: hoursText(unwatchedHours(row), t),
  });
}
