// What can be done about an incident now, and why the rest can't.
import { useState } from 'react';
import type { Translate } from '../i18n/i18n';
import { useT } from '../i18n/i18n';
import { clock } from '../i18n/time';
import type { Lang } from '../i18n/words';
import { may, session } from '../session/session';
import { ErrorNote } from '../ui/dialog';
import { useStore } from '../ui/store';
import { ExportDialog } from './export-dialog';
import { hindrance, type StepName } from './list';
import { MuteDialog } from './mute-dialog';
import { faster } from './seen';
import { type Asked, type Draft, StepDialog } from './step-dialog';
import type { Incident } from './types';
import { useCurrent } from './use';

const STEPS: StepName[] = ['acknowledge', 'assign', 'resolve', 'false-alarm', 'reopen'];

/** Who was faster, from the incident as it was seen and as it was read again. */
function fasterText(seen: Incident, now: Incident, t: Translate, lang: Lang): string {
  const told = faster(seen, now);
  if (!told) return '';
  const { state, who, to } = told;
  return t(`step.faster.${state}`, { by: who?.by ?? '', at: who ? clock(who.at, lang) : '', to });
}

interface Conflict {
  detail: string;
  seen: Incident;
  /** Whether the incident has been read again since. */
  reread: 'asked' | 'done' | 'failed';
}

type Open = Asked | 'export' | 'mute';

export function Steps({
  incident,
  onStep,
}: {
  incident: Incident;
  onStep: () => Promise<boolean>;
}) {
  const { t, lang } = useT();
  const { user } = useStore(session);
  const current = useCurrent();
  const [open, setOpen] = useState<Open | null>(null);
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  const operate = may.operate(user);
  const barred = !operate ? 'role' : !current ? 'lost' : null;
  const close = () => setOpen(null);
  const ask = (what: Open) => {
    setConflict(null);
    setOpen(what);
  };
  const onConflict = (detail: string, seen: Incident, written: Draft) => {
    setDraft(written);
    setConflict({ detail, seen, reread: 'asked' });
    void onStep().then((done) =>
      setConflict((now) => now && { ...now, reread: done ? 'done' : 'failed' }),
    );
  };
  const who = conflict?.reread === 'done' ? fasterText(conflict.seen, incident, t, lang) : '';
  const first = STEPS.find((step) => hindrance(incident, step) === null);
  const doubts = new Set<string>();
  const step = (name: StepName) => {
    const doubt = barred ?? hindrance(incident, name);
    if (doubt) doubts.add(doubt);
    return (
      <button
        key={name}
        type="button"
        className={name === first && !barred ? 'pri' : ''}
        // Focus stays possible, so that the reason can be read out.
        aria-disabled={doubt !== null}
        title={doubt ? t(`doubt.${doubt}`) : undefined}
        data-testid={`step-${name}`}
        data-allowed={doubt === null}
        onClick={() => doubt === null && ask(name)}
      >
        {t(`step.${name}`)}
        {doubt && <small>{t(`doubt.${doubt}`)}</small>}
      </button>
    );
  };
  const more: [Open, string][] = [
    ['notes', 'step.notes'],
    incident.held ? ['release', 'step.release'] : ['hold', 'step.hold'],
    ['export', 'step.export'],
    ['mute', 'step.mute'],
  ];
  return (
    <section className="panel-box steps">
      <h2>{t('inc.steps')}</h2>
      {conflict && (
        <div role="alert" data-testid="step-conflict">
          <ErrorNote text={t('step.conflict')} />
          <p className="warn-note">
            {who && <b>{who}</b>} {t(`step.reread.${conflict.reread}`)}{' '}
            <small>{conflict.detail}</small>
          </p>
        </div>
      )}
      <div className="step-row">{STEPS.map(step)}</div>
      <div className="row wrap">
        {more.map(([what, key]) => (
          <button
            key={what}
            type="button"
            disabled={barred !== null}
            title={barred ? t(`doubt.${barred}`) : undefined}
            data-testid={`step-${what}`}
            onClick={() => ask(what)}
          >
            {t(key)}
          </button>
        ))}
      </div>
      {open === 'export' && <ExportDialog incident={incident} onClose={close} />}
      {open === 'mute' && (
        <MuteDialog
          scope={{
            camera: incident.camera ? { id: incident.camera, name: incident.camera_name } : null,
            zone: incident.zone,
            type: incident.type,
          }}
          onClose={close}
        />
      )}
      {open && open !== 'export' && open !== 'mute' && (
        <StepDialog
          incident={incident}
          step={open}
          onClose={close}
          draft={draft?.step === open ? draft : null}
          onDone={() => {
            setDraft(null);
            void onStep();
          }}
          onConflict={onConflict}
        />
      )}
    </section>
  );
}
