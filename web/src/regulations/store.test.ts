import { describe, expect, it } from 'vitest';
import { isDue } from './store';

describe('the regulations', () => {
  it.each([
    [Number.POSITIVE_INFINITY, false, true],
    [5000, false, false],
    [181_000, false, true],
    [5000, true, false],
    [11_000, true, true],
  ])('asked for %s ms ago (failed: %s) are asked for again: %s', (age, failed, due) =>
    expect(isDue(age, failed)).toBe(due),
  );
});
