// One item of a checklist in the editor.
import { EVENT_TYPES, type EventType, type Zone } from '../api/types';
import { useT } from '../i18n/i18n';
import type { ItemDefinition } from './types';

/** What a rule watches for, so that it can be said to be clear. */
const WATCHED = EVENT_TYPES.filter((type) => !['entrance', 'exit', 'system'].includes(type));

interface ItemProps {
  item: ItemDefinition;
  zones: readonly Zone[];
  first: boolean;
  last: boolean;
  onChange: (item: ItemDefinition) => void;
  onMove: (by: number) => void;
  onRemove: () => void;
}

export function ItemEditor({ item, zones, first, last, onChange, onMove, onRemove }: ItemProps) {
  const { t } = useT();
  const types = item.types ?? [];
  const { id, text } = item;
  const setBy = (by: 'hand' | 'rule') =>
    onChange(
      by === 'hand'
        ? { id, text, by }
        : { id, text, by, types: ['helmet_missing'], clear_for_s: 60 },
    );
  const toggle = (type: EventType) =>
    onChange({
      ...item,
      types: types.includes(type) ? types.filter((one) => one !== type) : [...types, type],
    });
  return (
    <li>
      <div className="two">
        <label>
          {t('checklist.item.ko')}
          <input
            required
            maxLength={200}
            value={text.ko}
            onChange={(change) => onChange({ ...item, text: { ...text, ko: change.target.value } })}
          />
        </label>
        <label>
          {t('checklist.item.en')}
          <input
            required
            maxLength={200}
            value={text.en}
            onChange={(change) => onChange({ ...item, text: { ...text, en: change.target.value } })}
          />
        </label>
      </div>
      <div className="row wrap">
        <input
          className="item-id"
          required
          maxLength={40}
          pattern="[A-Za-z0-9_\-]+"
          aria-label={t('checklist.item.id')}
          title={t('checklist.item.id')}
          value={id}
          onChange={(change) => onChange({ ...item, id: change.target.value })}
        />
        <select
          className="item-by"
          aria-label={t('checklist.item.by')}
          value={item.by}
          onChange={(change) => setBy(change.target.value as 'hand' | 'rule')}
        >
          <option value="hand">{t('checklist.by.hand')}</option>
          <option value="rule">{t('checklist.by.rule')}</option>
        </select>
        <span className="spacer" />
        <button type="button" className="ghost" disabled={first} onClick={() => onMove(-1)}>
          {t('checklist.item.up')}
        </button>
        <button type="button" className="ghost" disabled={last} onClick={() => onMove(1)}>
          {t('checklist.item.down')}
        </button>
        <button type="button" className="ghost" onClick={onRemove}>
          {t('common.delete')}
        </button>
      </div>
      {item.by === 'rule' && (
        <>
          <fieldset className="item-types">
            <legend>{t('checklist.item.types')}</legend>
            {WATCHED.map((type) => (
              <label key={type} className="check">
                <input
                  type="checkbox"
                  checked={types.includes(type)}
                  onChange={() => toggle(type)}
                />
                {t(`event.${type}`)}
              </label>
            ))}
          </fieldset>
          <div className="two">
            <label>
              {t('checklist.item.clear')}
              <input
                type="number"
                required
                min={1}
                max={86400}
                value={item.clear_for_s ?? 60}
                onChange={(change) =>
                  onChange({ ...item, clear_for_s: Number(change.target.value) })
                }
              />
            </label>
            <label>
              {t('checklist.item.zone')}
              <select
                value={item.zone ?? ''}
                onChange={(change) => {
                  const { zone: _before, ...rest } = item;
                  const zone = change.target.value;
                  onChange(zone ? { ...rest, zone } : rest);
                }}
              >
                <option value="">{t('checklist.item.zone.list')}</option>
                {zones.map((zone) => (
                  <option key={zone.id} value={zone.id}>
                    {zone.name}
                  </option>
                ))}
              </select>
            </label>
          </div>
        </>
      )}
    </li>
  );
}
