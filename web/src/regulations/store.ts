// The regulations: they change seldom, so they are read now and then, and after each edit.
import { useEffect } from 'react';
import { request } from '../api/http';
import { Store, useStore } from '../ui/store';
import type { Regulation, RegulationDraft } from './types';

/** So long what was read is taken as it is; then it is asked for again while it is shown. */
const FRESH_MS = 180_000;
const RETRY_MS = 10_000;
const LOOK_MS = 5000;

/** Whether it is time to ask again; `age` is that of the last question. */
export const isDue = (age: number, failed: boolean) => age > (failed ? RETRY_MS : FRESH_MS);

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
    known.update(({ all }) => ({ all, failed: true }));
  }
}

export function useRegulations(): Read {
  useEffect(() => {
    const look = () => {
      if (isDue(performance.now() - readAt, known.get().failed)) void reread();
    };
    look();
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  return useStore(known);
}

export const regulationApi = {
  add: (draft: RegulationDraft) => request<Regulation>('POST', '/api/regulations', draft),
  change: (id: string, draft: Partial<RegulationDraft>, version: number) =>
    request<Regulation>('PATCH', at(id), { ...draft, version }),
  remove: (id: string) => request<void>('DELETE', at(id)),
};
