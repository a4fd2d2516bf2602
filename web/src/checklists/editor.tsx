// Makes and changes checklists, and sets when shifts begin: for administrators.
import { type FormEvent, useEffect, useState } from 'react';
import type { Camera } from '../api/types';
import { useT } from '../i18n/i18n';
import { Dialog, ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { Icon } from '../ui/icons';
import { checklistApi } from './api';
import { ItemEditor } from './item-editor';
import { parseShifts } from './state';
import { learn } from './store';
import type { Checklist, Item, ItemDefinition, Template, Words } from './types';

const ITEMS_MAX = 50;

const definition = ({ id, text, by, types, zone, clear_for_s }: Item): ItemDefinition =>
  by === 'hand' ? { id, text, by } : { id, text, by, types, zone, clear_for_s };

/** A name that no item has yet. */
function newId(items: readonly ItemDefinition[]): string {
  let n = items.length + 1;
  while (items.some((item) => item.id === `ITEM_${n}`)) n += 1;
  return `ITEM_${n}`;
}

interface EditorProps {
  camera: Camera;
  list: Checklist | null;
  onClose: () => void;
}

export function ChecklistEditor({ camera, list, onClose }: EditorProps) {
  const { t, lang } = useT();
  const [templates, setTemplates] = useState<Template[]>([]);
  const [name, setName] = useState<Words>(list?.name ?? { ko: '', en: '' });
  const [zone, setZone] = useState(list?.zone ?? '');
  const [items, setItems] = useState<ItemDefinition[]>(list?.items.map(definition) ?? []);
  const [doomed, setDoomed] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    if (list) return;
    const take = (known: Template[]) => {
      setTemplates(known);
      const [first] = known;
      if (!first) return;
      setName(first.name);
      setItems(first.items);
    };
    void checklistApi.templates().then(take, () => undefined);
  }, [list]);
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true);
    try {
      await work();
      learn();
      onClose();
    } catch (problem) {
      setError(errorText(problem, t));
      setBusy(false);
    }
  };
  const submit = (form: FormEvent) => {
    form.preventDefault();
    const draft = { name, items, zone: zone || null };
    void run(() =>
      list
        ? checklistApi.change(list.id, draft, list.version)
        : checklistApi.add({ ...draft, camera: camera.id }),
    );
  };
  const put = (at: number, item: ItemDefinition) =>
    setItems(items.map((other, index) => (index === at ? item : other)));
  const move = (at: number, by: number) => {
    const next = [...items];
    const [moved] = next.splice(at, 1);
    if (moved) next.splice(at + by, 0, moved);
    setItems(next);
  };
  return (
    <Dialog
      title={`${camera.name} · ${t(list ? 'checklist.edit' : 'checklist.add')}`}
      onClose={onClose}
      wide
    >
      <form className="form checklist-editor" onSubmit={submit}>
        {templates.length > 0 && (
          <label>
            {t('checklist.template')}
            <select
              data-testid="checklist-template"
              onChange={(change) => {
                const taken = templates.find((one) => one.id === change.target.value);
                if (!taken) return;
                setName(taken.name);
                setItems(taken.items);
              }}
            >
              {templates.map((template) => (
                <option key={template.id} value={template.id}>
                  {template.name[lang]}
                </option>
              ))}
            </select>
          </label>
        )}
        <div className="two">
          <label>
            {t('checklist.name.ko')}
            <input
              required
              maxLength={80}
              value={name.ko}
              onChange={(change) => setName({ ...name, ko: change.target.value })}
            />
          </label>
          <label>
            {t('checklist.name.en')}
            <input
              required
              maxLength={80}
              value={name.en}
              onChange={(change) => setName({ ...name, en: change.target.value })}
            />
          </label>
        </div>
        <label>
          {t('checklist.place')}
          <select value={zone} onChange={(change) => setZone(change.target.value)}>
            <option value="">{t('checklist.place.camera')}</option>
            {camera.zones.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </select>
        </label>
        <ul className="item-editors">
          {items.map((item, index) => (
            <ItemEditor
              // biome-ignore lint/suspicious/noArrayIndexKey: ids are edited
              key={index}
              item={item}
              zones={camera.zones}
              first={index === 0}
              last={index === items.length - 1}
              onChange={(changed) => put(index, changed)}
              onMove={(by) => move(index, by)}
              onRemove={() => setItems(items.filter((_, other) => other !== index))}
            />
          ))}
        </ul>
        <div className="row">
          <button
            type="button"
            disabled={items.length >= ITEMS_MAX}
            onClick={() =>
              setItems([...items, { id: newId(items), text: { ko: '', en: '' }, by: 'hand' }])
            }
          >
            <Icon name="plus" size={14} /> {t('checklist.item.add')}
          </button>
        </div>
        {error && <ErrorNote text={error} />}
        <div className="row wrap end">
          {list && (
            <button
              type="button"
              className="danger"
              disabled={busy}
              onClick={() =>
                doomed ? void run(() => checklistApi.remove(list.id)) : setDoomed(true)
              }
            >
              {t(doomed ? 'checklist.delete.sure' : 'common.delete')}
            </button>
          )}
          <span className="spacer" />
          <button type="button" onClick={onClose}>
            {t('common.cancel')}
          </button>
          <button type="submit" className="pri" data-testid="checklist-save" disabled={busy}>
            {t('common.save')}
          </button>
        </div>
      </form>
      <Shifts />
    </Dialog>
  );
}

function Shifts() {
  const { t } = useT();
  const [text, setText] = useState<string | null>(null);
  const [note, setNote] = useState<{ good: boolean; text: string } | null>(null);
  useEffect(() => {
    void checklistApi.shifts().then(
      (shifts) => setText(shifts.join(', ')),
      () => undefined,
    );
  }, []);
  if (text === null) return null;
  const save = async () => {
    const shifts = parseShifts(text);
    if (!shifts) return setNote({ good: false, text: t('checklist.shifts.wrong') });
    try {
      setText((await checklistApi.setShifts(shifts)).join(', '));
      setNote({ good: true, text: t('checklist.shifts.saved') });
    } catch (problem) {
      setNote({ good: false, text: errorText(problem, t) });
    }
  };
  return (
    <div className="shifts">
      <label>
        {t('checklist.shifts')}
        <span className="row">
          <input
            value={text}
            placeholder="06:00, 14:00, 22:00"
            onChange={(change) => setText(change.target.value)}
          />
          <button type="button" onClick={() => void save()}>
            {t('checklist.shifts.save')}
          </button>
        </span>
      </label>
      <small>{t('checklist.shifts.note')}</small>
      {note && (note.good ? <p className="good">✓ {note.text}</p> : <ErrorNote text={note.text} />)}
    </div>
  );
}
