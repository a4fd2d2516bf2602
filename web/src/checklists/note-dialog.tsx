// Asks for a note before something is done to a checklist.
import { useT } from '../i18n/i18n';
import { NoteDialog } from '../ui/note-dialog';
import { learn } from './store';
import type { Checklist } from './types';

interface ChecklistNoteProps {
  title: string;
  text?: string;
  action: string;
  send: (note: string) => Promise<Checklist>;
  onClose: () => void;
}

export function ChecklistNote({ title, text, action, send, onClose }: ChecklistNoteProps) {
  const { t } = useT();
  const noted = async (note: string) => {
    try {
      learn(await send(note));
    } catch (problem) {
      // Somebody else may have been faster: what it is now is asked for.
      learn();
      throw problem;
    }
    return null;
  };
  return (
    <NoteDialog
      title={title}
      label={t('checklist.note')}
      action={action}
      testIds={{ text: 'checklist-note', submit: 'checklist-submit' }}
      send={noted}
      onClose={onClose}
    >
      {text && <p className="dialog-text">{text}</p>}
    </NoteDialog>
  );
}
