// Mutes wherever they mute: badges, the button that asks for one, and the list with "lift".
import { useState } from 'react';
import type { Camera, EventType, SafetyEvent } from '../api/types';
import { cameras } from '../cameras/cameras';
import type { Lang, Translate } from '../i18n/i18n';
import { useT } from '../i18n/i18n';
import { when } from '../i18n/time';
import { may, session } from '../session/session';
import { Dialog, ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { Icon } from '../ui/icons';
import { useStore } from '../ui/store';
import { incidentApi } from './api';
import { incidents } from './incidents';
import { MuteDialog } from './mute-dialog';
import { isPart, type MuteScope, muteKey, muteOf, ofCamera, ofZone } from './mutes';
import type { Mute } from './types';
import { useCurrent } from './use';

/** What a mute keeps quiet, by the names people know. */
export function muteWhat(mute: Mute, list: readonly Camera[], t: Translate): string {
  const zone = list.flatMap((camera) => camera.zones).find((one) => one.id === mute.zone);
  const home = mute.camera ?? zone?.camera;
  const camera = list.find((one) => one.id === home);
  const place = [camera?.name ?? home, zone?.name ?? mute.zone].filter(Boolean).join(' · ');
  return [mute.type && t(`event.${mute.type}`), place || t('mute.everywhere')]
    .filter(Boolean)
    .join(' – ');
}

const line = (mute: Mute, t: Translate, lang: Lang) =>
  t('mute.line', { until: when(mute.until, lang), by: mute.by, reason: mute.reason });

interface BadgeProps {
  camera: string | null;
  /** All of the camera where left out. */
  zone?: string | null;
  /** What bears on this type only. */
  type?: EventType;
}

export function MuteBadge({ camera, zone, type }: BadgeProps) {
  const { t, lang } = useT();
  const told = useStore(incidents.mutes);
  const all = told ?? [];
  const list = useStore(cameras.list) ?? [];
  const own = list.find((one) => one.id === camera);
  const near =
    zone === undefined ? (own ? ofCamera(all, own) : []) : ofZone(all, camera ?? '', zone ?? '');
  const bearing = near.filter((mute) => !type || !mute.type || mute.type === type);
  const latest = [...bearing].sort((a, b) => Date.parse(b.until) - Date.parse(a.until))[0];
  if (told === null) {
    return (
      <span className="mute-badge" title={t('mute.unknown')} data-testid="mute-unknown">
        <Icon name="muted" size={13} />
        {t('mute.pill.unknown')}
      </span>
    );
  }
  if (!latest) return null;
  const narrower = (mute: Mute) => zone === undefined && mute.zone !== null;
  const part = !type && bearing.every((mute) => isPart(mute) || narrower(mute));
  const title = bearing
    .map((mute) => `${muteWhat(mute, list, t)}: ${line(mute, t, lang)}`)
    .join('\n');
  return (
    <span className="mute-badge" title={title} data-testid="mute-badge" data-count={bearing.length}>
      <Icon name="muted" size={13} />
      {t(type ? 'mute.badge.next' : part ? 'mute.badge.part' : 'mute.badge', {
        until: when(latest.until, lang),
      })}
    </span>
  );
}

/** Opens the dialog for a tile, a zone or an incident; nothing for those who may not. */
export function MuteButton({ scope, className }: { scope: MuteScope; className?: string }) {
  const { t } = useT();
  const { user } = useStore(session);
  const [open, setOpen] = useState(false);
  if (!may.operate(user)) return null;
  const name = scope.zone?.name ?? scope.camera?.name ?? '';
  return (
    <>
      <button
        type="button"
        className={className ?? 'ghost icon-only mute-open'}
        title={t('mute.open', { name })}
        aria-label={t('mute.open', { name })}
        data-testid="mute-open"
        onClick={() => setOpen(true)}
      >
        <Icon name="muted" size={16} />
      </button>
      {open && <MuteDialog scope={scope} onClose={() => setOpen(false)} />}
    </>
  );
}

/** What a muted event of the timeline says instead of waiting. */
export function MutedLine({ event }: { event: SafetyEvent }) {
  const { t, lang } = useT();
  const mute = muteOf(event, useStore(incidents.knownMutes));
  const text = mute
    ? t('mute.event', { reason: mute.reason, until: when(mute.until, lang), by: mute.by })
    : t('mute.event.unknown');
  return (
    <small className="muted-line" data-testid="event-muted">
      <Icon name="muted" size={13} /> {text}
    </small>
  );
}

/** In the header, on every page, while anything is muted. */
export function MutesPill() {
  const { t } = useT();
  const mutes = useStore(incidents.mutes);
  const current = useCurrent();
  const [open, setOpen] = useState(false);
  if (mutes?.length === 0 && !open) return null;
  const n = mutes && (current ? mutes.length : `${mutes.length}?`);
  return (
    <>
      <button
        type="button"
        className="pill muted mutes-pill"
        data-testid="mutes-pill"
        data-count={mutes?.length ?? '?'}
        title={mutes ? undefined : t('mute.unknown')}
        onClick={() => setOpen(true)}
      >
        <Icon name="muted" size={15} />{' '}
        {n === null ? t('mute.pill.unknown') : t('mute.pill', { n })}
      </button>
      {open && <MutesDialog mutes={mutes} onClose={() => setOpen(false)} />}
    </>
  );
}

interface MutesDialogProps {
  mutes: readonly Mute[] | null;
  onClose: () => void;
}

function MutesDialog({ mutes, onClose }: MutesDialogProps) {
  const { t, lang } = useT();
  const { user } = useStore(session);
  const list = useStore(cameras.list) ?? [];
  const [error, setError] = useState<string | null>(null);
  const lift = (mute: Mute) =>
    incidentApi
      .lift(mute.id)
      .then(() => setError(null))
      .catch((problem) => setError(errorText(problem, t)))
      .finally(() => void incidents.readMutes());
  return (
    <Dialog title={t('mute.list')} onClose={onClose}>
      {error && <ErrorNote text={error} />}
      {mutes === null && <ErrorNote text={t('mute.unknown')} />}
      {mutes?.length === 0 && <p className="quiet">{t('mute.list.none')}</p>}
      <ul className="mutes">
        {mutes?.map((mute) => (
          <li key={muteKey(mute.id)} data-testid="mute-row" data-mute={muteKey(mute.id)}>
            <div>
              <b>{muteWhat(mute, list, t)}</b>
              <small>{line(mute, t, lang)}</small>
              {mute.events > 0 && (
                <small className="kept">{t('mute.kept', { n: mute.events })}</small>
              )}
            </div>
            {may.operate(user) && (
              <button type="button" data-testid="mute-lift" onClick={() => void lift(mute)}>
                {t('mute.lift')}
              </button>
            )}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
