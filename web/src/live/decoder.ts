// Decodes one camera's pictures in order. At most one is being decoded and one waits; a newer
// picture replaces the waiting one, so that a slow screen shows the newest and never goes back.
import type { LiveHeader } from '../api/types';
import type { LiveMessage } from './message';

export interface Frame {
  header: LiveHeader;
  bitmap: ImageBitmap;
  /** When the message arrived, ms of the page's monotonic clock. */
  at: number;
}

type Decode = (jpeg: Uint8Array<ArrayBuffer>) => Promise<ImageBitmap>;

const decodeJpeg: Decode = (jpeg) =>
  createImageBitmap(new Blob([jpeg], { type: 'image/jpeg' }), { colorSpaceConversion: 'none' });

export class Decoder {
  private busy = false;
  private waiting: { message: LiveMessage; at: number } | null = null;
  private closed = false;
  dropped = 0;

  constructor(
    private readonly show: (frame: Frame) => void,
    private readonly decode: Decode = decodeJpeg,
  ) {}

  push(message: LiveMessage, at: number): void {
    if (this.waiting) this.dropped += 1;
    this.waiting = { message, at };
    if (!this.busy) void this.run();
  }

  close(): void {
    this.closed = true;
    this.waiting = null;
  }

  private async run(): Promise<void> {
    this.busy = true;
    while (this.waiting) {
      const { message, at } = this.waiting;
      this.waiting = null;
      const bitmap = await this.decode(message.jpeg).catch(() => null);
      if (!bitmap) this.dropped += 1;
      else if (this.closed) bitmap.close();
      else this.show({ header: message.header, bitmap, at });
    }
    this.busy = false;
  }
}
