// What the screens of incidents look at together.
import { useMemo } from 'react';
import { events } from '../events/events';
import { live } from '../live/live';
import { useStore } from '../ui/store';
import { alarms, mayBeMore, poppingUp, waitingAlarms } from './alarms';
import { incidents } from './incidents';

export function useAlarms() {
  const list = useStore(events.list);
  const open = useStore(incidents.list);
  return useMemo(() => alarms(list, open), [list, open]);
}

/** How many alarms wait, and whether there may be more. */
export function useWaiting(): { n: number; unknown: boolean } {
  const list = useStore(events.list);
  const n = waitingAlarms(list, useStore(incidents.list));
  const liveLost = useStore(live.lost);
  const lost = useStore(events.lost) || liveLost;
  return { n, unknown: mayBeMore(list, lost, useCurrent()) };
}

export function usePopups() {
  const all = useAlarms();
  const { fresh } = useStore(events.list);
  const hidden = useStore(incidents.hidden);
  return useMemo(() => poppingUp(all, hidden, fresh), [all, hidden, fresh]);
}

/** Whether what is shown of incidents is so now. */
export const useCurrent = () => useStore(incidents.current);
