// A newer picture always wins, and pictures never go back.
import { expect, it } from 'vitest';
import { Decoder } from './decoder';
import type { LiveMessage } from './message';

const message = (n: number) =>
  ({ header: { time_us: n }, jpeg: new Uint8Array([n]) }) as unknown as LiveMessage;

function harness() {
  const shown: number[] = [];
  const open: { n: number; done: (ok: boolean) => void }[] = [];
  const decoder = new Decoder(
    (frame) => shown.push(frame.header.time_us),
    (jpeg) =>
      new Promise((resolve, reject) => {
        const done = (ok: boolean) => (ok ? resolve({ close() {} } as ImageBitmap) : reject());
        open.push({ n: jpeg[0] ?? 0, done });
      }),
  );
  const finish = async (ok = true) => {
    open.shift()?.done(ok);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { decoder, shown, open, finish };
}

it('skips to the newest picture while one is being decoded', async () => {
  const { decoder, shown, finish } = harness();
  for (const n of [1, 2, 3, 4]) decoder.push(message(n), n);
  await finish();
  await finish();
  expect(shown).toEqual([1, 4]);
  expect(decoder.dropped).toBe(2);
});

it('goes on after a picture that can not be decoded', async () => {
  const { decoder, shown, finish } = harness();
  decoder.push(message(1), 1);
  await finish(false);
  decoder.push(message(2), 2);
  await finish();
  expect(shown).toEqual([2]);
});

it('shows nothing once closed', async () => {
  const { decoder, shown, finish } = harness();
  decoder.push(message(1), 1);
  decoder.close();
  await finish();
  expect(shown).toEqual([]);
});
