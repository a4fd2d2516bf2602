// Acknowledges one alarm, or all that were in the list when it was asked for, with an optional reason.
import { useState } from 'react';
import { useT } from '../i18n/i18n';
import { Dialog } from '../ui/dialog';
import { NoteDialog } from '../ui/note-dialog';
import { useStore } from '../ui/store';
import { events } from './events';
import { type Entry, fasterElsewhere, leftOut, waitingIds } from './list';
import { title, where } from './parts';

const PRESETS = ['ack.preset.done', 'ack.preset.work'] as const;
const TEST_IDS = { text: 'ack-reason', submit: 'ack-submit' };

export function AckDialog({ event, onClose }: { event: Entry; onClose: () => void }) {
  const { t, lang } = useT();
  const send = async (reason: string) => {
    await events.acknowledge(event.id, reason);
    return null;
  };
  return (
    <NoteDialog
      title={t('ack.title.one')}
      label={t('ack.reason')}
      action={t('ack.submit')}
      testIds={TEST_IDS}
      presets={PRESETS.map((key) => t(key))}
      send={send}
      onClose={onClose}
    >
      <p className="dialog-text">
        <strong>{title(event, t, lang)}</strong>
        <br />
        {where(event, t)}
      </p>
    </NoteDialog>
  );
}

interface AckAllProps {
  /** Some had been acknowledged before: how many of how many. */
  onFaster: (faster: number, asked: number) => void;
  onClose: () => void;
}

export function AckAllDialog({ onFaster, onClose }: AckAllProps) {
  const { t } = useT();
  const list = useStore(events.list);
  const lost = useStore(events.lost);
  // As it was when the dialog was opened: what came since has been seen by nobody.
  const [asked] = useState(() => waitingIds(events.list.get()));
  const { came, hidden } = leftOut(list, asked);
  const send = async (reason: string) => {
    const faster = fasterElsewhere(asked, await events.acknowledgeAll(asked, reason));
    if (faster > 0) onFaster(faster, asked.length);
    return null;
  };
  return (
    <NoteDialog
      title={t('ack.title.all', { n: asked.length })}
      label={t('ack.reason')}
      action={t('ack.submit')}
      testIds={TEST_IDS}
      presets={PRESETS.map((key) => t(key))}
      barred={lost ? t('doubt.lost') : null}
      send={send}
      onClose={onClose}
    >
      {came > 0 && (
        <p className="warn-note" role="status" data-testid="ack-came" data-count={came}>
          {t('ack.came', { n: came })}
        </p>
      )}
      {hidden > 0 && (
        <p className="warn-note" data-testid="ack-hidden" data-count={hidden}>
          {t('ack.hidden', { n: hidden })}
        </p>
      )}
    </NoteDialog>
  );
}

interface FasterProps {
  faster: number;
  asked: number;
  onClose: () => void;
}

/** Not all of it was this operator's doing: the reason that was typed is not with those. */
export function AckFasterDialog({ faster, asked, onClose }: FasterProps) {
  const { t } = useT();
  return (
    <Dialog title={t('event.ack.all')} onClose={onClose}>
      <p className="dialog-text" data-testid="ack-faster" data-count={faster}>
        {t('ack.faster', { n: faster, m: asked, done: asked - faster })}
      </p>
      <div className="row end">
        <button type="button" className="pri" onClick={onClose}>
          {t('common.close')}
        </button>
      </div>
    </Dialog>
  );
}
