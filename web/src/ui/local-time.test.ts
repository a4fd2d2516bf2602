import { describe, expect, it } from 'vitest';
import { utc } from './local-time';

describe('a time that is typed', () => {
  it.each(['', '202611-01-01T00:00', '2026-13-01T00:00', 'nonsense'])('is none: %o', (text) =>
    expect(utc(text)).toBe(''),
  );

  it('is told in UTC', () => {
    const local = '2026-11-26T10:00:05';
    expect(utc(local)).toBe(new Date(local).toISOString());
  });
});
