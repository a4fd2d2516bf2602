// Acknowledges one alarm, or all of them, with an optional reason.
import { useT } from '../i18n/i18n';
import { NoteDialog } from '../ui/note-dialog';
import { useStore } from '../ui/store';
import { events } from './events';
import { type Entry, waitingCount } from './list';
import { title, where } from './parts';

const PRESETS = ['ack.preset.done', 'ack.preset.work'] as const;

/** Without an event: all that wait. */
export function AckDialog({ event, onClose }: { event: Entry | null; onClose: () => void }) {
  const { t, lang } = useT();
  const n = waitingCount(useStore(events.list));
  const send = async (reason: string) => {
    await (event ? events.acknowledge(event.id, reason) : events.acknowledgeAll(reason));
    return null;
  };
  return (
    <NoteDialog
      title={event ? t('ack.title.one') : t('ack.title.all', { n })}
      label={t('ack.reason')}
      action={t('ack.submit')}
      testIds={{ text: 'ack-reason', submit: 'ack-submit' }}
      presets={PRESETS.map((key) => t(key))}
      send={send}
      onClose={onClose}
    >
      {event && (
        <p className="dialog-text">
          <strong>{title(event, t, lang)}</strong>
          <br />
          {where(event, t)}
        </p>
      )}
    </NoteDialog>
  );
}
