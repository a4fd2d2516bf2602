import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { paced } from './paced';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('what is paced', () => {
  it('is done at once, then at most once a while, and for the last who asked', () => {
    const run = vi.fn();
    const { ask } = paced(run, 1000);
    ask();
    expect(run).toHaveBeenCalledTimes(1);
    for (let n = 0; n < 50; n += 1) ask();
    expect(run).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1000);
    expect(run).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(5000);
    expect(run).toHaveBeenCalledTimes(2);
    ask();
    expect(run).toHaveBeenCalledTimes(3);
  });

  it('is not done after its end, and can begin anew', () => {
    const run = vi.fn();
    const { ask, stop } = paced(run, 1000);
    ask();
    ask();
    stop();
    vi.advanceTimersByTime(5000);
    expect(run).toHaveBeenCalledTimes(1);
    ask();
    expect(run).toHaveBeenCalledTimes(2);
  });
});
