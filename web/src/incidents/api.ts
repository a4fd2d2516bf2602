// The requests about incidents, mutes and how alarms are handled.
import { path, query } from '../api/client';
import { ApiError, NETWORK, problem, request } from '../api/http';
import type {
  AlarmSettings,
  ClipBoxes,
  Incident,
  IncidentDetail,
  IncidentPage,
  Mute,
  MuteInput,
  RulePrecision,
} from './types';

export interface IncidentQuery {
  open?: string;
  state?: string;
  camera?: string;
  zone?: string;
  type?: string;
  severity?: string;
  from?: string;
  to?: string;
  before?: number;
  limit?: number;
}

export type Step =
  | { step: 'acknowledge'; reason: string }
  | { step: 'assign'; to: string; note: string }
  | { step: 'resolve' | 'false-alarm' | 'reopen' | 'notes'; note: string }
  | { step: 'hold'; hold: boolean; reason: string };

export const incidentApi = {
  list: (params: IncidentQuery) =>
    request<IncidentPage>('GET', `/api/incidents${query({ ...params })}`),
  get: (id: string) => request<IncidentDetail>('GET', path('incidents', id)),
  /** Refused where the incident is not at the revision that was seen. */
  take: (id: string, { step, ...said }: Step, revision?: number) =>
    request<Incident>('POST', path('incidents', id, step), { ...said, revision }),
  /** What takes long of an export, ahead. */
  prepareExport: (id: string) =>
    request<unknown>('POST', path('incidents', id, 'export', 'prepare')),
  people: () => request<{ people: string[] }>('GET', '/api/people').then((r) => r.people),
  mutes: () => request<{ mutes: Mute[] }>('GET', '/api/mutes').then((r) => r.mutes),
  mute: (input: MuteInput) => request<unknown>('POST', '/api/mutes', input),
  lift: (id: Mute['id']) => request<unknown>('DELETE', path('mutes', String(id))),
  clipBoxes: (event: string) => request<ClipBoxes>('GET', path('events', event, 'clip', 'boxes')),
  settings: () => request<AlarmSettings>('GET', '/api/alarm-settings'),
  setSettings: (settings: AlarmSettings) =>
    request<AlarmSettings>('PUT', '/api/alarm-settings', settings),
  precision: (from?: string, to?: string) =>
    request<{ rules: RulePrecision[] }>(
      'GET',
      `/api/statistics/precision${query({ from, to })}`,
    ).then((r) => r.rules),
};

export const clipUrl = (event: string) => path('events', event, 'clip');

/** As a file: needs the right to originals. */
export const clipFileUrl = (event: string) => `${clipUrl(event)}${query({ download: 'true' })}`;

/** The case as a ZIP, and the name the server gives it. */
export async function exportCase(
  id: string,
  original: boolean,
  reason: string,
): Promise<{ file: Blob; name: string }> {
  let response: Response;
  try {
    response = await fetch(path('incidents', id, 'export'), {
      method: 'POST',
      credentials: 'same-origin',
      cache: 'no-store',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ original, reason }),
    });
  } catch (error) {
    throw new ApiError(0, NETWORK, String(error));
  }
  if (!response.ok) throw await problem(response);
  const told = /filename="?([^";]+)"?/.exec(response.headers.get('content-disposition') ?? '');
  return { file: await response.blob(), name: told?.[1] ?? `safe-yolo-case-${id}.zip` };
}
