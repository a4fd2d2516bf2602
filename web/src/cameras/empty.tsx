// No cameras yet: what to do next.
import { useState } from 'react';
import { api } from '../api/client';
import { useT } from '../i18n/i18n';
import { may, session } from '../session/session';
import { ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { Icon } from '../ui/icons';
import { go } from '../ui/route';
import { useStore } from '../ui/store';
import { cameras } from './cameras';

export function EmptyState({ onAdd }: { onAdd?: () => void }) {
  const { t } = useT();
  const { user } = useStore(session);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const demo = async () => {
    setBusy(true);
    setError(null);
    try {
      cameras.put(await api.addCamera({ name: t('demo.name'), source: 'sim://demo' }));
      go({ page: 'wall' });
    } catch (problem) {
      setError(errorText(problem, t));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="empty" data-testid="empty">
      <Icon name="camera" size={56} />
      <h2>{t('empty.title')}</h2>
      {may.configure(user) ? (
        <>
          <p>{t('empty.text')}</p>
          <div className="row">
            <button
              type="button"
              className="pri big"
              data-testid={onAdd ? undefined : 'empty-add'}
              onClick={onAdd ?? (() => go({ page: 'cameras' }))}
            >
              <Icon name="plus" /> {t('empty.add')}
            </button>
            <button
              type="button"
              className="big"
              data-testid="empty-demo"
              disabled={busy}
              onClick={() => void demo()}
            >
              {t('empty.demo')}
            </button>
          </div>
        </>
      ) : (
        <p>{t('empty.ask')}</p>
      )}
      {error && <ErrorNote text={error} />}
    </div>
  );
}
