// Asks for a note before something is done to a checklist.
import { type FormEvent, useState } from 'react';
import { useT } from '../i18n/i18n';
import { Dialog, ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { learn } from './store';
import type { Checklist } from './types';

interface NoteProps {
  title: string;
  text?: string;
  action: string;
  send: (note: string) => Promise<Checklist>;
  onClose: () => void;
}

export function NoteDialog({ title, text, action, send, onClose }: NoteProps) {
  const { t } = useT();
  const [note, setNote] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const submit = async (form: FormEvent) => {
    form.preventDefault();
    setBusy(true);
    try {
      learn(await send(note.trim()));
      onClose();
    } catch (problem) {
      setError(errorText(problem, t));
      setBusy(false);
      learn();
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form className="form" onSubmit={submit}>
        {text && <p className="dialog-text">{text}</p>}
        <label>
          {t('checklist.note')}
          <textarea
            rows={3}
            maxLength={500}
            data-testid="checklist-note"
            value={note}
            onChange={(change) => setNote(change.target.value)}
          />
        </label>
        {error && <ErrorNote text={error} />}
        <div className="row end">
          <button type="button" onClick={onClose}>
            {t('common.cancel')}
          </button>
          <button type="submit" className="pri" data-testid="checklist-submit" disabled={busy}>
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
