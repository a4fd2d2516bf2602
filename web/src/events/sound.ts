// Alarm sounds, made on the spot: each severity has its own pattern, repeated until every alarm
// is acknowledged or silenced. Browsers may forbid sound until a click: that is a state to show.
import type { Severity } from '../api/types';
import { Store } from '../ui/store';

export type SoundState = 'idle' | 'ready' | 'blocked';

interface Note {
  at: number;
  hz: number;
  for: number;
}

/** Seconds and hertz. The grave one is a fast rising pair, the lesser one two calm tones. */
const PATTERNS: Record<
  Exclude<Severity, 'INFO'>,
  { notes: Note[]; every: number; wave: OscillatorType }
> = {
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
const VOLUME = 0.16;
const MUTED = 'safe-yolo.muted';

class Sound {
  readonly state = new Store<SoundState>('idle');
  readonly muted = new Store(localStorage.getItem(MUTED) === '1');
  /** Ids of the alarms that somebody has silenced; a new alarm sounds again. */
  readonly silenced = new Store<ReadonlySet<string>>(new Set());
  private context: AudioContext | null = null;
  private playing: keyof typeof PATTERNS | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;

  /** Finds out whether sound is allowed, before an alarm needs it. */
  prepare(): void {
    if (!this.context) {
      this.context = new AudioContext();
      this.context.onstatechange = () => this.look();
    }
    this.look();
  }

  /** To be called from a click. */
  async enable(): Promise<void> {
    this.prepare();
    await this.context?.resume().catch(() => undefined);
    this.look();
  }

  async test(): Promise<void> {
    await this.enable();
    this.play('CRITICAL');
  }

  setMuted(muted: boolean): void {
    localStorage.setItem(MUTED, muted ? '1' : '0');
    this.muted.set(muted);
  }

  silence(ids: string[]): void {
    this.silenced.set(new Set(ids));
  }

  /** What should sound from now on, null for nothing. */
  want(severity: keyof typeof PATTERNS | null): void {
    if (severity === this.playing) return;
    this.playing = severity;
    clearInterval(this.timer);
    if (!severity) return;
    this.play(severity);
    this.timer = setInterval(() => this.play(severity), PATTERNS[severity].every * 1000);
  }

  private look(): void {
    this.state.set(this.context?.state === 'running' ? 'ready' : 'blocked');
  }

  private play(severity: keyof typeof PATTERNS): void {
    const { context } = this;
    if (context?.state !== 'running') return;
    const { notes, wave } = PATTERNS[severity];
    for (const note of notes) {
      const start = context.currentTime + 0.02 + note.at;
      const gain = context.createGain();
      gain.gain.setValueAtTime(0, start);
      gain.gain.linearRampToValueAtTime(VOLUME, start + 0.012);
      gain.gain.setValueAtTime(VOLUME, start + note.for - 0.02);
      gain.gain.linearRampToValueAtTime(0, start + note.for);
      const tone = context.createOscillator();
      tone.type = wave;
      tone.frequency.value = note.hz;
      tone.connect(gain).connect(context.destination);
      tone.start(start);
      tone.stop(start + note.for);
    }
  }
}

export const sound = new Sound();
