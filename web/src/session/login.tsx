// The login: a page of its own, or over the greyed wall when a login has expired.
import { type FormEvent, useState } from 'react';
import { sound } from '../events/sound';
import { setLang, useT } from '../i18n/i18n';
import { ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { Mark } from '../ui/icons';
import { login } from './session';

export function Login({ expired = false }: { expired?: boolean }) {
  const { t, lang } = useT();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(null);
    // The click that logs in is also the one that lets alarms be heard.
    void sound.enable();
    try {
      await login(username.trim(), password);
    } catch (problem) {
      setError(errorText(problem, t));
      setBusy(false);
    }
  };

  return (
    <div className={`login ${expired ? 'over' : ''}`}>
      <form className="login-card" onSubmit={submit} aria-labelledby="login-title">
        <div className="login-brand">
          <Mark size={44} />
          <div>
            <strong>{t('app.name')}</strong>
            <small>{t('app.place')}</small>
          </div>
        </div>
        <h1 id="login-title">{t('login.title')}</h1>
        {expired && <ErrorNote text={t('login.expired')} />}
        <label>
          {t('login.username')}
          <input
            data-testid="login-username"
            name="username"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            required
            value={username}
            onChange={(event) => setUsername(event.target.value)}
          />
        </label>
        <label>
          {t('login.password')}
          <input
            data-testid="login-password"
            name="password"
            type="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        </label>
        {error && <ErrorNote text={error} />}
        <button type="submit" className="pri big" data-testid="login-submit" disabled={busy}>
          {t(busy ? 'login.busy' : 'login.submit')}
        </button>
        <button
          type="button"
          className="ghost"
          data-testid="lang-toggle"
          aria-label={t('header.lang.label')}
          onClick={() => setLang(lang === 'ko' ? 'en' : 'ko')}
        >
          {t('header.lang')}
        </button>
      </form>
      <p className="login-note">{t('app.aid')}</p>
    </div>
  );
}
