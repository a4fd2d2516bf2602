import { afterEach, describe, expect, it, vi } from 'vitest';
import { whyMissing } from './evidence';

afterEach(() => void vi.unstubAllGlobals());

describe('evidence that is not shown', () => {
  it.each([
    [200, 'unplayable'],
    [404, 'gone'],
    [401, 'failed'],
    [500, 'failed'],
    [503, 'failed'],
  ])('with status %i is %s', async (status, expected) => {
    const ask = vi.fn(async () => new Response(null, { status }));
    vi.stubGlobal('fetch', ask);
    expect(await whyMissing('/api/events/a/clip')).toBe(expected);
    expect(ask).toHaveBeenCalledWith(
      '/api/events/a/clip',
      expect.objectContaining({ method: 'HEAD' }),
    );
  });

  it('may be there when the server does not answer', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network')));
    expect(await whyMissing('/api/events/a/clip')).toBe('failed');
  });
});
