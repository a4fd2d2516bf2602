// How often each rule was right, by what people said of its incidents. What nobody has judged is told
// beside it and never counts as right.
import { useEffect, useState } from 'react';
import { useT } from '../i18n/i18n';
import { ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { incidentApi } from './api';
import type { RulePrecision } from './types';
import { precisionText, zoneName } from './words';

export function PrecisionTable({ from, to }: { from: string; to: string }) {
  const { t } = useT();
  const [rules, setRules] = useState<RulePrecision[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    let gone = false;
    setRules(null);
    setError(null);
    incidentApi
      .precision(from, to)
      .then((told) => {
        if (!gone) setRules(told);
      })
      .catch((problem) => {
        if (!gone) setError(errorText(problem, t));
      });
    return () => {
      gone = true;
    };
  }, [from, to, t]);
  const heads = [
    t('history.type'),
    t('history.camera'),
    t('history.zone'),
    t('precision.true'),
    t('precision.false'),
    t('precision.unjudged'),
    t('precision.rate'),
  ];
  return (
    <section className="precision" data-testid="precision">
      <h2>{t('precision.title')}</h2>
      <p className="quiet">{t('precision.note')}</p>
      {error && <ErrorNote text={error} />}
      {rules === null && !error && <p className="quiet">{t('common.loading')}</p>}
      {rules?.length === 0 && <p className="quiet">{t('precision.none')}</p>}
      {rules !== null && rules.length > 0 && (
        <div className="table-box">
          <table className="history">
            <thead>
              <tr>
                {heads.map((head) => (
                  <th key={head}>{head}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rules.map((rule) => (
                <tr
                  key={`${rule.camera}/${zoneName(rule)}/${rule.type}`}
                  data-testid="precision-row"
                >
                  <td>
                    <b>{t(`event.${rule.type}`)}</b>
                  </td>
                  <td>{rule.camera_name || '–'}</td>
                  <td>{zoneName(rule) || '–'}</td>
                  <td className="num">{rule.true_alarms}</td>
                  <td className="num">{rule.false_alarms}</td>
                  <td className="num">{rule.unjudged}</td>
                  <td className="num">
                    {rule.precision === null ? (
                      <span className="chip unk">{precisionText(rule, t)}</span>
                    ) : (
                      <>
                        <b>{precisionText(rule, t)}</b>{' '}
                        <small>
                          {t('precision.judged', { n: rule.true_alarms + rule.false_alarms })}
                        </small>
                      </>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
