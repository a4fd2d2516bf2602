// What rings: one alarm an incident, and none is silent because something could not be read.
import { describe, expect, it } from 'vitest';
import type { SafetyEvent } from '../api/types';
import { apply as applyEvent, emptyList } from '../events/list';
import {
  alarmPlaces,
  alarms,
  isBarred,
  keyTarget,
  knownBefore,
  loudest,
  mayBeMore,
  poppingUp,
  silenceKey,
  tellingEvent,
  waitingAlarms,
} from './alarms';
import { apply, emptyIncidents } from './list';
import { incident } from './samples';

const event = (id: string, seq: number, more: Partial<SafetyEvent> = {}): SafetyEvent => ({
  id,
  seq,
  camera: 'press',
  camera_name: 'Press line',
  type: 'danger_zone_intrusion',
  severity: 'CRITICAL',
  zone: null,
  track: null,
  start: '2026-11-26T10:00:00Z',
  end: null,
  message: { ko: '', en: '' },
  details: {},
  config_version: 1,
  snapshot: 'none',
  clip: 'none',
  acknowledged: null,
  incident: null,
  muted: null,
  ...more,
});
const events = (...all: SafetyEvent[]) =>
  all.reduce(
    (list, one) => applyEvent(list, { seq: one.seq, kind: 'raised', recorded: true, event: one }),
    emptyList,
  );
const known = (...all: ReturnType<typeof incident>[]) => all.reduce(apply, emptyIncidents);
const ids = (all: { id: string }[]) => all.map(({ id }) => id);

describe('alarms', () => {
  it('are one an incident, however many events it has', () => {
    const list = events(event('a', 1, { incident: 'a' }), event('b', 2, { incident: 'a' }));
    expect(ids(alarms(list, known(incident('a'))))).toEqual(['a']);
  });

  it('are told from events while the incident is not known', () => {
    const list = events(event('a', 1, { incident: 'a' }), event('b', 2, { incident: 'a' }));
    const [alarm] = alarms(list, emptyIncidents);
    expect(alarm).toMatchObject({ id: 'a', incident: null, severity: 'CRITICAL' });
    expect(alarms(list, emptyIncidents)).toHaveLength(1);
    expect(ids(alarms(events(event('c', 3)), known(incident('a'))))).toEqual(['a', 'c']);
  });

  it('do not ring again for what somebody has taken or closed', () => {
    const list = events(event('a', 1, { incident: 'a' }));
    for (const state of ['acknowledged', 'resolved'] as const)
      expect(alarms(list, known(incident('a', { state })))).toEqual([]);
  });

  it('ring for an alarm that is newer than what is known of its incident', () => {
    const later = event('b', 2, { incident: 'a', start: '2026-11-26T10:00:09Z' });
    const taken = known(incident('a', { state: 'acknowledged' }));
    expect(ids(alarms(events(later), taken))).toEqual(['a']);
  });

  it('ring for a new alarm of what was closed and reopened', () => {
    const later = event('b', 2, { incident: 'a', start: '2026-11-26T10:00:09Z' });
    const shut = apply(emptyIncidents, incident('a', { state: 'resolved', revision: 2 }));
    const again = apply(shut, incident('a', { state: 'acknowledged', revision: 3 }));
    expect(ids(alarms(events(later), again))).toEqual(['a']);
  });

  it('leave out what is muted', () => {
    expect(alarms(events(event('a', 1, { muted: 3 })), emptyIncidents)).toEqual([]);
  });

  it('count those that only the server knows', () => {
    const list = { ...events(event('a', 1)), hidden: 4 };
    expect(waitingAlarms(list, emptyIncidents)).toBe(5);
    const read = { ...known(incident('a')), read: true, hiddenRaised: 2 };
    expect(waitingAlarms(list, read)).toBe(3);
  });
});

describe('that none waits', () => {
  const list = { ...emptyList, seq: 7 };
  it('is known only of a whole and present list', () => {
    expect(mayBeMore(list, false, true)).toBe(false);
    expect(mayBeMore(list, true, true)).toBe(true);
    expect(mayBeMore(list, false, false)).toBe(true);
    expect(mayBeMore(emptyList, false, true)).toBe(true);
    expect(mayBeMore({ ...list, gap: { after: 1, upTo: 3 } }, false, true)).toBe(true);
  });
});

