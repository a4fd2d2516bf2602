import { describe, expect, it } from 'vitest';
import { incident } from './samples';
import { basedOn, faster, hasJoined } from './seen';

const assigned = (to: string, second: number) => ({
  to,
  by: 'lee',
  at: `2026-11-26T10:00:0${second}Z`,
  note: null,
});
const by = (second: number) => ({ by: 'lee', at: `2026-11-26T10:00:0${second}Z`, reason: null });

describe('what came while something was typed', () => {
  it('is told by the number of alarms', () => {
    const seen = incident('a', { events: 2 });
    expect(hasJoined(seen, incident('a', { events: 2, revision: 9, open_events: 0 }))).toBe(false);
    expect(hasJoined(seen, incident('a', { events: 3, revision: 9 }))).toBe(true);
  });

  const seen = incident('a', { state: 'acknowledged', acknowledged: by(1), revision: 3 });
  it('does not refuse an assignment unless the incident was taken', () => {
    expect(basedOn(seen, { ...seen, revision: 7, open_events: 0 })).toBe(7);
    const taken = {
      ...seen,
      revision: 7,
      state: 'assigned',
      assigned: assigned('kim', 2),
    } as const;
    expect(basedOn(seen, taken)).toBe(3);
    expect(basedOn(taken, { ...taken, revision: 9, assigned: assigned('kim', 5) })).toBe(7);
    expect(basedOn(seen, { ...seen, revision: 7, state: 'raised' })).toBe(3);
  });

  it('names somebody only who was faster', () => {
    expect(faster(seen, { ...seen, revision: 7 })).toBeNull();
    expect(faster(incident('a'), seen)).toMatchObject({
      state: 'acknowledged',
      who: { by: 'lee' },
    });
    const taken = { ...seen, state: 'assigned', assigned: assigned('kim', 2) } as const;
    expect(faster(seen, taken)).toMatchObject({ state: 'assigned', to: 'kim' });
    expect(faster(taken, { ...taken, assigned: assigned('kim', 2) })).toBeNull();
    expect(faster(seen, { ...seen, state: 'raised', events: 2 })).toMatchObject({
      state: 'raised',
    });
    expect(faster(incident('a'), incident('a'))).toBeNull();
  });
});
