// Adds, changes and deletes a regulation.
import { type FormEvent, useId, useState } from 'react';
import { EVENT_TYPES } from '../api/types';
import { useT } from '../i18n/i18n';
import { Dialog, ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { regulationApi, reread } from './store';
import { CATEGORIES, type Category, type Regulation, type RegulationDraft } from './types';

const NEW: RegulationDraft = {
  category: 'site',
  law: { ko: '사업장 안전수칙', en: 'Site safety rules' },
  article: { ko: '', en: '' },
  title: { ko: '', en: '' },
  text: { ko: '', en: '' },
  url: null,
  types: [],
  position: 1000,
  active: true,
};

const FIELDS = [
  ['law', 120, true],
  ['article', 40, false],
  ['title', 120, true],
  ['text', 1000, true],
] as const;

const NAMES = {
  law: 'regulation.law',
  article: 'regulation.article',
  title: 'regulation.title.field',
  text: 'regulation.text',
} as const;

interface FieldProps {
  name: string;
  long: boolean;
  max: number;
  required: boolean;
  value: string;
  onChange: (text: string) => void;
}

function Field({ name, long, max, required, value, onChange }: FieldProps) {
  const id = useId();
  return (
    <label htmlFor={id}>
      {name}
      {long ? (
        <textarea
          id={id}
          rows={5}
          required={required}
          maxLength={max}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      ) : (
        <input
          id={id}
          required={required}
          maxLength={max}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </label>
  );
}

interface FormProps {
  regulation: Regulation | null;
  onClose: () => void;
}

export function RegulationForm({ regulation, onClose }: FormProps) {
  const { t } = useT();
  const {
    id,
    version,
    edited_by: _by,
    edited_at: _at,
    ...given
  } = regulation ?? {
    ...NEW,
    id: '',
    version: 0,
    edited_by: null,
    edited_at: null,
  };
  const [draft, setDraft] = useState<RegulationDraft>(given);
  const [doomed, setDoomed] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true);
    try {
      await work();
      await reread();
      onClose();
    } catch (problem) {
      setError(errorText(problem, t));
      setBusy(false);
    }
  };
  const submit = (form: FormEvent) => {
    form.preventDefault();
    void run(() =>
      regulation ? regulationApi.change(id, draft, version) : regulationApi.add(draft),
    );
  };
  return (
    <Dialog title={t(regulation ? 'regulation.edit' : 'regulation.add')} onClose={onClose} wide>
      <form className="form regulation-form" onSubmit={submit}>
        <div className="two">
          <label>
            {t('regulation.category')}
            <select
              value={draft.category}
              onChange={(change) =>
                setDraft({ ...draft, category: change.target.value as Category })
              }
            >
              {CATEGORIES.map((one) => (
                <option key={one} value={one}>
                  {t(`regulation.category.${one}`)}
                </option>
              ))}
            </select>
          </label>
          <label>
            {t('regulation.position')}
            <input
              type="number"
              min={0}
              max={1000000}
              required
              value={draft.position}
              onChange={(change) => setDraft({ ...draft, position: Number(change.target.value) })}
            />
          </label>
        </div>
        {FIELDS.map(([field, max, required]) => (
          <div key={field} className="two">
            {(['ko', 'en'] as const).map((language) => (
              <Field
                key={language}
                name={`${t(NAMES[field])} (${t(`regulation.${language}`)})`}
                long={field === 'text'}
                max={max}
                required={required}
                value={draft[field][language]}
                onChange={(text) =>
                  setDraft({ ...draft, [field]: { ...draft[field], [language]: text } })
                }
              />
            ))}
          </div>
        ))}
        <label>
          {t('regulation.url')}
          <input
            type="url"
            maxLength={500}
            placeholder="https://www.law.go.kr/…"
            value={draft.url ?? ''}
            onChange={(change) => setDraft({ ...draft, url: change.target.value || null })}
          />
        </label>
        <fieldset className="item-types">
          <legend>{t('regulation.types')}</legend>
          {EVENT_TYPES.map((type) => (
            <label key={type} className="check">
              <input
                type="checkbox"
                checked={draft.types.includes(type)}
                onChange={() =>
                  setDraft({
                    ...draft,
                    types: draft.types.includes(type)
                      ? draft.types.filter((one) => one !== type)
                      : [...draft.types, type],
                  })
                }
              />
              {t(`event.${type}`)}
            </label>
          ))}
        </fieldset>
        <label className="check">
          <input
            type="checkbox"
            checked={draft.active}
            onChange={(change) => setDraft({ ...draft, active: change.target.checked })}
          />
          {t('regulation.active')}
        </label>
        {error && <ErrorNote text={error} />}
        <div className="row wrap end">
          {regulation && (
            <button
              type="button"
              className="danger"
              disabled={busy}
              onClick={() => (doomed ? void run(() => regulationApi.remove(id)) : setDoomed(true))}
            >
              {t(doomed ? 'regulation.delete.sure' : 'common.delete')}
            </button>
          )}
          <span className="spacer" />
          <button type="button" onClick={onClose}>
            {t('common.cancel')}
          </button>
          <button type="submit" className="pri" data-testid="regulation-save" disabled={busy}>
            {t('common.save')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
