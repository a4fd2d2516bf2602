// Who wore what was required, over time, with the part of which nobody can say.
import { useState } from 'react';
import { EQUIPMENT, type Equipment } from '../api/types';
import { useT } from '../i18n/i18n';
import { ChartFrame, Legend, type Slice } from './chart-frame';
import { Unseen } from './event-chart';
import {
  hoursText,
  longLabel,
  look,
  ofItem,
  percent,
  runs,
  shortLabel,
  unwatchedHours,
} from './figures';
import type { EquipmentStatistics, Worn } from './types';

export function EquipmentPanel({ answer }: { answer: EquipmentStatistics }) {
  const { t } = useT();
  const [chosen, setChosen] = useState<Equipment | null>(null);
  const items = EQUIPMENT.filter((item) => ofItem(answer.total, item));
  const item = chosen && items.includes(chosen) ? chosen : items[0];
  return (
    <section className="panel stat" data-testid="stat-equipment">
      <h2>{t('stat.equipment')}</h2>
      <p className="quiet">{t('stat.equipment.note')}</p>
      {item ? (
        <>
          <fieldset className="seg">
            <legend className="sr">{t('stat.equipment')}</legend>
            {items.map((one) => (
              <button
                key={one}
                type="button"
                aria-pressed={one === item}
                data-testid={`stat-item-${one}`}
                onClick={() => setChosen(one)}
              >
                {t(`item.${one}`)}
              </button>
            ))}
          </fieldset>
          <Totals worn={ofItem(answer.total, item)} />
          <RateChart answer={answer} item={item} />
        </>
      ) : (
        <p className="quiet">{t('stat.equipment.none')}</p>
      )}
    </section>
  );
}

function Totals({ worn }: { worn: Worn | null }) {
  const { t } = useT();
  if (!worn) return null;
  return (
    <dl className="totals">
      <div>
        <dt>{t('stat.rate')}</dt>
        <dd>{percent(worn.rate) ?? <span className="unseen">{t('stat.unjudged')}</span>}</dd>
      </div>
      <div>
        <dt>{t('worn.present')}</dt>
        <dd>{hoursText(worn.present_h, t)}</dd>
      </div>
      <div>
        <dt>{t('worn.missing')}</dt>
        <dd>{hoursText(worn.missing_h, t)}</dd>
      </div>
      <div className="doubt">
        <dt>{t('stat.unknown')}</dt>
        <dd>
          {hoursText(worn.unknown_h, t)} <small>({percent(worn.unknown_share) ?? '–'})</small>
        </dd>
      </div>
    </dl>
  );
}

function RateChart({ answer, item }: { answer: EquipmentStatistics; item: Equipment }) {
  const { t, lang } = useT();
  const { by, time_zone } = answer;
  const title = t('stat.equipment.of', { item: t(`item.${item}`) });
  const worn = answer.rows.map((row) => ofItem(row, item));
  const rates = worn.map((one) => one?.rate ?? null);
  const long = (key: string) => longLabel(key, by, time_zone, lang, t);
  const slices: Slice[] = answer.rows.map((row, at) => ({
    ...row,
    short: shortLabel(row.key, by, time_zone),
    long: `${long(row.key)} · ${says(worn[at] ?? null, row, t)}`,
  }));
  return (
    <>
      <ChartFrame
        title={title}
        slices={slices}
        max={1}
        unit={(n) => `${Math.round(n * 100)}%`}
        testid="chart-equipment"
      >
        {({ x, y, step, base }) => (
          <>
            {worn.map((one, at) => {
              const share = one?.unknown_share;
              if (!share) return null;
              const key = answer.rows[at]?.key;
              return (
                <rect
                  key={key}
                  className="unknown-share"
                  x={x(at) + step * 0.15}
                  y={y(share)}
                  width={step * 0.7}
                  height={base - y(share)}
                />
              );
            })}
            {runs(rates).map((run) => (
              <polyline
                key={run[0]}
                className="line"
                points={run.map((at) => `${x(at) + step / 2},${y(rates[at] ?? 0)}`).join(' ')}
              />
            ))}
            {rates.map((rate, at) =>
              rate === null ? null : (
                <circle
                  key={answer.rows[at]?.key}
                  className="dot-mark"
                  cx={x(at) + step / 2}
                  cy={y(rate)}
                  r={Math.min(4.5, Math.max(2, step / 4))}
                />
              ),
            )}
          </>
        )}
      </ChartFrame>
      <Legend>
        <li>
          <i className="key line" />
          {t('stat.rate')}
        </li>
        <li>
          <i className="key unknown" />
          {t('stat.unknown.share')}
        </li>
      </Legend>
      <div className="table-box short">
        <table className="history figures">
          <caption>{title}</caption>
          <thead>
            <tr>
              <th>{t('stat.when')}</th>
              <th>{t('stat.rate')}</th>
              <th>{t('worn.present')}</th>
              <th>{t('worn.missing')}</th>
              <th>{t('stat.unknown')}</th>
              <th>{t('stat.watched')}</th>
              <th>{t('stat.unwatched')}</th>
            </tr>
          </thead>
          <tbody>
            {answer.rows.map((row, at) => {
              const one = worn[at];
              if (look(row) === 'none') return null;
              return (
                <tr key={row.key}>
                  <th scope="row">{long(row.key)}</th>
                  <td className="num">
                    {look(row) === 'unseen' ? <Unseen /> : (percent(one?.rate ?? null) ?? '–')}
                  </td>
                  <td className="num">{one ? hoursText(one.present_h, t) : '–'}</td>
                  <td className="num">{one ? hoursText(one.missing_h, t) : '–'}</td>
                  <td className="num">
                    {one
                      ? `${hoursText(one.unknown_h, t)} (${percent(one.unknown_share) ?? '–'})`
                      : '–'}
                  </td>
                  <td className="num">{hoursText(row.analysed_h, t)}</td>
                  <td className={`num ${unwatchedHours(row) > 0 ? 'doubt' : ''}`}>
                    {hoursText(unwatchedHours(row), t)}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </>
  );
}

type T = ReturnType<typeof useT>['t'];

function says(worn: Worn | null, row: EquipmentStatistics['total'], t: T): string {
  const seen = look(row);
  if (seen === 'none') return t('stat.says.none');
  if (seen === 'unseen') {
    return t('stat.says.unseen', { hours: hoursText(unwatchedHours(row), t) });
  }
  if (!worn) return t('stat.says.nobody', { hours: hoursText(row.analysed_h, t) });
  return t('stat.says.worn', {
    rate: percent(worn.rate) ?? t('stat.unjudged'),
    unknown: percent(worn.unknown_share) ?? '–',
    hours: hoursText(row.analysed_h, t),
  });
}
