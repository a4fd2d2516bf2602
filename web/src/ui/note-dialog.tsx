// Something that is done with a few words: a text, perhaps some to choose from, and one button.
import { type FormEvent, type ReactNode, useState } from 'react';
import { useT } from '../i18n/i18n';
import { Dialog, ErrorNote } from './dialog';
import { errorText } from './errors';

interface NoteDialogProps {
  title: string;
  /** What the text is. */
  label: string;
  /** What the button does. */
  action: string;
  /** Of the text and of the button. */
  testIds: { form?: string; text: string; submit: string };
  /** Texts to choose from. */
  presets?: readonly string[];
  /** What was written before. */
  draft?: string;
  /** Why it can't be done now. */
  barred?: string | null;
  children?: ReactNode;
  /** Does it, and answers what is wrong with what was entered; null closes the dialog. */
  send: (text: string) => Promise<string | null>;
  onClose: () => void;
}

export function NoteDialog(props: NoteDialogProps) {
  const { title, label, action, testIds, presets, draft, barred, children } = props;
  const { send, onClose } = props;
  const { t } = useT();
  const [text, setText] = useState(draft ?? '');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const submit = async (form: FormEvent) => {
    form.preventDefault();
    if (barred) return;
    setBusy(true);
    const wrong = await send(text.trim()).catch((problem) => errorText(problem, t));
    if (wrong === null) return onClose();
    setError(wrong);
    setBusy(false);
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form className="form" onSubmit={submit} data-testid={testIds.form}>
        {children}
        {presets && (
          <div className="row wrap">
            {presets.map((preset) => (
              <button
                key={preset}
                type="button"
                aria-pressed={text === preset}
                onClick={() => setText(preset)}
              >
                {preset}
              </button>
            ))}
          </div>
        )}
        <label>
          {label}
          <textarea
            rows={3}
            maxLength={500}
            data-testid={testIds.text}
            value={text}
            onChange={(change) => setText(change.target.value)}
          />
        </label>
        {barred && <p className="warn-note">{barred}</p>}
        {error && <ErrorNote text={error} />}
        <div className="row end">
          <button type="button" onClick={onClose}>
            {t('common.cancel')}
          </button>
          <button
            type="submit"
            className="pri"
            data-testid={testIds.submit}
            disabled={busy || Boolean(barred)}
          >
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
