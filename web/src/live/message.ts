// Reads a binary live message: u32 little-endian length, JSON header, JPEG picture.
import type { LiveHeader } from '../api/types';

export interface LiveMessage {
  header: LiveHeader;
  jpeg: Uint8Array<ArrayBuffer>;
}

/** A message that breaks the protocol is dropped whole: half a header must not be painted. */
export function parseLive(data: ArrayBuffer): LiveMessage | null {
  if (data.byteLength < 4) return null;
  const length = new DataView(data).getUint32(0, true);
  if (length === 0 || length > data.byteLength - 4) return null;
  let header: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array(data, 4, length));
    header = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isHeader(header)) return null;
  const jpeg = new Uint8Array(data, 4 + length);
  if (jpeg.length < 4 || jpeg[0] !== 0xff || jpeg[1] !== 0xd8) return null;
  return { header, jpeg };
}

function isHeader(value: unknown): value is LiveHeader {
  if (typeof value !== 'object' || value === null) return false;
  const header = value as Record<string, unknown>;
  return (
    typeof header.camera === 'string' &&
    isSize(header.width) &&
    isSize(header.height) &&
    typeof header.analysis === 'string' &&
    typeof header.state === 'string' &&
    Array.isArray(header.zones) &&
    Array.isArray(header.boxes) &&
    header.boxes.every(isBox)
  );
}

const isSize = (value: unknown) => typeof value === 'number' && value > 0;

function isBox(value: unknown): boolean {
  const box = (value as { box?: unknown } | null)?.box;
  return Array.isArray(box) && box.length === 4 && box.every(Number.isFinite);
}
