// Play, pause, stop and seek of a camera that plays a file.
import { useState } from 'react';
import type { FileAction } from '../api/types';
import { useT } from '../i18n/i18n';
import { stay } from '../i18n/time';
import type { View } from '../live/age';
import { live } from '../live/live';
import { may, session } from '../session/session';
import { errorText } from '../ui/errors';
import { Icon } from '../ui/icons';
import { useStore } from '../ui/store';
import { command } from './transport';

export function FileBar({ camera, view }: { camera: string; view: View }) {
  const { t } = useT();
  const { user } = useStore(session);
  const { status } = live.feed(camera);
  const [drag, setDrag] = useState<number | null>(null);
  const [error, setError] = useState<string | null>(null);
  const playing = status?.playing ?? false;
  const length = status?.duration_ms ?? 0;
  const position = drag ?? status?.position_ms ?? 0;
  const allowed = may.operate(user) && view.look !== 'lost';
  const run = (action: FileAction, at?: number) =>
    command(camera, action, at)
      .then(() => setError(null))
      .catch((problem) => setError(errorText(problem, t)));
  const seek = () => {
    if (drag === null) return;
    void run('seek', Math.round(drag)).finally(() => setDrag(null));
  };
  return (
    <div className="file-bar" title={may.operate(user) ? undefined : t('role.needs.operator')}>
      <button
        type="button"
        disabled={!allowed}
        aria-label={t(playing ? 'file.pause' : 'file.play')}
        data-testid="file-toggle"
        onClick={() => void run(playing ? 'pause' : 'play')}
      >
        <Icon name={playing ? 'pause' : 'play'} size={16} />
      </button>
      <button
        type="button"
        disabled={!allowed}
        aria-label={t('file.stop')}
        data-testid="file-stop"
        onClick={() => void run('stop')}
      >
        <Icon name="stop" size={16} />
      </button>
      <input
        type="range"
        min={0}
        max={Math.max(length, 1)}
        step={100}
        value={Math.min(position, Math.max(length, 1))}
        disabled={!allowed || length === 0}
        aria-label={t('file.seek')}
        aria-valuetext={`${stay(position / 1000)} / ${stay(length / 1000)}`}
        data-testid="file-seek"
        onChange={(event) => setDrag(Number(event.target.value))}
        onPointerUp={seek}
        onKeyUp={seek}
        onBlur={seek}
      />
      <span className="file-time">
        {status?.position_ms == null ? '?' : stay(position / 1000)} / {stay(length / 1000)}
      </span>
      {error && <span className="file-error">{error}</span>}
    </div>
  );
}
