// Incidents whose record is damaged: they are said to be there, as nothing else is known of them.
import { useT } from '../i18n/i18n';

export function Unreadable({ n }: { n: number }) {
  const { t } = useT();
  if (n === 0) return null;
  return (
    <p className="warn-note" role="alert" data-testid="incidents-unreadable" data-count={n}>
      {t('inc.unreadable', { n })}
    </p>
  );
}
