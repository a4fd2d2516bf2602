// The fields of the alarm settings: what was typed, checked, as the server wants it.
import type { AlarmSettings, ExportBlur } from './types';

export const SEVERITIES = ['CRITICAL', 'WARNING'] as const;
export type SettingsSeverity = (typeof SEVERITIES)[number];

export interface SettingsFields {
  group: string;
  levels: Record<SettingsSeverity, [string, string]>;
  blur: ExportBlur;
}

export type SettingsError =
  | { kind: 'bad'; severity: SettingsSeverity | null; level: number; value: string }
  | { kind: 'order'; severity: SettingsSeverity; a: number; b: number };

export function fieldsOf(settings: AlarmSettings): SettingsFields {
  const level = (severity: SettingsSeverity, index: number) => {
    const value = settings.escalate_after_s[severity]?.[index];
    return value === undefined ? '' : String(value);
  };
  return {
    group: String(settings.group_within_s),
    levels: {
      CRITICAL: [level('CRITICAL', 0), level('CRITICAL', 1)],
      WARNING: [level('WARNING', 0), level('WARNING', 1)],
    },
    blur: settings.export_blur ?? 'heads',
  };
}

const whole = (text: string) => {
  const value = Number(text.trim() || Number.NaN);
  return Number.isSafeInteger(value) && value >= 1 ? value : null;
};

export function settingsOf(fields: SettingsFields): AlarmSettings | SettingsError {
  const group = whole(fields.group);
  if (group === null) return { kind: 'bad', severity: null, level: 0, value: fields.group };
  const escalate: Record<string, number[]> = {};
  for (const severity of SEVERITIES) {
    const [first, second] = fields.levels[severity];
    // Without a first level there is no second one: what stands there has no meaning.
    const used = second.trim() ? [first, second] : first.trim() ? [first] : [];
    const seconds: number[] = [];
    for (const [index, text] of used.entries()) {
      const value = whole(text);
      if (value === null) return { kind: 'bad', severity, level: index + 1, value: text };
      seconds.push(value);
    }
    const [a, b] = seconds;
    if (a !== undefined && b !== undefined && b <= a) return { kind: 'order', severity, a, b };
    escalate[severity] = seconds;
  }
  return { group_within_s: group, escalate_after_s: escalate, export_blur: fields.blur };
}
