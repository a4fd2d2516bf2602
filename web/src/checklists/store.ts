// The checklists of a camera, asked for every two seconds while somebody looks at them.
import { useEffect, useState } from 'react';
import { checklistApi } from './api';
import type { Checklist } from './types';

const PERIOD_MS = 2000;

export interface Told {
  /** Null until the first answer. */
  lists: Checklist[] | null;
  /** When the newest answer was asked for, by the clock of the page. */
  at: number;
}

const NOTHING: Told = { lists: null, at: Number.NEGATIVE_INFINITY };
const watchers = new Set<(list: Checklist | undefined) => void>();

/** What is known now; asked for as long as the component is there. */
export function useChecklists(camera: string): Told {
  const [told, setTold] = useState<Told>(NOTHING);
  useEffect(() => {
    let generation = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      const mine = generation;
      const at = performance.now();
      const lists = await checklistApi.all(camera).catch(() => null);
      if (mine !== generation) return;
      // What is not answered grows old by itself.
      if (lists) setTold({ lists, at });
      timer = setTimeout(() => void ask(), PERIOD_MS);
    };
    const learned = (list: Checklist | undefined) => {
      generation += 1;
      clearTimeout(timer);
      if (list) {
        setTold(({ lists, at }) => ({
          lists: lists?.map((other) => (other.id === list.id ? list : other)) ?? null,
          at,
        }));
      }
      void ask();
    };
    watchers.add(learned);
    setTold(NOTHING);
    void ask();
    return () => {
      generation += 1;
      clearTimeout(timer);
      watchers.delete(learned);
    };
  }, [camera]);
  return told;
}

/** Puts an answer in its place; without one, asks again at once. */
export function learn(list?: Checklist): void {
  for (const watcher of watchers) watcher(list);
}
