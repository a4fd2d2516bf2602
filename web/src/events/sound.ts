// Alarm sounds, made on the spot: each severity has its own pattern, repeated until every alarm
// is acknowledged or silenced. Browsers may forbid sound until a click: that is a state to show.
import type { Severity } from '../api/types';
import { pattern } from '../incidents/patterns';
import { Store } from '../ui/store';

export type SoundState = 'idle' | 'ready' | 'blocked';

export interface Ringing {
  severity: Exclude<Severity, 'INFO'>;
  /** How often nobody has acknowledged in time. */
  level: number;
}

const MUTED = 'safe-yolo.muted';

class Sound {
  readonly state = new Store<SoundState>('idle');
  readonly muted = new Store(localStorage.getItem(MUTED) === '1');
  /** Keys of the alarms that somebody has silenced; a new alarm, or level, sounds again. */
  readonly silenced = new Store<ReadonlySet<string>>(new Set());
  private context: AudioContext | null = null;
  private playing: Ringing | null = null;
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
    this.play({ severity: 'CRITICAL', level: 0 });
  }

  setMuted(muted: boolean): void {
    localStorage.setItem(MUTED, muted ? '1' : '0');
    this.muted.set(muted);
  }

  silence(ids: string[]): void {
    this.silenced.set(new Set(ids));
  }

  /** What should sound from now on, null for nothing. */
  want(wanted: Ringing | null): void {
    const { playing } = this;
    if (wanted?.severity === playing?.severity && wanted?.level === playing?.level) return;
    this.playing = wanted;
    clearInterval(this.timer);
    if (!wanted) return;
    this.play(wanted);
    const { every } = pattern(wanted.severity, wanted.level);
    this.timer = setInterval(() => this.play(wanted), every * 1000);
  }

  private look(): void {
    this.state.set(this.context?.state === 'running' ? 'ready' : 'blocked');
  }

  private play({ severity, level }: Ringing): void {
    const { context } = this;
    if (context?.state !== 'running') return;
    const { notes, wave, volume } = pattern(severity, level);
    for (const note of notes) {
      const start = context.currentTime + 0.02 + note.at;
      const gain = context.createGain();
      gain.gain.setValueAtTime(0, start);
      gain.gain.linearRampToValueAtTime(volume, start + 0.012);
      gain.gain.setValueAtTime(volume, start + note.for - 0.02);
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
