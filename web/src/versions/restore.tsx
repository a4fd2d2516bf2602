// Asks before zones are made as they were, and says which they will be.
import { useEffect, useState } from 'react';
import { api } from '../api/client';
import type { Version, VersionDetail } from '../api/types';
import { useT } from '../i18n/i18n';
import { clock } from '../i18n/time';
import { Confirm } from '../ui/dialog';
import { errorText } from '../ui/errors';

interface RestoreProps {
  camera: string;
  version: Version;
  onConfirm: () => void;
  onClose: () => void;
}

export function RestoreQuestion({ camera, version, onConfirm, onClose }: RestoreProps) {
  const { t, lang } = useT();
  const [detail, setDetail] = useState<VersionDetail | null>(null);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    let gone = false;
    api.version(camera, version.version).then(
      (found) => !gone && setDetail(found),
      (problem) => !gone && setError(errorText(problem, t)),
    );
    return () => {
      gone = true;
    };
  }, [camera, version.version, t]);
  if (!detail && !error) return null;
  const names = detail?.settings.zones.map((zone) => zone.name) ?? [];
  const after = !detail
    ? ''
    : names.length
      ? t('versions.restore.zones', { names: names.join(', ') })
      : t('versions.restore.nothing');
  const ask = t('versions.restore.ask', { n: version.version, time: clock(version.at, lang) });
  return (
    <Confirm
      title={t('versions.restore')}
      text={`${ask} ${after}`}
      action={t('versions.restore')}
      error={error}
      onConfirm={onConfirm}
      onClose={onClose}
    />
  );
}
