// An alarm that nobody takes gets more urgent, and never stops between its tones.
import { describe, expect, it } from 'vitest';
import { pattern } from './patterns';

describe.each(['CRITICAL', 'WARNING'] as const)('the sound of %s', (severity) => {
  const levels = [0, 1, 2].map((level) => pattern(severity, level));
  it('gets faster, higher and louder with each level', () => {
    for (const [index, now] of levels.entries()) {
      const before = levels[index - 1];
      if (!before) continue;
      expect(now.every).toBeLessThan(before.every);
      expect(now.volume).toBeGreaterThan(before.volume);
      expect(now.notes[0]?.hz).toBeGreaterThan(before.notes[0]?.hz ?? 0);
    }
  });
  it('ends before it is repeated', () => {
    for (const { notes, every } of levels)
      for (const note of notes) expect(note.at + note.for).toBeLessThan(every);
  });
  it('knows no level beyond the last', () => {
    expect(pattern(severity, 9)).toEqual(pattern(severity, 2));
    expect(pattern(severity, -1)).toEqual(pattern(severity, 0));
  });
});
