// The list of incidents: each revision once, closed ones stay closed, nothing hidden is forgotten.
import { describe, expect, it } from 'vitest';
import {
  apply,
  arrived,
  emptyIncidents,
  hindrance,
  type IncidentList,
  inOrder,
  lastedS,
  load,
  newest,
  raisedCount,
  reading,
} from './list';
import { incident } from './samples';
import type { Incident } from './types';

const page = (...incidents: ReturnType<typeof incident>[]) => ({
  incidents: incidents.map((one, index) => ({ ...one, number: index + 1 })),
  open: incidents.length,
  unacknowledged: incidents.filter((one) => one.state === 'raised').length,
});
const ids = (list: IncidentList) => inOrder(list).map(({ id }) => id);

describe('open incidents', () => {
  it('are those that were read', () => {
    const list = load(emptyIncidents, page(incident('a'), incident('b')));
    expect(list.read).toBe(true);
    expect(ids(list).sort()).toEqual(['a', 'b']);
  });

  it('take each revision once, and none that is older', () => {
    const list = load(emptyIncidents, page(incident('a', { revision: 3, people: 2 })));
    const same = apply(list, incident('a', { revision: 3, people: 9 }));
    expect(same).toBe(list);
    expect(apply(list, incident('a', { revision: 2, people: 9 }))).toBe(list);
    expect(apply(list, incident('a', { revision: 4, people: 9 })).byId.a?.people).toBe(9);
  });

  it('lose what was closed, and a late message does not bring it back', () => {
    let list = load(emptyIncidents, page(incident('a')));
    list = apply(list, incident('a', { revision: 5, state: 'resolved' }));
    expect(ids(list)).toEqual([]);
    expect(ids(apply(list, incident('a', { revision: 4 })))).toEqual([]);
    expect(ids(load(list, page(incident('a', { revision: 4 }))))).toEqual([]);
  });

  it('get back what was reopened', () => {
    let list = apply(emptyIncidents, incident('a', { revision: 5, state: 'false_alarm' }));
    list = apply(list, incident('a', { revision: 6, state: 'acknowledged' }));
    expect(ids(list)).toEqual(['a']);
    expect(list.closed.has('a')).toBe(false);
    const shut = apply(emptyIncidents, incident('b', { revision: 5, state: 'resolved' }));
    const read = load(shut, page(incident('b', { revision: 6, state: 'acknowledged' })));
    expect(read.closed.has('b')).toBe(false);
  });

  it('tell of what was read elsewhere how it is now', () => {
    const read = { ...incident('a', { revision: 2 }), number: 9 };
    const at = (revision: number, state: Incident['state']) =>
      newest(apply(emptyIncidents, incident('a', { revision, state })), read);
    expect(at(1, 'acknowledged')).toBe(read);
    expect(at(3, 'acknowledged')).toMatchObject({ number: 9, state: 'acknowledged' });
    expect(at(3, 'resolved')).toMatchObject({ number: 9, state: 'resolved' });
    expect(newest(emptyIncidents, read)).toBe(read);
  });

  it('keep what was pushed while they were read, and drop what is gone', () => {
    let list = load(emptyIncidents, page(incident('old')));
    list = reading(list);
    list = apply(list, incident('new'));
    expect(ids(load(list, page()))).toEqual(['new']);
  });

  it('keep the newer revision of what is read', () => {
    let list = load(emptyIncidents, page(incident('a', { revision: 1 })));
    list = apply(list, incident('a', { revision: 7, state: 'acknowledged' }));
    expect(load(list, page(incident('a', { revision: 6 }))).byId.a?.state).toBe('acknowledged');
  });

  it('are not all known where a record is damaged', () => {
    const damaged = { ...page(incident('a')), unreadable: [7, 3], open: 4 };
    expect(load(emptyIncidents, damaged)).toMatchObject({ unreadable: 2, hidden: 1 });
    expect(load(emptyIncidents, page(incident('a'))).unreadable).toBe(0);
  });

  it('count those that wait beyond the list', () => {
    const list = load(emptyIncidents, { ...page(incident('a')), open: 12, unacknowledged: 8 });
    expect([list.hidden, raisedCount(list)]).toEqual([11, 8]);
  });
});

describe('incidents that came since a list was read', () => {
  const all = { open: '', state: '', camera: '', type: '', severity: '', to: '' };
  const known = new Set(['a']);
  const list = load(emptyIncidents, page(incident('a'), incident('b'), incident('c')));
  it.each([
    ['all', all, [], 2],
    ['all, of which one is shown', all, [incident('b')], 1],
    ['those of a camera', { ...all, camera: 'press' }, [], 2],
    ['those of another camera', { ...all, camera: 'gate' }, [], 0],
    ['those of another state', { ...all, state: 'assigned' }, [], 0],
    ['another severity', { ...all, severity: 'WARNING' }, [], 0],
    ['another type', { ...all, type: 'fall' }, [], 0],
    ['closed ones', { ...all, open: 'false' }, [], 0],
    ['those until then', { ...all, to: '2026-11-26T11:00' }, [], 0],
  ])('count where the list holds %s', (_what, wanted, shown, n) => {
    expect(arrived(list, known, shown, wanted)).toBe(n);
  });
});

describe('the order', () => {
  it('has the escalated first, then the raised, the gravest and the newest', () => {
    const at = (second: number) => ({ last_event_at: `2026-11-26T10:00:0${second}Z` });
    const list = load(
      emptyIncidents,
      page(
        incident('taken', { state: 'assigned', ...at(9) }),
        incident('warning', { severity: 'WARNING', ...at(8) }),
        incident('older', at(1)),
        incident('newer', at(2)),
        incident('escalated', { severity: 'WARNING', escalation: { level: 1, at: null } }),
      ),
    );
    expect(ids(list)).toEqual(['escalated', 'newer', 'older', 'warning', 'taken']);
  });

  it('forgets the level of what somebody has taken', () => {
    const level = { level: 2, at: null };
    const list = load(
      emptyIncidents,
      page(
        incident('taken', { state: 'acknowledged', severity: 'WARNING', escalation: level }),
        incident('grave', { state: 'acknowledged' }),
      ),
    );
    expect(ids(list)).toEqual(['grave', 'taken']);
  });
});

describe('how long it lasts', () => {
  const start = '2026-11-26T10:00:00Z';
  const now = Date.parse('2026-11-26T10:01:40Z');
  it.each([
    [null, 100],
    ['2026-11-26T10:00:30Z', 30],
    ['2026-11-26T09:59:00Z', 0],
  ])('with its end at %s', (end, seconds) => {
    expect(lastedS(incident('a', { start, end }), now)).toBe(seconds);
  });
});

describe('steps', () => {
  const going = { state: 'acknowledged', open_events: 2 } as const;
  it.each([
    ['raised', 'acknowledge', {}, null],
    ['raised', 'assign', {}, 'raised'],
    ['raised', 'resolve', {}, 'raised'],
    ['raised', 'false-alarm', {}, 'raised'],
    ['raised', 'reopen', {}, 'open'],
    ['acknowledged', 'acknowledge', {}, 'acknowledged'],
    ['acknowledged', 'resolve', going, 'goes_on'],
    ['acknowledged', 'false-alarm', going, null],
    ['assigned', 'assign', {}, null],
    ['resolved', 'assign', {}, 'closed'],
    ['false_alarm', 'reopen', {}, null],
  ] as const)('of one that is %s: %s', (state, step, more, doubt) => {
    expect(hindrance(incident('a', { state, ...more }), step)).toBe(doubt);
  });
});
