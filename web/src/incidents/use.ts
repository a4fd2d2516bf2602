// What the screens of incidents look at together.
import { useMemo } from 'react';
import { events } from '../events/events';
import { useStore } from '../ui/store';
import { alarms, poppingUp, waitingAlarms } from './alarms';
import { incidents } from './incidents';

export function useAlarms() {
  const list = useStore(events.list);
  const open = useStore(incidents.list);
  return useMemo(() => alarms(list, open), [list, open]);
}

export const useWaiting = () => waitingAlarms(useStore(events.list), useStore(incidents.list));

export function usePopups() {
  const all = useAlarms();
  const { fresh } = useStore(events.list);
  const hidden = useStore(incidents.hidden);
  return useMemo(() => poppingUp(all, hidden, fresh), [all, hidden, fresh]);
}

/** Whether what is shown of incidents is so now. */
export const useCurrent = () => useStore(incidents.current);
