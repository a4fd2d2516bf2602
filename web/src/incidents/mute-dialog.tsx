// Asks for a mute: what, for how long and why.
import { type FormEvent, useState } from 'react';
import { useT } from '../i18n/i18n';
import { Dialog, ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { incidentApi } from './api';
import { incidents } from './incidents';
import { choices, type MuteScope, minutesOf, muted, type What } from './mutes';

const MINUTES = ['15', '60', '480', 'other'] as const;

export function MuteDialog({ scope, onClose }: { scope: MuteScope; onClose: () => void }) {
  const { t } = useT();
  const offered = choices(scope);
  const [what, setWhat] = useState<What>(offered[0] ?? 'camera');
  const [long, setLong] = useState<(typeof MINUTES)[number]>('15');
  const [other, setOther] = useState('30');
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const place = scope.zone?.name ?? scope.camera?.name ?? t('mute.everywhere');
  const name = (one: What) =>
    one === 'rule'
      ? t('mute.what.rule', { type: t(`event.${scope.type}`), place })
      : t(`mute.what.${one}`, { name: (one === 'zone' ? scope.zone : scope.camera)?.name ?? '' });
  const submit = async (form: FormEvent) => {
    form.preventDefault();
    const minutes = minutesOf(long, other);
    if (minutes === null) return setError(t('mute.badminutes'));
    if (!reason.trim()) return setError(t('mute.noreason'));
    setBusy(true);
    try {
      await incidentApi.mute({ ...muted(what, scope), minutes, reason: reason.trim() });
      await incidents.readMutes();
      onClose();
    } catch (problem) {
      setError(errorText(problem, t));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t('mute.title')} onClose={onClose}>
      <form onSubmit={submit} className="form" data-testid="mute-form">
        <p className="quiet">{t('mute.note')}</p>
        <fieldset className="choices">
          <legend>{t('mute.what')}</legend>
          {offered.map((one) => (
            <label key={one} className="check">
              <input
                type="radio"
                name="what"
                checked={what === one}
                data-testid={`mute-what-${one}`}
                onChange={() => setWhat(one)}
              />
              {name(one)}
            </label>
          ))}
        </fieldset>
        <fieldset className="choices">
          <legend>{t('mute.long')}</legend>
          <div className="row wrap">
            {MINUTES.map((one) => (
              <button
                key={one}
                type="button"
                aria-pressed={long === one}
                data-testid={`mute-long-${one}`}
                onClick={() => setLong(one)}
              >
                {t(`mute.long.${one}`)}
              </button>
            ))}
          </div>
        </fieldset>
        {long === 'other' && (
          <label>
            {t('mute.minutes')}
            <input
              inputMode="numeric"
              value={other}
              data-testid="mute-minutes"
              onChange={(change) => setOther(change.target.value)}
            />
          </label>
        )}
        <label>
          {t('mute.reason')}
          <textarea
            rows={2}
            maxLength={500}
            value={reason}
            data-testid="mute-reason"
            onChange={(change) => setReason(change.target.value)}
          />
        </label>
        {error && <ErrorNote text={error} />}
        <div className="row end">
          <button type="button" onClick={onClose}>
            {t('common.cancel')}
          </button>
          <button type="submit" className="pri" data-testid="mute-submit" disabled={busy}>
            {t('mute.run')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
