// One checklist with its items, as the operator works it off.
import { useState } from 'react';
import { useT } from '../i18n/i18n';
import { when } from '../i18n/time';
import { may, session } from '../session/session';
import { ErrorNote } from '../ui/dialog';
import { errorText } from '../ui/errors';
import { Icon } from '../ui/icons';
import { useStore } from '../ui/store';
import { checklistApi } from './api';
import { HistoryDialog } from './history';
import { ChecklistNote } from './note-dialog';
import { doneCount, line, type Shown, shown } from './state';
import { learn } from './store';
import type { Checklist, Item } from './types';

const SIGN: Record<Shown, string> = { done: '✓', open: '', violation: '!', unknown: '?' };

interface ListProps {
  list: Checklist;
  /** Milliseconds since the answer that tells it. */
  age: number;
  /** What it is about, if that isn't clear from where it stands. */
  place?: string | undefined;
  onEdit?: (() => void) | undefined;
}

export function ChecklistView({ list, age, place, onEdit }: ListProps) {
  const { t, lang } = useT();
  const { user } = useStore(session);
  const [noting, setNoting] = useState<Item | null>(null);
  const [resetting, setResetting] = useState(false);
  const [history, setHistory] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const operate = may.operate(user);
  const tick = (item: Item, done: boolean) =>
    checklistApi
      .tick(list.id, item.id, done, '', item.revision)
      .then((answer) => {
        setError(null);
        learn(answer);
      })
      .catch((problem) => {
        setError(errorText(problem, t));
        learn();
      });
  return (
    <div className="checklist" data-testid="checklist" data-checklist-id={list.id}>
      <div className="checklist-head">
        <b>
          {list.name[lang]}
          {place && <small>{place}</small>}
        </b>
        <span className="chip" data-testid="checklist-count">
          {t('checklist.count', { n: doneCount(list, age), m: list.items.length })}
        </span>
      </div>
      {error && <ErrorNote text={error} />}
      <ul>
        {list.items.map((item) => (
          <ItemRow
            key={item.id}
            item={item}
            age={age}
            operate={operate}
            onTick={(done) => void tick(item, done)}
            onNote={() => setNoting(item)}
          />
        ))}
      </ul>
      <div className="row wrap checklist-foot">
        <small>{t('checklist.started', { time: when(list.started, lang) })}</small>
        <span className="spacer" />
        <button type="button" className="ghost" onClick={() => setHistory(true)}>
          {t('checklist.history')}
        </button>
        {operate && (
          <button
            type="button"
            className="ghost"
            data-testid="checklist-reset"
            onClick={() => setResetting(true)}
          >
            {t('checklist.reset')}
          </button>
        )}
        {onEdit && (
          <button type="button" className="ghost" data-testid="checklist-edit" onClick={onEdit}>
            {t('common.edit')}
          </button>
        )}
      </div>
      {noting && (
        <ChecklistNote
          title={noting.text[lang]}
          action={t(noting.state === 'open' ? 'checklist.tick' : 'checklist.untick')}
          send={(note) =>
            checklistApi.tick(list.id, noting.id, noting.state === 'open', note, noting.revision)
          }
          onClose={() => setNoting(null)}
        />
      )}
      {resetting && (
        <ChecklistNote
          title={t('checklist.reset.title')}
          text={t('checklist.reset.text')}
          action={t('checklist.reset')}
          send={(note) => checklistApi.reset(list.id, note)}
          onClose={() => setResetting(false)}
        />
      )}
      {history && <HistoryDialog list={list} onClose={() => setHistory(false)} />}
    </div>
  );
}

interface ItemProps {
  item: Item;
  age: number;
  operate: boolean;
  onTick: (done: boolean) => void;
  onNote: () => void;
}

function ItemRow({ item, age, operate, onTick, onNote }: ItemProps) {
  const { t, lang } = useT();
  const how = shown(item, age);
  const byHand = item.by === 'hand';
  const text = item.text[lang];
  const source = t(byHand ? 'checklist.by.hand' : 'checklist.by.rule');
  // A rule's tick can only be taken away by hand.
  const noted = operate && how !== 'violation' && (byHand || item.state !== 'open');
  return (
    <li
      className={`check-item ${how}`}
      data-testid="check-item"
      data-item={item.id}
      data-state={how}
    >
      {byHand ? (
        <button
          type="button"
          className="sign"
          aria-pressed={how === 'done'}
          aria-label={`${text}: ${t('checklist.sign.done')}`}
          disabled={!operate || how === 'unknown'}
          onClick={() => onTick(item.state !== 'done')}
        >
          {SIGN[how]}
        </button>
      ) : (
        <span className="sign" role="img" aria-label={t(`checklist.sign.${how}`)}>
          {SIGN[how]}
        </span>
      )}
      <span className="check-text">
        {text}
        <small>{line(item, age, t, lang)}</small>
      </span>
      <span className="check-by" title={source} role="img" aria-label={source}>
        <Icon name={byHand ? 'user' : 'camera'} size={15} />
      </span>
      {noted ? (
        <button
          type="button"
          className="ghost icon-only"
          aria-label={`${text}: ${t('checklist.note')}`}
          title={t('checklist.note')}
          onClick={onNote}
        >
          …
        </button>
      ) : (
        <span />
      )}
    </li>
  );
}
