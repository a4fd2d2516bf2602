// The rules of the zone being drawn: a list to add to, change and remove from.
import { useRef, useState } from 'react';
import {
  DIRECTIONS,
  type Direction,
  type Point,
  RULE_TYPES,
  type Rule,
  type RuleType,
  type Severity,
  THINGS,
  type Thing,
  type When,
} from '../api/types';
import { useT } from '../i18n/i18n';
import { Icon } from '../ui/icons';
import { NumberField } from './number';
import { addRule, inMetres, RULES_MAX, removeRule, things } from './rule';
import { ScheduleEditor } from './schedule-editor';

interface RuleListProps {
  rules: Rule[];
  /** Of the zone. */
  outline: readonly Point[];
  calibrated: boolean;
  onChange: (rules: Rule[]) => void;
}

export function RuleList({ rules, outline, calibrated, onChange }: RuleListProps) {
  const { t } = useT();
  const [type, setType] = useState<RuleType>('loitering');
  const choice = useRef<HTMLSelectElement>(null);
  const remove = (at: number) => {
    onChange(removeRule(rules, at));
    // The focus would vanish with its button.
    choice.current?.focus();
  };
  return (
    <section className="form" aria-label={t('rule.title')}>
      <h3>{t('rule.title')}</h3>
      {rules.length === 0 && <p className="quiet">{t('rule.none')}</p>}
      {rules.map((rule, at) => (
        <RuleFields
          // biome-ignore lint/suspicious/noArrayIndexKey: a rule is known by its place while its name is typed
          key={at}
          rule={rule}
          calibrated={calibrated}
          onChange={(next) => onChange(rules.map((own, index) => (index === at ? next : own)))}
          onRemove={() => remove(at)}
        />
      ))}
      <div className="row">
        <select
          ref={choice}
          aria-label={t('rule.type')}
          data-testid="zone-rule-type"
          value={type}
          onChange={(event) => setType(event.target.value as RuleType)}
        >
          {RULE_TYPES.map((other) => (
            <option key={other} value={other}>
              {t(`rule.${other}`)}
            </option>
          ))}
        </select>
        <button
          type="button"
          data-testid="zone-rule-add"
          disabled={rules.length >= RULES_MAX}
          onClick={() => onChange(addRule(rules, type, outline))}
        >
          <Icon name="plus" size={16} /> {t('rule.add')}
        </button>
      </div>
    </section>
  );
}

interface RuleFieldsProps {
  rule: Rule;
  calibrated: boolean;
  onChange: (rule: Rule) => void;
  onRemove: () => void;
}

const SEVERITIES: readonly Severity[] = ['CRITICAL', 'WARNING', 'INFO'];

