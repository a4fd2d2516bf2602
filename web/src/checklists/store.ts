// The checklists, asked for every two seconds while somebody looks at them.
import { useEffect } from 'react';
import { Store, useStore } from '../ui/store';
import { checklistApi } from './api';
import type { Checklist } from './types';

const PERIOD_MS = 2000;

export interface Told {
  /** Null until the first answer. */
  lists: Checklist[] | null;
  /** When the newest answer came, by the clock of the page. */
  at: number;
}

const told = new Store<Told>({ lists: null, at: 0 });
let watchers = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let generation = 0;

async function ask(): Promise<void> {
  const mine = generation;
  const lists = await checklistApi.all().catch(() => null);
  if (mine !== generation) return;
  // What is not answered grows old by itself.
  if (lists) told.set({ lists, at: performance.now() });
  clearTimeout(timer);
  timer = setTimeout(() => void ask(), PERIOD_MS);
}

/** What is known now; asked for as long as the component is there. */
export function useChecklists(): Told {
  useEffect(() => {
    watchers += 1;
    if (watchers === 1) void ask();
    return () => {
      watchers -= 1;
      if (watchers > 0) return;
      generation += 1;
      clearTimeout(timer);
      told.set({ lists: null, at: 0 });
    };
  }, []);
  return useStore(told);
}

/** Puts an answer in its place; without one, asks again at once. */
export function learn(list?: Checklist): void {
  generation += 1;
  if (list) {
    told.update(({ lists, at }) => ({
      lists: lists?.map((other) => (other.id === list.id ? list : other)) ?? null,
      at,
    }));
  }
  void ask();
}
