// One step of an incident: what is said with it, to whom it goes, and what came of it.
import { useEffect, useId, useRef, useState } from 'react';
import { ApiError } from '../api/http';
import { useT } from '../i18n/i18n';
import { NoteDialog } from '../ui/note-dialog';
import { incidentApi, type Step } from './api';
import { incidents } from './incidents';
import { newest } from './list';
import { basedOn, hasJoined, isInSameHands } from './seen';
import type { Incident } from './types';
import { incidentPlace } from './words';

export type Asked =
  | 'acknowledge'
  | 'assign'
  | 'resolve'
  | 'false-alarm'
  | 'reopen'
  | 'notes'
  | 'hold'
  | 'release';

/** Without a text they would say nothing. */
const NEEDS_TEXT: readonly Asked[] = ['resolve', 'false-alarm', 'notes', 'hold'];
const PRESETS = ['ack.preset.done', 'ack.preset.work'] as const;

function stepOf(asked: Asked, text: string, to: string): Step {
  switch (asked) {
    case 'acknowledge':
      return { step: asked, reason: text };
    case 'assign':
      return { step: asked, to, note: text };
    case 'hold':
    case 'release':
      return { step: 'hold', hold: asked === 'hold', reason: text };
    default:
      return { step: asked, note: text };
  }
}

/** What was written when somebody else was faster. */
export interface Draft {
  step: Asked;
  text: string;
  to: string;
}

/** Assigns it; refused only if others did, or took it on, since it was seen. */
async function assign(seen: Incident, now: Incident, step: Step): Promise<Incident> {
  try {
    return await incidents.take(now.id, step, basedOn(seen, now));
  } catch (problem) {
    if (!(problem instanceof ApiError) || problem.status !== 409) throw problem;
    // Something small has happened that this page was not told of yet: that is no reason to refuse.
    const read = await incidentApi.get(now.id);
    if (!isInSameHands(seen, read)) throw problem;
    return await incidents.take(now.id, step, read.revision);
  }
}

interface StepDialogProps {
  incident: Incident;
  step: Asked;
  onClose: () => void;
  /** The step was taken. */
  onDone?: (incident: Incident) => void;
  /** Somebody was faster: what the server says, what had been seen, and what was written. */
  onConflict?: (detail: string, seen: Incident, draft: Draft) => void;
  draft?: Draft | null;
}

export function StepDialog(props: StepDialogProps) {
  const { incident, step, onClose, onDone, onConflict, draft } = props;
  const { t } = useT();
  // As it was when the dialog was opened: what came since has been seen by nobody.
  const seen = useRef(incident);
  const [to, setTo] = useState(draft?.to ?? '');
  const send = async (text: string) => {
    if (step === 'assign' && !to.trim()) return t('step.noto');
    if (NEEDS_TEXT.includes(step) && !text) return t('step.notext');
    const now = newest(incidents.list.get(), incident);
    if (step === 'acknowledge' && hasJoined(seen.current, now)) {
      seen.current = now;
      return t('step.faster.raised');
    }
    const asked = stepOf(step, text, to.trim());
    try {
      // The other steps are refused by the state they lead to.
      const taken =
        step === 'assign'
          ? await assign(seen.current, now, asked)
          : await incidents.take(incident.id, asked);
      onDone?.(taken);
    } catch (problem) {
      void incidents.refresh();
      if (!onConflict || !(problem instanceof ApiError) || problem.status !== 409) throw problem;
      onConflict(problem.detail, seen.current, { step, text, to });
    }
    return null;
  };
  const note = t(`step.${step}.note`, undefined, '');
  return (
    <NoteDialog
      title={t(`step.${step}.title`)}
      label={t(`step.${step}.label`)}
      action={t(`step.${step}`)}
      testIds={{ form: `step-form-${step}`, text: 'step-text', submit: 'step-submit' }}
      presets={step === 'acknowledge' ? PRESETS.map((key) => t(key)) : undefined}
      draft={draft?.text}
      send={send}
      onClose={onClose}
    >
      <p className="dialog-text">
        <strong>{t(`event.${incident.type}`)}</strong>
        <br />
        {incidentPlace(incident, t)}
      </p>
      {note && <p className="quiet">{note}</p>}
      {step === 'assign' && <PersonField value={to} onChange={setTo} />}
    </NoteDialog>
  );
}

function PersonField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const { t } = useT();
  const id = useId();
  const [people, setPeople] = useState<string[]>([]);
  useEffect(() => {
    let gone = false;
    // Without suggestions a name can still be typed.
    incidentApi
      .people()
      .then((names) => gone || setPeople(names))
      .catch(() => undefined);
    return () => {
      gone = true;
    };
  }, []);
  return (
    <label>
      {t('step.to')}
      <input
        list={id}
        maxLength={80}
        placeholder={t('step.to.hint')}
        data-testid="step-to"
        value={value}
        onChange={(change) => onChange(change.target.value)}
      />
      <datalist id={id}>
        {people.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </label>
  );
}
