// What the law and the site ask for: below the wall, and beside an alarm.
import { useEffect, useRef, useState } from 'react';
import type { EventType } from '../api/types';
import { events } from '../events/events';
import { waiting } from '../events/list';
import type { Lang } from '../i18n/i18n';
import { useT } from '../i18n/i18n';
import { remembered } from '../ui/hooks';
import { useStore } from '../ui/store';
import { fitting, link, pick } from './pick';
import { useRegulations } from './store';
import { CATEGORIES, type Category, type Regulation } from './types';

const STORED = 'safe-yolo.regulations';

/** Below the wall: of the newest alarm that waits, unless a type is given. */
export function Regulations({ eventType }: { eventType?: EventType }) {
  const { t, lang } = useT();
  const { all, failed } = useRegulations();
  const alarm = waiting(useStore(events.list))[0];
  const type = eventType ?? alarm?.type ?? null;
  const [category, setCategory] = useState<Category | null>(null);
  const [open, setOpen] = useState(remembered(STORED, ['open', 'shut'], 'open') === 'open');
  const cards = useRef<HTMLUListElement>(null);
  const shown = pick(all ?? [], type, category);
  const first = shown[0]?.id;
  useEffect(() => {
    // Another alarm: its article is in sight.
    if (first) cards.current?.scrollTo({ left: 0 });
  }, [first]);
  const toggle = () => {
    localStorage.setItem(STORED, open ? 'shut' : 'open');
    setOpen(!open);
  };
  return (
    <section className="regulations" data-testid="regulations">
      <header>
        <button type="button" className="ghost" aria-expanded={open} onClick={toggle}>
          {open ? '▾' : '▸'} {t('regulation.title')}
          {type && <b> · {t(`event.${type}`)}</b>}
        </button>
        {open && (
          <fieldset className="seg" aria-label={t('regulation.categories')}>
            <button type="button" aria-pressed={!category} onClick={() => setCategory(null)}>
              {t('common.all')}
            </button>
            {CATEGORIES.map((one) => (
              <button
                key={one}
                type="button"
                aria-pressed={category === one}
                onClick={() => setCategory(one)}
              >
                {t(`regulation.category.${one}`)}
              </button>
            ))}
          </fieldset>
        )}
        <span className="spacer" />
        {open && <small>{t('regulation.prevails')}</small>}
        <a href="#/regulations">{t('regulation.all')}</a>
      </header>
      {open && (all === null || failed) && (
        <p className="quiet">{t(failed ? 'regulation.failed' : 'common.loading')}</p>
      )}
      {open && (
        <ul ref={cards}>
          {shown.map((one) => (
            <Card key={one.id} one={one} lang={lang} fits={!!type && one.types.includes(type)} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Card({ one, lang, fits }: { one: Regulation; lang: Lang; fits: boolean }) {
  return (
    <li className={fits ? 'fits' : ''} data-testid="regulation" data-fits={fits}>
      <Heading one={one} lang={lang} />
      <p title={one.text[lang]}>{one.text[lang]}</p>
    </li>
  );
}

function Heading({ one, lang }: { one: Regulation; lang: Lang }) {
  const { t } = useT();
  const url = link(one.url);
  const source = [one.law[lang], one.article[lang]].filter(Boolean).join(' ');
  return (
    <div className="regulation-head">
      <b>{one.title[lang]}</b>
      <small>
        {url ? (
          <a href={url} target="_blank" rel="noreferrer" title={t('regulation.open')}>
            {source} ↗
          </a>
        ) : (
          source
        )}
      </small>
    </div>
  );
}

/** Beside an alarm: the articles that fit its type, a few. */
export function RegulationsFor({ type, most = 2 }: { type: EventType; most?: number }) {
  const { t, lang } = useT();
  const { all, failed } = useRegulations();
  const [more, setMore] = useState(false);
  const found = fitting(all ?? [], type);
  if (found.length === 0 && !failed) return null;
  const shown = more ? found : found.slice(0, most);
  return (
    <section className="regulations-for" data-testid="regulations-for">
      <h3>{t('regulation.title')}</h3>
      {failed && <p className="quiet">{t('regulation.failed')}</p>}
      <ul>
        {shown.map((one) => (
          <li key={one.id}>
            <Heading one={one} lang={lang} />
            <p>{one.text[lang]}</p>
          </li>
        ))}
      </ul>
      {found.length > most && (
        <button type="button" className="ghost" onClick={() => setMore(!more)}>
          {more ? t('regulation.less') : t('regulation.more', { n: found.length - most })}
        </button>
      )}
    </section>
  );
}
