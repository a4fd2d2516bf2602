// What the saved rules of the zone being changed say right now, and why.
import type { LiveHeader, Zone } from '../api/types';
import { useT } from '../i18n/i18n';
import type { View } from '../live/age';
import type { Draft } from './draft';
import { rulesNow } from './rule';
import { RuleLine } from './status';

interface PreviewProps {
  draft: Draft;
  /** As they are saved. */
  zones: readonly Zone[];
  header: LiveHeader | null;
  view: View;
}

export function RulePreview({ draft, zones, header, view }: PreviewProps) {
  const { t } = useT();
  const zone = zones.find((other) => other.id === draft.id);
  if (!zone?.active || zone.rules.length === 0) return null;
  const watching = view.look === 'watching';
  const now = watching ? (header?.zones.find((other) => other.id === zone.id) ?? null) : null;
  return (
    <section className="preview" data-testid="rule-preview">
      <h3>{t('rule.preview')}</h3>
      {!watching && <p className="quiet">{t('rule.preview.blind')}</p>}
      {draft.dirty && <p className="quiet">{t('rule.preview.saved')}</p>}
      <ul className="rule-lines">
        {rulesNow(zone.rules, now).map((rule) => (
          <RuleLine key={rule.name} rule={rule} t={t} />
        ))}
      </ul>
    </section>
  );
}
