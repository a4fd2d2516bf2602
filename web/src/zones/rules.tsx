// The rules of the zone being drawn: a list to add to, change and remove from.
import { useRef, useState } from 'react';
import { RULE_TYPES, type Rule, type RuleType, type Severity, type Thing } from '../api/types';
import { useT } from '../i18n/i18n';
import { Icon } from '../ui/icons';
import { NumberField } from './number';
import { addRule, changeRule, RULES_MAX, removeRule, things } from './rule';

interface RuleListProps {
  rules: Rule[];
  onChange: (rules: Rule[]) => void;
}

export function RuleList({ rules, onChange }: RuleListProps) {
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
          onChange={(change) => onChange(changeRule(rules, at, change))}
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
          onClick={() => onChange(addRule(rules, type))}
        >
          <Icon name="plus" size={16} /> {t('rule.add')}
        </button>
      </div>
    </section>
  );
}

interface RuleFieldsProps {
  rule: Rule;
  onChange: (change: Partial<Rule>) => void;
  onRemove: () => void;
}

const SEVERITIES: readonly Severity[] = ['CRITICAL', 'WARNING', 'INFO'];

function RuleFields({ rule, onChange, onRemove }: RuleFieldsProps) {
  const { t } = useT();
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
          max={400}
          value={rule.people}
          onChange={(people) => onChange({ people })}
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
        <NumberField
          name="zone-rule-dwell"
          label={t('rule.dwell')}
          step={0.5}
          max={28_800}
          value={rule.dwell_s}
          onChange={(dwell_s) => onChange({ dwell_s })}
        />
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
