// Events by type, severity, zone or camera: a table whose bars say the same as its numbers.
import { useT } from '../i18n/i18n';
import { EventCells } from './event-chart';
import { byEvents, isUnseen, keyLabel } from './figures';
import type { Statistics } from './types';

interface Props {
  title: string;
  answer: Statistics;
  testid: string;
}

/** More are cut off, and told. */
const ROWS_MAX = 40;

export function Ranking({ title, answer, testid }: Props) {
  const { t } = useT();
  const rows = [...answer.rows].sort(byEvents);
  const most = Math.max(1, ...rows.map((row) => row.events));
  return (
    <section className="panel stat" data-testid={testid}>
      <h2>{title}</h2>
      {rows.length === 0 ? (
        <p className="quiet">{t('stat.noevents')}</p>
      ) : (
        <div className="table-box">
          <table className="history figures">
            <thead>
              <tr>
                <th>{t(`stat.by.${answer.by}`)}</th>
                <th className="wide">
                  <span className="sr">{t('stat.bar')}</span>
                </th>
                <th>{t('stat.events')}</th>
                <th>{t('stat.perhour')}</th>
                <th>{t('stat.watched')}</th>
                <th>{t('stat.unwatched')}</th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, ROWS_MAX).map((row) => (
                <tr key={row.key} data-key={row.key}>
                  <th scope="row">{keyLabel(row, answer.by, t)}</th>
                  <td className={`wide ${isUnseen(row) ? 'hatched' : ''}`}>
                    <svg className="rank" viewBox="0 0 100 10" preserveAspectRatio="none">
                      <title>{`${row.events}`}</title>
                      <rect
                        className={`bar ${answer.by === 'severity' ? row.key : ''}`}
                        width={(row.events / most) * 100}
                        height="10"
                      />
                    </svg>
                  </td>
                  <EventCells row={row} />
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rows.length > ROWS_MAX && (
        <p className="quiet">{t('stat.more', { n: rows.length - ROWS_MAX })}</p>
      )}
    </section>
  );
}