describe('the key A', () => {
  const all = alarms(
    emptyList,
    known(
      incident('a', { severity: 'WARNING', escalation: { level: 2, at: null } }),
      incident('b'),
    ),
  );
  const b = all.find(({ id }) => id === 'b');
  const shown = all.filter(({ id }) => id === 'a');
  it.each([
    ['the pop-up in sight', { page: 'wall' }, shown, 'a'],
    ['what is gravest in the column, without a pop-up', { page: 'wall' }, [], 'b'],
    ['the incident whose page is open', { page: 'incident', id: 'b' }, shown, 'b'],
    ['nothing on the page of one that does not wait', { page: 'incident', id: 'c' }, shown, null],
    ['the pop-up on another page', { page: 'history' }, shown, 'a'],
    ['nothing that is shown nowhere', { page: 'history' }, [], null],
  ] as const)('means %s', (_name, at, popups, id) =>
    expect(keyTarget(at, all, popups)?.id ?? null).toBe(id),
  );

  it('does nothing about what may not be so any more', () => {
    expect(b && [isBarred(b, true, false), isBarred(b, false, false)]).toEqual([false, true]);
    const [c] = alarms(events(event('c', 1)), emptyIncidents);
    expect(c && [isBarred(c, false, false), isBarred(c, true, true)]).toEqual([false, true]);
  });
});

describe('the places of alarms', () => {
  it('are all cameras of an incident, and that of an event without one', () => {
    const cameras = ['press', 'dock'].map((id) => ({ id, name: id }));
    const all = alarms(
      events(event('c', 1, { camera: 'roof' })),
      known(incident('a', { cameras })),
    );
    expect(alarmPlaces(all).map(({ camera }) => camera)).toEqual(['press', 'dock', 'roof']);
  });
});

describe('the sound', () => {
  const at = (level: number) => ({ escalation: { level, at: null } });
  const one = (more: Parameters<typeof incident>[1]) =>
    alarms(emptyList, known(incident('a', more)));

  it('is that of the gravest, at the highest level of all', () => {
    const all = alarms(
      emptyList,
      known(incident('a'), incident('b', { severity: 'WARNING', ...at(1) })),
    );
    expect(loudest(all, new Set())).toEqual({ severity: 'CRITICAL', level: 1 });
    expect(loudest(one({ severity: 'WARNING' }), new Set())).toEqual({
      severity: 'WARNING',
      level: 0,
    });
    expect(loudest([], new Set())).toBeNull();
  });

  it('comes back, and the pop-up too, when what was silenced gets graver', () => {
    const keys = new Set(one({ severity: 'WARNING' }).map(silenceKey));
    expect(loudest(one({}), keys)).not.toBeNull();
    expect(poppingUp(one({}), keys, [])).toHaveLength(1);
  });

  it('comes back with the next level and the next coming of what was silenced', () => {
    const silenced = new Set(one({}).map(silenceKey));
    expect(loudest(one({}), silenced)).toBeNull();
    expect(loudest(one({ people: 3 }), silenced)).toBeNull();
    expect(loudest(one(at(1)), silenced)).not.toBeNull();
    expect(loudest(one({ waiting_since: '2026-11-26T10:05:00Z' }), silenced)).not.toBeNull();
  });

  it('does not pop up what was hidden, until its next level', () => {
    const hidden = new Set(one({}).map(silenceKey));
    expect(poppingUp(one({}), hidden, [])).toEqual([]);
    expect(poppingUp(one(at(2)), hidden, [])).toHaveLength(1);
  });

  it('pops up an event without incident while it is new', () => {
    const all = alarms(events(event('a', 1)), emptyIncidents);
    expect(poppingUp(all, new Set(), ['a'])).toHaveLength(1);
    expect(poppingUp(all, new Set(), [])).toEqual([]);
  });

  it('pops up a new danger before a warning that is overdue', () => {
    const all = alarms(
      emptyList,
      known(
        incident('overdue', { severity: 'WARNING', escalation: { level: 2, at: null } }),
        incident('new'),
        incident('late', { escalation: { level: 1, at: null } }),
      ),
    );
    expect(ids(poppingUp(all, new Set(), []))).toEqual(['late', 'new', 'overdue']);
  });

  it('hides at first only what was there before the page was', () => {
    const list = {
      ...events(event('b', 2, { incident: 'a' }), event('c', 3)),
      fresh: ['b', 'c'],
    };
    const all = alarms(list, known(incident('a'), incident('old')));
    expect(ids(knownBefore(all, list))).toEqual(['old']);
  });
});

describe('the event that is shown with an incident', () => {
  const list = events(
    event('a', 1, { incident: 'a' }),
    event('b', 2, { incident: 'a', start: '2026-11-26T10:00:09Z' }),
  );
  it('is its first, and the newest of what is wrong with the system', () => {
    expect(tellingEvent(list, incident('a'))?.id).toBe('a');
    expect(tellingEvent(list, incident('a', { type: 'system' }))?.id).toBe('b');
    expect(tellingEvent(emptyList, incident('a', { type: 'system' }))).toBeNull();
  });
});
