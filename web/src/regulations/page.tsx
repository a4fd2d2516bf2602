// The regulations as a list, and editing them: for administrators.
import { useState } from 'react';
import { useT } from '../i18n/i18n';
import { clock } from '../i18n/time';
import { may, session } from '../session/session';
import { Icon } from '../ui/icons';
import { useStore } from '../ui/store';
import { RegulationForm } from './form';
import { useRegulations } from './store';
import { CATEGORIES, type Category, type Regulation } from './types';

export function RegulationsPage() {
  const { t } = useT();
  const { user } = useStore(session);
  const { all, failed } = useRegulations();
  const [category, setCategory] = useState<Category | null>(null);
  const [form, setForm] = useState<{ regulation: Regulation | null } | null>(null);
  const admin = may.configure(user);
  const shown = (all ?? []).filter((one) => !category || one.category === category);
  return (
    <main className="page regulations-page">
      <header className="page-head">
        <h1>{t('regulation.page')}</h1>
        <span className="spacer" />
        {admin ? (
          <button
            type="button"
            className="pri big"
            data-testid="regulation-add"
            onClick={() => setForm({ regulation: null })}
          >
            <Icon name="plus" /> {t('regulation.add')}
          </button>
        ) : (
          <span className="quiet">{t('role.needs.admin')}</span>
        )}
      </header>
      <p className="quiet">{t('regulation.prevails.long')}</p>
      <fieldset className="seg" aria-label={t('regulation.categories')}>
        {[null, ...CATEGORIES].map((one) => (
          <button
            key={one ?? 'all'}
            type="button"
            aria-pressed={category === one}
            onClick={() => setCategory(one)}
          >
            {one ? t(`regulation.category.${one}`) : t('common.all')}
          </button>
        ))}
      </fieldset>
      {all === null && (
        <p className="quiet">{t(failed ? 'regulation.failed' : 'common.loading')}</p>
      )}
      <ul className="regulation-list">
        {shown.map((one) => (
          <Row key={one.id} one={one} onEdit={admin ? () => setForm({ regulation: one }) : null} />
        ))}
      </ul>
      {form && <RegulationForm regulation={form.regulation} onClose={() => setForm(null)} />}
    </main>
  );
}

function Row({ one, onEdit }: { one: Regulation; onEdit: (() => void) | null }) {
  const { t, lang } = useT();
  const source = [one.law[lang], one.article[lang]].filter(Boolean).join(' ');
  return (
    <li className={one.active ? '' : 'inactive'} data-testid="regulation-row">
      <div>
        <b>{one.title[lang]}</b> <small>{source}</small>
        {!one.active && <span className="chip">{t('regulation.inactive')}</span>}
        <p>{one.text[lang]}</p>
        <div className="row wrap tight-chips">
          {one.types.map((type) => (
            <span key={type} className="chip">
              {t(`event.${type}`)}
            </span>
          ))}
          {one.edited_by && one.edited_at && (
            <small>
              {t('regulation.edited', { who: one.edited_by, time: clock(one.edited_at, lang) })}
            </small>
          )}
        </div>
      </div>
      {onEdit && (
        <button type="button" onClick={onEdit}>
          {t('common.edit')}
        </button>
      )}
    </li>
  );
}
