// The checklists in the column beside the wall: of the enlarged camera, or of one that is chosen.
import { useEffect, useState } from 'react';
import type { Camera } from '../api/types';
import { cameras } from '../cameras/cameras';
import { useT } from '../i18n/i18n';
import { may, session } from '../session/session';
import { ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { useTick } from '../ui/hooks';
import { Icon } from '../ui/icons';
import { useStore } from '../ui/store';
import { focused } from '../wall/layout';
import { checklistApi } from './api';
import { ChecklistView } from './checklist';
import { ChecklistEditor } from './editor';
import { learn, useChecklists } from './store';
import type { Checklist as List } from './types';

export function ChecklistPanel() {
  const { t } = useT();
  const list = useStore(cameras.list) ?? [];
  const focus = useStore(focused);
  const [chosen, setChosen] = useState<string | null>(null);
  useEffect(() => {
    // To begin with, a camera that has one.
    const choose = (lists: List[]) => setChosen((known) => known ?? lists[0]?.camera ?? null);
    void checklistApi.all().then(choose, () => undefined);
  }, []);
  const camera =
    list.find((one) => one.id === focus) ?? list.find((one) => one.id === chosen) ?? list[0];
  if (!camera) return null;
  return (
    <section className="panel checklists" data-testid="checklists">
      <h2>
        {t('checklist.title')}
        {list.length > 1 && (
          <select
            aria-label={t('checklist.of')}
            value={camera.id}
            disabled={focus !== null}
            onChange={(change) => setChosen(change.target.value)}
          >
            {list.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </select>
        )}
      </h2>
      <Checklist camera={camera} />
    </section>
  );
}

/** The checklists of a camera and its zones. */
export function Checklist({ camera }: { camera: Camera }) {
  const { t } = useT();
  const { user } = useStore(session);
  const { lists, at } = useChecklists(camera.id);
  useTick(1000);
  const age = performance.now() - at;
  const [editing, setEditing] = useState<{ list: List | null } | null>(null);
  const [error, setError] = useState<string | null>(null);
  const admin = may.configure(user);
  const own = lists ?? [];
  const zone = (id: string | null) => camera.zones.find((one) => one.id === id)?.name;
  const addDefault = () =>
    checklistApi
      .add({ camera: camera.id })
      .then(() => setError(null))
      .catch((problem) => setError(errorText(problem, t)))
      .finally(() => learn());
  return (
    <>
      {lists === null && <p className="quiet">{t('common.loading')}</p>}
      {error && <ErrorNote text={error} />}
      {own.map((list) => (
        <ChecklistView
          key={list.id}
          list={list}
          age={age}
          place={list.zone ? (zone(list.zone) ?? t('checklist.reason.zone_gone')) : undefined}
          onEdit={admin ? () => setEditing({ list }) : undefined}
        />
      ))}
      {lists && own.length === 0 && <p className="quiet">{t('checklist.none')}</p>}
      {lists && admin && (
        <div className="row wrap">
          {own.length === 0 && (
            <button
              type="button"
              data-testid="checklist-add-default"
              onClick={() => void addDefault()}
            >
              <Icon name="plus" size={14} /> {t('checklist.add.default')}
            </button>
          )}
          <button
            type="button"
            className="ghost"
            data-testid="checklist-add"
            onClick={() => setEditing({ list: null })}
          >
            {t('checklist.add')}
          </button>
        </div>
      )}
      {editing && (
        <ChecklistEditor camera={camera} list={editing.list} onClose={() => setEditing(null)} />
      )}
    </>
  );
}
