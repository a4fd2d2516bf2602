// An answer of the server that is asked for again when the question changes, and now and then.
import { useEffect, useRef, useState } from 'react';
import { useT } from '../i18n/i18n';
import { errorText } from '../ui/errors';

const AGAIN_MS = 60_000;

export interface Answer<T> {
  /** Of the question as it is now, never of the one before. */
  answer: T | null;
  error: string | null;
}

interface State<T> {
  question: string;
  answer?: T;
  problem?: unknown;
}

/** `question` says all that `ask` depends on. */
export function useAnswer<T>(ask: () => Promise<T>, question: string): Answer<T> {
  const { t } = useT();
  const latest = useRef(ask);
  latest.current = ask;
  const [state, setState] = useState<State<T>>({ question });
  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setTimeout>;
    const round = async () => {
      // Old figures must not pass for new ones: a failure takes them away.
      const next: State<T> = await latest.current().then(
        (answer) => ({ question, answer }),
        (problem: unknown) => ({ question, problem }),
      );
      if (gone) return;
      setState(next);
      timer = setTimeout(() => void round(), AGAIN_MS);
    };
    void round();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [question]);
  if (state.question !== question) return { answer: null, error: null };
  return {
    answer: state.answer ?? null,
    error: state.problem === undefined ? null : errorText(state.problem, t),
  };
}
