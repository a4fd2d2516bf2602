// A case to hand on, with a reason: people made unrecognisable, or the originals.
import { type FormEvent, useEffect, useState } from 'react';
import { useT } from '../i18n/i18n';
import { may, session } from '../session/session';
import { Dialog, ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { useStore } from '../ui/store';
import { exportCase, incidentApi } from './api';
import type { ExportBlur, Incident } from './types';
import { size } from './words';

/** Long enough for a browser to have begun with the file. */
const REVOKE_MS = 60_000;

function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_MS);
}

/** What is made unrecognisable; null while that is not known. */
function useBlur(): ExportBlur | null {
  const [blur, setBlur] = useState<ExportBlur | null>(null);
  useEffect(() => {
    let gone = false;
    // Without the settings the dialog says it in general.
    incidentApi
      .settings()
      .then((told) => gone || setBlur(told.export_blur ?? 'heads'))
      .catch(() => undefined);
    return () => {
      gone = true;
    };
  }, []);
  return blur;
}

export function ExportDialog({ incident, onClose }: { incident: Incident; onClose: () => void }) {
  const { t } = useT();
  const blur = useBlur();
  const { user } = useStore(session);
  const [original, setOriginal] = useState(false);
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    // While the reason is being written. Without it the export only takes longer.
    incidentApi.prepareExport(incident.id).catch(() => undefined);
  }, [incident.id]);
  const submit = async (form: FormEvent) => {
    form.preventDefault();
    setDone(null);
    if (!reason.trim()) return setError(t('export.noreason'));
    setBusy(true);
    setError(null);
    try {
      const { file, name } = await exportCase(incident.id, original, reason.trim());
      save(file, name);
      setDone(t('export.done', { name, size: size(file.size) }));
    } catch (problem) {
      setError(errorText(problem, t));
    } finally {
      setBusy(false);
    }
  };
  const choice = (value: boolean, key: string) => (
    <label className="check">
      <input
        type="radio"
        name="original"
        checked={original === value}
        data-testid={`export-${value ? 'original' : 'blurred'}`}
        onChange={() => {
          setOriginal(value);
          setDone(null);
        }}
      />
      {t(key)}
    </label>
  );
  return (
    <Dialog title={t('export.title')} onClose={onClose}>
      <form onSubmit={submit} className="form" data-testid="export-form">
        <p className="quiet">{t('export.note')}</p>
        <fieldset className="choices">
          {choice(false, blur ? `export.blurred.${blur}` : 'export.blurred')}
          {may.takeOriginals(user) && choice(true, 'export.original')}
        </fieldset>
        {original && <p className="warn-note">{t('export.original.note')}</p>}
        <label>
          {t('export.reason')}
          <textarea
            rows={2}
            maxLength={500}
            value={reason}
            data-testid="export-reason"
            onChange={(change) => setReason(change.target.value)}
          />
        </label>
        {error && <ErrorNote text={error} />}
        {done && (
          <p className="good" role="status" data-testid="export-done">
            ✓ {done}
          </p>
        )}
        <div className="row end">
          <button type="button" onClick={onClose}>
            {t('common.close')}
          </button>
          <button type="submit" className="pri" data-testid="export-submit" disabled={busy}>
            {t(busy ? 'export.running' : 'export.run')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
