// The settings of the zone being drawn.
import type { ReactNode } from 'react';
import { ANCHORS, type Anchor, EQUIPMENT, type Equipment, type ZoneType } from '../api/types';
import { useT } from '../i18n/i18n';
import { configure, type Draft } from './draft';
import { NumberField } from './number';
import { RuleList } from './rules';
import { ScheduleEditor } from './schedule-editor';

interface FormProps {
  draft: Draft;
  /** Whether the camera's floor is known in metres. */
  calibrated: boolean;
  onChange: (draft: Draft) => void;
  children: ReactNode;
}

const TYPES: readonly ZoneType[] = ['danger', 'warning', 'custom'];

export function ZoneForm({ draft, calibrated, onChange, children }: FormProps) {
  const { t } = useT();
  const { settings, shape } = draft;
  const set = (change: Partial<Draft['settings']>) => onChange(configure(draft, change));
  const require = (item: Equipment, on: boolean) =>
    set({
      require: EQUIPMENT.filter((own) => (own === item ? on : settings.require.includes(own))),
    });
  return (
    <div className="form zone-form">
      <label>
        {t('editor.name')}
        <input
          data-testid="zone-name"
          value={settings.name}
          maxLength={80}
          onChange={(event) => set({ name: event.target.value })}
        />
      </label>
      <label>
        {t('editor.type')}
        <select
          data-testid="zone-type"
          value={settings.type}
          onChange={(event) => set({ type: event.target.value as ZoneType })}
        >
          {TYPES.map((type) => (
            <option key={type} value={type}>
              {t(`zone.${type}`)} – {t(`editor.type.${type}.note`)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t('place.title')}
        <input
          data-testid="zone-place"
          value={settings.place ?? ''}
          maxLength={80}
          onChange={(event) => set({ place: event.target.value })}
        />
        <small>{t('place.note')}</small>
      </label>
      <label>
        {t('anchor.title')}
        <select
          data-testid="zone-anchor"
          value={settings.anchor}
          onChange={(event) => set({ anchor: event.target.value as Anchor })}
        >
          {ANCHORS.map((anchor) => (
            <option key={anchor} value={anchor}>
              {t(`anchor.${anchor}`)}
            </option>
          ))}
        </select>
        <small>{t(`anchor.${settings.anchor}.note`)}</small>
      </label>
      <fieldset className="require">
        <legend>{t('editor.require')}</legend>
        {EQUIPMENT.map((item) => (
          <label key={item} className="check">
            <input
              type="checkbox"
              data-testid={`zone-require-${item}`}
              checked={settings.require.includes(item)}
              onChange={(event) => require(item, event.target.checked)}
            />
            {t(`item.${item}`)}
          </label>
        ))}
        <small>{t('editor.require.note')}</small>
      </fieldset>
      <div className="two">
        <NumberField
          name="zone-dwell"
          label={t('editor.dwell')}
          note={t('editor.dwell.note')}
          step={0.5}
          value={settings.dwell_s}
          onChange={(dwell_s) => set({ dwell_s })}
        />
        <NumberField
          name="zone-pause"
          label={t('editor.pause')}
          note={t('editor.pause.note')}
          step={0.5}
          value={settings.pause_s}
          onChange={(pause_s) => set({ pause_s })}
        />
      </div>
      <ScheduleEditor
        name="zone-schedule"
        schedule={settings.schedule}
        without="schedule.always"
        onChange={(schedule) => set({ schedule })}
      />
      <RuleList
        rules={settings.rules}
        outline={shape.points}
        calibrated={calibrated}
        onChange={(rules) => set({ rules })}
      />
      <label className="check">
        <input
          type="checkbox"
          data-testid="zone-active"
          checked={settings.active}
          onChange={(event) => set({ active: event.target.checked })}
        />
        {t('editor.active')}
      </label>
      <p className="quiet">{t('editor.points', { n: shape.points.length })}</p>
      {children}
    </div>
  );
}
