// One step of an incident: what is said with it, to whom it goes, and what came of it.
import { type FormEvent, useEffect, useId, useState } from 'react';
import { ApiError } from '../api/http';
import { useT } from '../i18n/i18n';
import { Dialog, ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { incidentApi, type Step } from './api';
import { incidents } from './incidents';
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

interface StepDialogProps {
  incident: Incident;
  step: Asked;
  onClose: () => void;
  /** The step was taken. */
  onDone?: (incident: Incident) => void;
  /** Somebody was faster: what the server says. */
  onConflict?: (detail: string) => void;
}

export function StepDialog({ incident, step, onClose, onDone, onConflict }: StepDialogProps) {
  const { t } = useT();
  // As it was when the dialog was opened: what others assigned meanwhile must not be overwritten.
  const [revision] = useState(incident.revision);
  const [text, setText] = useState('');
  const [to, setTo] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const submit = async (form: FormEvent) => {
    form.preventDefault();
    if (step === 'assign' && !to.trim()) return setError(t('step.noto'));
    if (NEEDS_TEXT.includes(step) && !text.trim()) return setError(t('step.notext'));
    setBusy(true);
    try {
      // The other steps are refused by the state they lead to; alarms that end meanwhile don't matter.
      const seen = step === 'assign' ? revision : undefined;
      onDone?.(await incidents.take(incident.id, stepOf(step, text.trim(), to.trim()), seen));
      onClose();
    } catch (problem) {
      void incidents.refresh();
      if (onConflict && problem instanceof ApiError && problem.status === 409) {
        onConflict(problem.detail);
        onClose();
        return;
      }
      setError(errorText(problem, t));
      setBusy(false);
    }
  };
  const note = t(`step.${step}.note`, undefined, '');
  return (
    <Dialog title={t(`step.${step}.title`)} onClose={onClose}>
      <form onSubmit={submit} className="form" data-testid={`step-form-${step}`}>
        <p className="dialog-text">
          <strong>{t(`event.${incident.type}`)}</strong>
          <br />
          {incidentPlace(incident, t)}
        </p>
        {note && <p className="quiet">{note}</p>}
        {step === 'assign' && <PersonField value={to} onChange={setTo} />}
        {step === 'acknowledge' && (
          <div className="row wrap">
            {PRESETS.map((key) => (
              <button
                key={key}
                type="button"
                aria-pressed={text === t(key)}
                onClick={() => setText(t(key))}
              >
                {t(key)}
              </button>
            ))}
          </div>
        )}
        <label>
          {t(`step.${step}.label`)}
          <textarea
            rows={3}
            maxLength={500}
            data-testid="step-text"
            value={text}
            onChange={(change) => setText(change.target.value)}
          />
        </label>
        {error && <ErrorNote text={error} />}
        <div className="row end">
          <button type="button" onClick={onClose}>
            {t('common.cancel')}
          </button>
          <button type="submit" className="pri" data-testid="step-submit" disabled={busy}>
            {t(`step.${step}`)}
          </button>
        </div>
      </form>
    </Dialog>
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
        maxLength={100}
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
