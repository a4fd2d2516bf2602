// Every zone of every camera: who is in it and for how long, or that nobody can know.
import type { Camera, Equipment, Rule, Worns, Zone, ZoneNow } from '../api/types';
import { EQUIPMENT } from '../api/types';
import { cameras } from '../cameras/cameras';
import type { Translate } from '../i18n/i18n';
import { useT } from '../i18n/i18n';
import { pace, seconds, stay } from '../i18n/time';
import { MuteBadge, MuteButton } from '../incidents/mute-parts';
import { live } from '../live/live';
import { ZONE_MARKS } from '../live/paint';
import { useTick } from '../ui/hooks';
import { useStore } from '../ui/store';
import { groundText } from './grounds';
import { type RuleRow, rulesNow, ruleTitle } from './rule';

interface Row {
  zone: Zone;
  camera: Camera;
  /** Null when it can't be known who is in the zone. */
  now: ZoneNow | null;
  rules: RuleRow[];
}

const RANK = { alarm: 0, occupied: 1, unknown: 2, clear: 3 } as const;

function rows(list: readonly Camera[], lost: boolean, now: number): Row[] {
  const all = list.flatMap((camera) => {
    const feed = live.feed(camera.id);
    const watching = feed.view(lost, now).look === 'watching';
    const told = watching && known(feed.header?.analysis) ? (feed.header?.zones ?? []) : [];
    // Zones that another person has just added are told before the list of cameras is read again.
    const extra = told
      .filter((zone) => !camera.zones.some((own) => own.id === zone.id))
      .map((zone) => ({ ...zone, ...BARE, camera: camera.id, version: camera.version }));
    return [...camera.zones, ...extra].map((zone) => {
      const match = told.find((other) => other.id === zone.id) ?? null;
      const now = match?.verdict === 'unknown' ? null : match;
      return { zone, camera, now, rules: zone.active ? rulesNow(zone.rules, match) : [] };
    });
  });
  return all.sort((a, b) => rank(a) - rank(b));
}

const BARE = {
  active: true,
  place: null,
  anchor: 'foot' as const,
  schedule: null,
  dwell_s: 0,
  pause_s: 0,
  require: [] as Equipment[],
  rules: [] as Rule[],
};
const known = (analysis: string | undefined) => analysis === 'done' || analysis === 'predicted';
const rank = ({ zone, now }: Row) => (zone.active ? RANK[now?.verdict ?? 'unknown'] : 4);

export function ZoneStatus() {
  const { t } = useT();
  const list = useStore(cameras.list) ?? [];
  const lost = useStore(live.lost);
  const now = useTick(500);
  const all = rows(list, lost, now);
  const several = list.length > 1;
  return (
    <section className="panel zone-status">
      <h2>{t('zone.title')}</h2>
      {all.length === 0 && <p className="quiet">{t('zone.none')}</p>}
      <ul>
        {all.map((row) => (
          <ZoneRow key={row.zone.id} row={row} several={several} t={t} />
        ))}
      </ul>
    </section>
  );
}

function ZoneRow({ row, several, t }: { row: Row; several: boolean; t: Translate }) {
  const { zone, camera, now, rules } = row;
  const people = now?.people ?? [];
  const state = !zone.active ? 'off' : now === null ? 'unknown' : now.verdict;
  return (
    <li className={`zone ${state}`} data-testid="zone-row" data-verdict={state}>
      <i className={zone.type} title={t(`zone.${zone.type}`)} aria-hidden="true">
        {ZONE_MARKS[zone.type]}
      </i>
      <span className="zone-name">
        {zone.name}
        {several && <small>{camera.name}</small>}
        <MuteButton scope={{ camera, zone }} />
      </span>
      {state === 'off' ? (
        <span className="chip unk">{t('zone.inactive')}</span>
      ) : state === 'unknown' ? (
        <span className="chip unk">{t('zone.unknown')}</span>
      ) : people.length || state === 'alarm' ? (
        <b className={state}>
          {state === 'alarm' && `${t('zone.alarm')} · `}
          {t('zone.people', { n: people.length })}
        </b>
      ) : (
        <span className="quiet">{t('zone.nobody')}</span>
      )}
      {now?.off && zone.active && <span className="chip">{t('zone.off')}</span>}
      <div className="zone-mute">
        <MuteBadge camera={camera.id} zone={zone.id} />
      </div>
      {people.length > 0 && (
        <div className="who">
          {people.map((person) => (
            <div key={person.track} className="person">
              <span className="chip">
                <b>#{person.number}</b> {stay(person.since_s)}
                {pace(person.speed_m_s)}
              </span>
              <Worn worn={person.equipment} require={zone.require} />
            </div>
          ))}
        </div>
      )}
      {rules.length > 0 && (
        <ul className="rule-lines">
          {rules.map((rule) => (
            <RuleLine key={rule.name} rule={rule} t={t} />
          ))}
        </ul>
      )}
    </li>
  );
}

const RULE = {
  fire: { sign: '!', tone: 'bad' },
  clear: { sign: '✓', tone: 'good' },
  unknown: { sign: '?', tone: 'unk' },
  off: { sign: '–', tone: '' },
} as const;

export function RuleLine({ rule, t }: { rule: RuleRow; t: Translate }) {
  const { verdict, reason, held_s } = rule;
  const { sign, tone } = RULE[verdict];
  const more =
    verdict === 'fire' && held_s !== undefined
      ? t('rule.held', { time: seconds(held_s, t) })
      : reason && verdict !== 'clear'
        ? t(`rule.reason.${reason}`, undefined, reason)
        : null;
  const { passed, count, grounds = [] } = rule;
  return (
    <li data-testid="rule-row" data-verdict={verdict}>
      <span>{ruleTitle(rule, t)}</span>
      <span className={`chip ${tone}`}>
        {sign} {t(`rule.verdict.${verdict}`)}
        {more && ` · ${more}`}
      </span>
      {passed && (
        <small>{t('rule.passed', { left: passed.to_left, right: passed.to_right })}</small>
      )}
      {count !== undefined && <small>{t('rule.count', { n: count })}</small>}
      {grounds.map((ground) => (
        <small key={ground.track ?? 'place'} className="ground" data-testid="rule-ground">
          {groundText(ground, t)}
        </small>
      ))}
    </li>
  );
}

const SIGN = { present: '✓', missing: '✕', unknown: '?' } as const;

/** What the zone requires, and anything else that is known to be missing. */
function Worn({ worn, require }: { worn: Worns; require: Equipment[] }) {
  const { t } = useT();
  const items = EQUIPMENT.filter((item) => require.includes(item) || worn?.[item] === 'missing');
  return items.map((item) => {
    const state = worn?.[item] ?? 'unknown';
    const tone = { present: 'good', missing: 'bad', unknown: 'unk' }[state];
    return (
      <span key={item} className={`chip ${tone}`}>
        {t(`item.${item}`)} {SIGN[state]} {t(`worn.${state}`)}
      </span>
    );
  });
}
