// The regulations: they change seldom, so they are read once and after each edit.
import { useEffect } from 'react';
import { request } from '../api/http';
import { Store, useStore } from '../ui/store';
import type { Regulation, RegulationDraft } from './types';

/** So long what was read is taken as it is; then it is asked for again when it is shown. */
const FRESH_MS = 60_000;

interface Read {
  /** Null until the first answer. */
  all: Regulation[] | null;
  failed: boolean;
}

const known = new Store<Read>({ all: null, failed: false });
let readAt = Number.NEGATIVE_INFINITY;

const at = (id: string) => `/api/regulations/${encodeURIComponent(id)}`;

export async function reread(): Promise<void> {
  readAt = performance.now();
  try {
    const { regulations } = await request<{ regulations: Regulation[] }>('GET', '/api/regulations');
    known.set({ all: regulations, failed: false });
  } catch {
    readAt = Number.NEGATIVE_INFINITY;
    known.update(({ all }) => ({ all, failed: true }));
  }
}

export function useRegulations(): Read {
  useEffect(() => {
    if (performance.now() - readAt > FRESH_MS) void reread();
  }, []);
  return useStore(known);
}

export const regulationApi = {
  add: (draft: RegulationDraft) => request<Regulation>('POST', '/api/regulations', draft),
  change: (id: string, draft: Partial<RegulationDraft>, version: number) =>
    request<Regulation>('PATCH', at(id), { ...draft, version }),
  remove: (id: string) => request<void>('DELETE', at(id)),
};
