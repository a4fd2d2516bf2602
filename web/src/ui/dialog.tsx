// A dialog in the browser's own top layer: focus stays inside, Esc closes, focus goes back after.
import { type ReactNode, useEffect, useId, useRef } from 'react';
import { useT } from '../i18n/i18n';
import { errorParts } from './errors';
import { Icon } from './icons';

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
}

export function Dialog({ title, onClose, children, wide }: DialogProps) {
  const { t } = useT();
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      className={`dialog ${wide ? 'wide' : ''}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <header className="dialog-head">
        <h2 id={id}>{title}</h2>
        <button type="button" className="ghost" aria-label={t('common.close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  text: string;
  action: string;
  onConfirm: () => void;
  onClose: () => void;
  error?: string | null;
}

export function Confirm({ title, text, action, onConfirm, onClose, error }: ConfirmProps) {
  const { t } = useT();
  return (
    <Dialog title={title} onClose={onClose}>
      <p className="dialog-text">{text}</p>
      {error && <ErrorNote text={error} />}
      <div className="row end">
        <button type="button" onClick={onClose}>
          {t('common.cancel')}
        </button>
        <button type="button" className="danger" data-testid="confirm" onClick={onConfirm}>
          {action}
        </button>
      </div>
    </Dialog>
  );
}

/** A second line is the server's own words: small. */
export function ErrorNote({ text }: { text: string }) {
  const [sentence, small] = errorParts(text);
  return (
    <p className="error-note" role="alert">
      <Icon name="alarm" size={16} />
      <span>
        {sentence}
        {small && <small>{small}</small>}
      </span>
    </p>
  );
}
