// How alarms are grouped, what happens when nobody acknowledges them, and what is hidden in what is exported.
import { type FormEvent, useEffect, useState } from 'react';
import type { Translate } from '../i18n/i18n';
import { useT } from '../i18n/i18n';
import { may, session } from '../session/session';
import { ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { useStore } from '../ui/store';
import { incidentApi } from './api';
import {
  fieldsOf,
  SEVERITIES,
  type SettingsError,
  type SettingsFields,
  type SettingsSeverity,
  settingsOf,
} from './settings-form';
import { EXPORT_BLURS, type ExportBlur } from './types';

function wrong(error: SettingsError, t: Translate): string {
  if (error.kind === 'order') {
    return t('settings.order', {
      name: t(`severity.${error.severity}`),
      a: error.a,
      b: error.b,
    });
  }
  const name = error.severity
    ? `${t(`severity.${error.severity}`)} ${t('settings.level', { n: error.level })}`
    : t('settings.group');
  return t('settings.bad', { name, value: error.value });
}

export function SettingsPage() {
  const { t } = useT();
  const { user } = useStore(session);
  const [fields, setFields] = useState<SettingsFields | null>(null);
  const [busy, setBusy] = useState(false);
  const [saved, setSaved] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const admin = may.configure(user);
  useEffect(() => {
    let gone = false;
    incidentApi
      .settings()
      .then((told) => gone || setFields(fieldsOf(told)))
      .catch((problem) => gone || setError(errorText(problem, t)));
    return () => {
      gone = true;
    };
  }, [t]);
  const change = (next: SettingsFields) => {
    setSaved(false);
    setFields(next);
  };
  const submit = async (form: FormEvent) => {
    form.preventDefault();
    if (!fields) return;
    const settings = settingsOf(fields);
    setSaved(false);
    if ('kind' in settings) return setError(wrong(settings, t));
    setBusy(true);
    try {
      setFields(fieldsOf(await incidentApi.setSettings(settings)));
      setSaved(true);
      setError(null);
    } catch (problem) {
      setError(errorText(problem, t));
    } finally {
      setBusy(false);
    }
  };
  const level = (severity: SettingsSeverity, index: 0 | 1) => (
    <label key={index}>
      {t('settings.level', { n: index + 1 })}
      <input
        inputMode="numeric"
        disabled={!admin}
        value={fields?.levels[severity][index] ?? ''}
        data-testid={`settings-${severity}-${index + 1}`}
        onChange={(event) => {
          if (!fields) return;
          const [first, second] = fields.levels[severity];
          const { value } = event.target;
          const pair: [string, string] = index === 0 ? [value, second] : [first, value];
          change({ ...fields, levels: { ...fields.levels, [severity]: pair } });
        }}
      />
    </label>
  );
  return (
    <main className="page" data-testid="settings-page">
      <header className="page-head">
        <h1>{t('settings.title')}</h1>
      </header>
      {!fields && !error && <p className="quiet">{t('common.loading')}</p>}
      {fields && (
        <form className="form panel-box settings" onSubmit={submit}>
          {!admin && <p className="warn-note">{t('settings.admin')}</p>}
          <h2>{t('settings.escalate')}</h2>
          <p className="quiet">{t('settings.escalate.note')}</p>
          {SEVERITIES.map((severity) => (
            <fieldset key={severity} className="choices">
              <legend>
                <span className={`sev ${severity.toLowerCase()}`}>{t(`severity.${severity}`)}</span>
              </legend>
              <div className="two">
                {level(severity, 0)}
                {level(severity, 1)}
              </div>
            </fieldset>
          ))}
          <label>
            {t('settings.group')}
            <input
              inputMode="numeric"
              disabled={!admin}
              value={fields.group}
              data-testid="settings-group"
              onChange={(event) => change({ ...fields, group: event.target.value })}
            />
            <small>{t('settings.group.note')}</small>
          </label>
          <label>
            {t('settings.blur')}
            <select
              disabled={!admin}
              value={fields.blur}
              data-testid="settings-blur"
              onChange={(event) => change({ ...fields, blur: event.target.value as ExportBlur })}
            >
              {EXPORT_BLURS.map((blur) => (
                <option key={blur} value={blur}>
                  {t(`settings.blur.${blur}`)}
                </option>
              ))}
            </select>
            <small>{t('settings.blur.note')}</small>
          </label>
          {error && <ErrorNote text={error} />}
          {saved && (
            <p className="good" role="status" data-testid="settings-saved">
              ✓ {t('settings.saved')}
            </p>
          )}
          {admin && (
            <div className="row end">
              <button type="submit" className="pri" disabled={busy} data-testid="settings-save">
                {t(busy ? 'common.saving' : 'common.save')}
              </button>
            </div>
          )}
        </form>
      )}
      {!fields && error && <ErrorNote text={error} />}
    </main>
  );
}
