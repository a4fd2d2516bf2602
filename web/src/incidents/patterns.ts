// What alarms sound like, as figures: each severity has its own pattern, and each level at which
// nobody has acknowledged makes it faster, higher and louder.
import type { Severity } from '../api/types';

export interface Note {
  at: number;
  hz: number;
  for: number;
}

export interface Pattern {
  /** Seconds and hertz. */
  notes: Note[];
  /** Seconds until it is repeated. */
  every: number;
  wave: OscillatorType;
  volume: number;
}

/** The grave one is a fast rising pair, the lesser one two calm tones. */
const BASE: Record<Exclude<Severity, 'INFO'>, Omit<Pattern, 'volume'>> = {
  CRITICAL: {
    notes: [0, 0.24, 0.48, 0.72].flatMap((at) => [
      { at, hz: 880, for: 0.1 },
      { at: at + 0.11, hz: 1320, for: 0.1 },
    ]),
    every: 2,
    wave: 'square',
  },
  WARNING: {
    notes: [
      { at: 0, hz: 660, for: 0.22 },
      { at: 0.3, hz: 523, for: 0.3 },
    ],
    every: 4,
    wave: 'triangle',
  },
};
const VOLUMES = [0.16, 0.26, 0.4] as const;
const PAUSES = [1, 0.6, 0.25] as const;
const PITCHES = [1, 1.19, 1.41] as const;
export const LEVEL_MAX = 2;

export function pattern(severity: Exclude<Severity, 'INFO'>, level: number): Pattern {
  const { notes, every, wave } = BASE[severity];
  const step = Math.min(LEVEL_MAX, Math.max(0, Math.floor(level))) as 0 | 1 | 2;
  const lasts = Math.max(...notes.map((note) => note.at + note.for));
  return {
    notes: notes.map((note) => ({ ...note, hz: note.hz * PITCHES[step] })),
    every: lasts + (every - lasts) * PAUSES[step],
    wave,
    volume: VOLUMES[step],
  };
}
