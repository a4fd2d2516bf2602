// An incident to test with.
import type { Incident } from './types';

export const incident = (id: string, more: Partial<Incident> = {}): Incident => ({
  id,
  type: 'danger_zone_intrusion',
  severity: 'CRITICAL',
  camera: 'press',
  camera_name: 'Press line',
  zone: { id: 'z1', name: 'Press' },
  cameras: [{ id: 'press', name: 'Press line' }],
  start: '2026-11-26T10:00:00Z',
  end: null,
  last_event_at: '2026-11-26T10:00:00Z',
  events: 1,
  open_events: 0,
  people: 1,
  people_peak: 1,
  state: 'raised',
  revision: 1,
  acknowledged: null,
  assigned: null,
  closed: null,
  escalation: { level: 0, at: null },
  held: null,
  ...more,
});
