// Commands to a camera that plays a file.
import { api } from '../api/client';
import type { FileAction } from '../api/types';
import { live } from '../live/live';

export async function command(id: string, action: FileAction, positionMs?: number): Promise<void> {
  const status = await api.command(id, action, positionMs);
  live.feed(id).told(status);
}

export async function toggleFile(id: string): Promise<void> {
  const playing = live.feed(id).status?.playing ?? false;
  await command(id, playing ? 'pause' : 'play').catch(() => undefined);
}