function RuleFields({ rule, calibrated, onChange: put, onRemove }: RuleFieldsProps) {
  const { t } = useT();
  const onChange = (change: Partial<Rule>) => put({ ...rule, ...change });
  const metres = rule.distance_m !== undefined;
  return (
    <fieldset className="rule" data-testid="zone-rule" data-type={rule.type}>
      <legend>{t(`rule.${rule.type}`, undefined, rule.type)}</legend>
      <label>
        {t('rule.name')}
        <input
          data-testid="zone-rule-name"
          value={rule.name}
          maxLength={80}
          onChange={(event) => onChange({ name: event.target.value })}
        />
      </label>
      {rule.class !== undefined && (
        <label>
          {t('rule.class')}
          <select
            data-testid="zone-rule-class"
            value={rule.class}
            onChange={(event) => onChange({ class: event.target.value as Thing })}
          >
            {things(rule.type).map((thing) => (
              <option key={thing} value={thing}>
                {t(`class.${thing}`)}
              </option>
            ))}
          </select>
        </label>
      )}
      {rule.people !== undefined && (
        <NumberField
          name="zone-rule-people"
          label={t(`rule.people.${rule.type}`)}
          step={1}
          min={rule.type === 'occupancy_below' ? 1 : 0}
          max={rule.type === 'entries_above' ? 10_000 : 400}
          value={rule.people}
          onChange={(people) => onChange({ people })}
        />
      )}
      {rule.window_s !== undefined && (
        <NumberField
          name="zone-rule-window"
          label={t('rule.window')}
          step={10}
          min={10}
          max={28_800}
          value={rule.window_s}
          onChange={(window_s) => onChange({ window_s })}
        />
      )}
      {rule.line && (
        <>
          <label>
            {t('rule.direction')}
            <select
              data-testid="zone-rule-direction"
              value={rule.direction ?? 'both'}
              onChange={(event) => onChange({ direction: event.target.value as Direction })}
            >
              {DIRECTIONS.map((direction) => (
                <option key={direction} value={direction}>
                  {t(`direction.${direction}`)}
                </option>
              ))}
            </select>
            <small>{t('direction.note')}</small>
          </label>
          <p className="quiet">{t('rule.line.note')}</p>
        </>
      )}
      {(metres || rule.distance !== undefined) && (
        <label>
          {t('rule.unit')}
          <select
            data-testid="zone-rule-unit"
            value={metres ? 'metres' : 'heights'}
            onChange={(event) => put(inMetres(rule, event.target.value === 'metres'))}
          >
            <option value="heights">{t('rule.unit.heights')}</option>
            <option value="metres" disabled={!calibrated && !metres}>
              {t('rule.unit.metres')}
            </option>
          </select>
          {!calibrated && <small>{t('rule.unit.note')}</small>}
        </label>
      )}
      {rule.distance_m !== undefined && (
        <NumberField
          name="zone-rule-distance-m"
          label={t('rule.distance_m')}
          step={0.1}
          min={0.1}
          max={50}
          value={rule.distance_m}
          onChange={(distance_m) => onChange({ distance_m })}
        />
      )}
      {rule.speed_m_s !== undefined && (
        <NumberField
          name="zone-rule-speed-m"
          label={t('rule.speed_m_s')}
          step={0.1}
          min={0.1}
          max={20}
          value={rule.speed_m_s}
          onChange={(speed_m_s) => onChange({ speed_m_s })}
        />
      )}
      {rule.distance !== undefined && (
        <NumberField
          name="zone-rule-distance"
          label={t('rule.distance')}
          step={0.05}
          min={0.05}
          max={10}
          value={rule.distance}
          onChange={(distance) => onChange({ distance })}
        />
      )}
      {rule.speed !== undefined && (
        <NumberField
          name="zone-rule-speed"
          label={t('rule.speed')}
          step={0.05}
          min={0.05}
          max={10}
          value={rule.speed}
          onChange={(speed) => onChange({ speed })}
        />
      )}
      <div className="two">
        {rule.dwell_s !== undefined && (
          <NumberField
            name="zone-rule-dwell"
            label={t('rule.dwell')}
            step={0.5}
            max={28_800}
            value={rule.dwell_s}
            onChange={(dwell_s) => onChange({ dwell_s })}
          />
        )}
        <NumberField
          name="zone-rule-pause"
          label={t('editor.pause')}
          step={0.5}
          max={86_400}
          value={rule.pause_s}
          onChange={(pause_s) => onChange({ pause_s })}
        />
      </div>
      <label>
        {t('history.severity')}
        <select
          data-testid="zone-rule-severity"
          value={rule.severity}
          onChange={(event) => onChange({ severity: event.target.value as Severity })}
        >
          {SEVERITIES.map((severity) => (
            <option key={severity} value={severity}>
              {t(`severity.${severity}`)}
            </option>
          ))}
        </select>
      </label>
      <More rule={rule} put={put} />
      <div className="row">
        <label className="check">
          <input
            type="checkbox"
            data-testid="zone-rule-active"
            checked={rule.active}
            onChange={(event) => onChange({ active: event.target.checked })}
          />
          {t('rule.active')}
        </label>
        <span className="spacer" />
        <button type="button" data-testid="zone-rule-remove" onClick={onRemove}>
          {t('rule.remove')}
        </button>
      </div>
    </fieldset>
  );
}

/** What most rules leave as it is. */
function More({ rule, put }: { rule: Rule; put: (rule: Rule) => void }) {
  const { t } = useT();
  const set = (change: Partial<Rule>, ...gone: ('schedule' | 'when' | 'message')[]) => {
    const next = { ...rule, ...change };
    for (const key of gone) delete next[key];
    put(next);
  };
  const { when, message } = rule;
  const open = Boolean(rule.schedule || when || message);
  return (
    <details className="more" open={open}>
      <summary>{t('rule.more')}</summary>
      <ScheduleEditor
        name="zone-rule-schedule"
        schedule={rule.schedule}
        without="schedule.zone"
        onChange={(schedule) => (schedule ? set({ schedule }) : set({}, 'schedule'))}
      />
      <label>
        {t('rule.when')}
        <select
          data-testid="zone-rule-when"
          value={when ? `${when.class}:${when.present}` : ''}
          onChange={(event) => {
            const [name, present] = event.target.value.split(':');
            if (!name) set({}, 'when');
            else set({ when: { class: name as When['class'], present: present === 'true' } });
          }}
        >
          <option value="">{t('rule.when.none')}</option>
          {(['person', ...THINGS] as const).flatMap((name) =>
            [true, false].map((present) => (
              <option key={`${name}:${present}`} value={`${name}:${present}`}>
                {t(present ? 'rule.when.present' : 'rule.when.absent', {
                  thing: t(`class.${name}`),
                })}
              </option>
            )),
          )}
        </select>
      </label>
      <label className="check">
        <input
          type="checkbox"
          data-testid="zone-rule-message"
          checked={message !== undefined}
          onChange={(event) =>
            event.target.checked ? set({ message: { ko: '', en: '' } }) : set({}, 'message')
          }
        />
        {t('rule.message')}
      </label>
      {message &&
        (['ko', 'en'] as const).map((lang) => (
          <label key={lang}>
            {t(`rule.message.${lang}`)}
            <input
              data-testid={`zone-rule-message-${lang}`}
              value={message[lang]}
              maxLength={200}
              onChange={(event) => set({ message: { ...message, [lang]: event.target.value } })}
            />
          </label>
        ))}
    </details>
  );
}
