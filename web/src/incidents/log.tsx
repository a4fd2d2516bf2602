// Who did what about an incident, newest last, as it was noted.
import { useT } from '../i18n/i18n';
import { clock } from '../i18n/time';
import type { Deed } from './types';

export function IncidentLog({ log }: { log: Deed[] | null }) {
  const { t, lang } = useT();
  return (
    <section className="panel-box">
      <h2>{t('inc.log')}</h2>
      {log === null && <p className="quiet">{t('common.loading')}</p>}
      {log?.length === 0 && <p className="quiet">{t('inc.log.none')}</p>}
      <ol className="incident-log">
        {log?.map((deed) => (
          <li key={deed.number} data-testid="incident-deed" data-deed={deed.deed}>
            <b>{t(`deed.${deed.deed}`, undefined, deed.deed)}</b>
            <span>{deed.who === 'system' ? t('deed.system') : deed.who}</span>
            <small>{clock(deed.at, lang)}</small>
            {deed.note && <p>{deed.note}</p>}
          </li>
        ))}
      </ol>
    </section>
  );
}
