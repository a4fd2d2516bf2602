// Requests about checklists.
import { request } from '../api/http';
import type { Checklist, ChecklistDraft, Run, Template } from './types';

const at = (id: string, rest = '') => `/api/checklists/${encodeURIComponent(id)}${rest}`;

export const checklistApi = {
  /** Those of a camera, or all. */
  all: (camera?: string) =>
    request<{ checklists: Checklist[] }>(
      'GET',
      `/api/checklists${camera === undefined ? '' : `?camera=${encodeURIComponent(camera)}`}`,
    ).then((r) => r.checklists),
  templates: () =>
    request<{ templates: Template[] }>('GET', '/api/checklist-templates').then((r) => r.templates),
  add: (draft: Partial<ChecklistDraft> & { camera: string; template?: string }) =>
    request<Checklist>('POST', '/api/checklists', draft),
  change: (id: string, draft: Partial<ChecklistDraft>, version: number) =>
    request<Checklist>('PATCH', at(id), { ...draft, version }),
  remove: (id: string) => request<void>('DELETE', at(id)),
  tick: (id: string, item: string, done: boolean, note: string, revision: number) =>
    request<Checklist>('POST', at(id, `/items/${encodeURIComponent(item)}/tick`), {
      done,
      note,
      revision,
    }),
  reset: (id: string, note: string) => request<Checklist>('POST', at(id, '/reset'), { note }),
  history: (id: string, before?: number) =>
    request<{ runs: Run[] }>(
      'GET',
      at(id, `/history?limit=20${before === undefined ? '' : `&before=${before}`}`),
    ).then((r) => r.runs),
  shifts: () =>
    request<{ shifts: string[] }>('GET', '/api/checklists/settings').then((r) => r.shifts),
  setShifts: (shifts: string[]) =>
    request<{ shifts: string[] }>('PUT', '/api/checklists/settings', { shifts }).then(
      (r) => r.shifts,
    ),
};
