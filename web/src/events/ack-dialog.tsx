// Acknowledges one alarm, or all of them, with an optional reason.
import { type FormEvent, useState } from 'react';
import { useT } from '../i18n/i18n';
import { Dialog, ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { useStore } from '../ui/store';
import { events } from './events';
import { type Entry, waitingCount } from './list';
import { title, where } from './parts';

const PRESETS = ['ack.preset.done', 'ack.preset.work', 'ack.preset.false'] as const;

/** Without an event: all that wait. */
export function AckDialog({ event, onClose }: { event: Entry | null; onClose: () => void }) {
  const { t, lang } = useT();
  const n = waitingCount(useStore(events.list));
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const submit = async (form: FormEvent) => {
    form.preventDefault();
    setBusy(true);
    try {
      await (event
        ? events.acknowledge(event.id, reason.trim())
        : events.acknowledgeAll(reason.trim()));
      onClose();
    } catch (problem) {
      setError(errorText(problem, t));
      setBusy(false);
    }
  };
  return (
    <Dialog title={event ? t('ack.title.one') : t('ack.title.all', { n })} onClose={onClose}>
      <form onSubmit={submit} className="form">
        {event && (
          <p className="dialog-text">
            <strong>{title(event, t, lang)}</strong>
            <br />
            {where(event, t)}
          </p>
        )}
        <div className="row wrap">
          {PRESETS.map((key) => (
            <button
              key={key}
              type="button"
              aria-pressed={reason === t(key)}
              onClick={() => setReason(t(key))}
            >
              {t(key)}
            </button>
          ))}
        </div>
        <label>
          {t('ack.reason')}
          <textarea
            rows={3}
            maxLength={500}
            data-testid="ack-reason"
            value={reason}
            onChange={(change) => setReason(change.target.value)}
          />
        </label>
        {error && <ErrorNote text={error} />}
        <div className="row end">
          <button type="button" onClick={onClose}>
            {t('common.cancel')}
          </button>
          <button type="submit" className="pri" data-testid="ack-submit" disabled={busy}>
            {t('ack.submit')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
