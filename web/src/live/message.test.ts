// A live message is believed whole or not at all.
import { describe, expect, it } from 'vitest';
import { parseLive } from './message';

const HEADER = {
  camera: 'press',
  segment: 1,
  time_us: 40_000,
  width: 640,
  height: 360,
  analysis: 'done',
  state: 'LIVE',
  reason: null,
  boxes: [{ track: 'press/1/17', number: 17, class: 'person', box: [1, 2, 3, 4] }],
  zones: [],
  counters: null,
};
const JPEG = [0xff, 0xd8, 0xff, 0xe0, 1, 2, 3];

function message(header: unknown, jpeg = JPEG, length?: number): ArrayBuffer {
  const text = new TextEncoder().encode(
    typeof header === 'string' ? header : JSON.stringify(header),
  );
  const data = new Uint8Array(4 + text.length + jpeg.length);
  new DataView(data.buffer).setUint32(0, length ?? text.length, true);
  data.set(text, 4);
  data.set(jpeg, 4 + text.length);
  return data.buffer;
}

describe('a live message', () => {
  it('gives its header and its picture', () => {
    const parsed = parseLive(message({ ...HEADER, camera: '프레스' }));
    expect(parsed?.header.camera).toBe('프레스');
    expect(parsed?.header.boxes).toHaveLength(1);
    expect([...(parsed?.jpeg ?? [])]).toEqual(JPEG);
  });

  it('is refused at every length it can be cut to before its picture', () => {
    const whole = message(HEADER);
    const picture = whole.byteLength - JPEG.length;
    for (let end = 0; end < picture + 4; end += 1) {
      expect(parseLive(whole.slice(0, end)), `cut at ${end}`).toBeNull();
    }
  });

  it.each([
    ['a length beyond the message', message(HEADER, JPEG, 1_000_000)],
    ['the largest length', message(HEADER, JPEG, 0xffffffff)],
    ['no header', message(HEADER, JPEG, 0)],
    ['no JSON', message('{"camera":')],
    ['JSON that is no object', message('null')],
    ['a picture that is no JPEG', message(HEADER, [1, 2, 3, 4, 5])],
    ['no camera', message({ ...HEADER, camera: undefined })],
    ['no size', message({ ...HEADER, width: 0 })],
    ['boxes that are no list', message({ ...HEADER, boxes: {} })],
    ['a box of three numbers', message({ ...HEADER, boxes: [{ box: [1, 2, 3] }] })],
    ['a box of words', message({ ...HEADER, boxes: [{ box: ['a', 2, 3, 4] }] })],
    ['a box that is null', message({ ...HEADER, boxes: [null] })],
    ['invalid UTF-8', new Uint8Array([2, 0, 0, 0, 0xc3, 0x28, ...JPEG]).buffer],
  ])('is refused with %s', (_, data) => {
    expect(parseLive(data)).toBeNull();
  });

  it('survives any bytes', () => {
    let seed = 7;
    const byte = () => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return seed >> 16;
    };
    for (let n = 0; n < 500; n += 1) {
      const data = Uint8Array.from({ length: byte() % 64 }, byte);
      expect(parseLive(data.buffer)).toBeNull();
    }
  });
});
