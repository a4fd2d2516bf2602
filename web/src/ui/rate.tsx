// Analyses a second, done and wanted, and why so many are wanted.
import { useT } from '../i18n/i18n';
import type { Rate } from '../live/rate';

export function RateFigure({ rate }: { rate: Rate }) {
  const { t } = useT();
  const { done, wanted, need, tone } = rate;
  const label = wanted && need && t('rate.label', { n: done, m: wanted, why: t(`need.${need}`) });
  const note = tone === 'short' || tone === 'few_pictures' ? t(`rate.${tone}`) : null;
  const title = [label || t('rate.label.bare'), note].filter(Boolean).join('\n');
  return (
    <span className={`rate ${tone}`} title={title} data-testid="rate" data-tone={tone}>
      {need && <span className="need">{t(`need.${need}`)}</span>}
      <b>{done}</b>
      {wanted && `/${wanted}`}
      <span className="unit">{t('rate.unit')}</span>
    </span>
  );
}
