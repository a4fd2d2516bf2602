// Something that is done again and again, but not more often than it is worth.

export interface Paced {
  /** At once if it was not done lately, else a little later, once for all who ask meanwhile. */
  ask: () => void;
  stop: () => void;
}

export function paced(run: () => void, ms: number): Paced {
  let free = true;
  let wanted = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const go = () => {
    free = false;
    wanted = false;
    timer = setTimeout(() => {
      free = true;
      if (wanted) go();
    }, ms);
    run();
  };
  return {
    ask: () => {
      if (free) go();
      else wanted = true;
    },
    stop: () => {
      clearTimeout(timer);
      free = true;
      wanted = false;
    },
  };
}
