// Every request of the control room, typed; addresses as in docs/api.md.
import { request } from './http';
import type {
  Calendar,
  Camera,
  CameraInput,
  ChangePage,
  EventPage,
  FileAction,
  Replay,
  SafetyEvent,
  Status,
  System,
  TestPicture,
  User,
  Version,
  VersionDetail,
  Zone,
  ZoneDraft,
} from './types';

export const path = (...parts: string[]) => `/api/${parts.map(encodeURIComponent).join('/')}`;

export function query(params: Record<string, string | number | undefined>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') search.set(key, String(value));
  }
  const text = search.toString();
  return text ? `?${text}` : '';
}

export interface EventQuery {
  /** Several values with commas between them. */
  camera?: string;
  zone?: string;
  type?: string;
  severity?: string;
  acknowledged?: string;
  from?: string;
  to?: string;
  before?: number;
  limit?: number;
}

export const api = {
  login: (username: string, password: string) =>
    request<{ user: User }>('POST', '/api/session', { username, password }),
  session: () => request<{ user: User }>('GET', '/api/session'),
  logout: () => request<void>('DELETE', '/api/session'),

  cameras: () => request<{ cameras: Camera[] }>('GET', '/api/cameras').then((r) => r.cameras),
  addCamera: (input: CameraInput) => request<Camera>('POST', '/api/cameras', input),
  camera: (id: string) => request<Camera>('GET', path('cameras', id)),
  changeCamera: (id: string, input: Partial<CameraInput>, version: number) =>
    request<Camera>('PATCH', path('cameras', id), input, version),
  deleteCamera: (id: string, version: number) =>
    request<void>('DELETE', path('cameras', id), undefined, version),
  versions: (id: string, before?: number) =>
    request<{ versions: Version[] }>(
      'GET',
      `${path('cameras', id, 'versions')}${query({ before })}`,
    ).then((r) => r.versions),
  version: (id: string, version: number) =>
    request<VersionDetail>('GET', path('cameras', id, 'versions', String(version))),
  /** Zones and rules as they were in a version. */
  restore: (id: string, version: number, basedOn: number) =>
    request<Camera>(
      'POST',
      path('cameras', id, 'versions', String(version), 'restore'),
      undefined,
      basedOn,
    ),
  testCamera: (input: Pick<CameraInput, 'source' | 'username' | 'password'>) =>
    request<TestPicture>('POST', '/api/cameras/test', input),
  command: (id: string, action: FileAction, position_ms?: number) =>
    request<Status>('POST', path('cameras', id, 'command'), { action, position_ms }),

  calendar: () => request<Calendar>('GET', '/api/calendar'),
  setCalendar: (calendar: Calendar) => request<Calendar>('PUT', '/api/calendar', calendar),
  replay: (id: string, from: string, to: string, zones: readonly (Zone | ZoneDraft)[]) =>
    request<Replay>('POST', path('cameras', id, 'replay'), { from, to, zones }),

  addZone: (zone: ZoneDraft) => request<Zone>('POST', '/api/zones', zone),
  changeZone: (id: string, zone: Partial<ZoneDraft>, version: number) =>
    request<Zone>('PATCH', path('zones', id), zone, version),
  deleteZone: (id: string, version: number) =>
    request<void>('DELETE', path('zones', id), undefined, version),
  zones: (camera: string) =>
    request<{ zones: Zone[] }>('GET', `/api/zones${query({ camera })}`).then((r) => r.zones),

  events: (params: EventQuery) => request<EventPage>('GET', `/api/events${query({ ...params })}`),
  changes: (after: number, limit: number) =>
    request<ChangePage>('GET', `/api/events/changes${query({ after, limit })}`),
  event: (id: string) => request<SafetyEvent>('GET', path('events', id)),
  acknowledge: (id: string, reason: string) =>
    request<SafetyEvent>('POST', path('events', id, 'acknowledge'), { reason }),
  acknowledgeMany: (ids: readonly string[], reason: string) =>
    request<{ acknowledged: number }>('POST', '/api/events/acknowledge', { ids, reason }),

  system: () => request<System>('GET', '/api/system'),
};

/** A file of the events that fit. */
export const exportUrl = (format: 'csv' | 'json', params: EventQuery) =>
  `/api/events/export${query({ format, ...params })}`;

export const pictureUrl = (camera: string, version: number | string) =>
  `${path('cameras', camera, 'picture')}?v=${version}`;

export const snapshotUrl = (event: string, clean = false) =>
  `${path('events', event, 'snapshot')}${clean ? '?clean=1' : ''}`;

export function socketUrl(name: 'live' | 'events', params: Record<string, number> = {}): string {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return `${scheme}//${location.host}/ws/${name}${query(params)}`;
}
