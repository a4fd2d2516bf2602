// A web socket that comes back by itself. The server speaks at least once a second, so silence
// for three seconds is a lost connection even where the network has not said so.

export const SILENCE_MS = 3000;
const BACK_OFF_MS = [250, 500, 1000, 2000, 3000];
const CHECK_MS = 250;

/** How long to wait before attempt number `attempt` (from 0), with up to a fifth of jitter. */
export function backOffMs(attempt: number, random: () => number = Math.random): number {
  const base = BACK_OFF_MS[Math.min(attempt, BACK_OFF_MS.length - 1)] ?? 3000;
  return Math.round(base * (0.8 + 0.2 * random()));
}

/** Whether nothing has been heard for too long; `since` is when listening began. */
export function isSilent(lastHeard: number | null, since: number, now: number): boolean {
  return now - Math.max(lastHeard ?? since, since) > SILENCE_MS;
}

export interface SocketHandlers {
  url: () => string;
  opened?: (send: (message: unknown) => void) => void;
  text: (message: unknown) => void;
  binary?: (data: ArrayBuffer) => void;
  /** Told once for each change. */
  lost: (lost: boolean) => void;
  /** A connection was refused or broke: the place to see whether the login still holds. */
  broke?: () => void;
}

export class Socket {
  private socket: WebSocket | null = null;
  private attempt = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private readonly watch: ReturnType<typeof setInterval>;
  private readonly since = performance.now();
  private heard: number | null = null;
  private openedAt = 0;
  /** Not known before the first message or the first silence, so that either is told. */
  private isLost: boolean | null = null;
  private closed = false;

  constructor(private readonly handlers: SocketHandlers) {
    this.watch = setInterval(() => this.check(), CHECK_MS);
    this.connect();
  }

  send(message: unknown): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  close(): void {
    this.closed = true;
    clearInterval(this.watch);
    clearTimeout(this.retry);
    this.drop();
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    // Closing while connecting makes browsers report an error; then it is closed once open.
    if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close();
    else socket.close();
  }

  private connect(): void {
    this.drop();
    const socket = new WebSocket(this.handlers.url());
    this.socket = socket;
    this.openedAt = performance.now();
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.handlers.opened?.((message) => this.send(message));
    socket.onmessage = (message) => this.receive(message.data);
    socket.onclose = () => this.again();
  }

  private receive(data: unknown): void {
    this.heard = performance.now();
    this.attempt = 0;
    this.setLost(false);
    if (data instanceof ArrayBuffer) {
      this.handlers.binary?.(data);
      return;
    }
    let message: unknown;
    try {
      message = JSON.parse(String(data));
    } catch {
      return;
    }
    this.handlers.text(message);
  }

  private again(): void {
    this.drop();
    if (this.closed) return;
    this.handlers.broke?.();
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.connect(), backOffMs(this.attempt));
    this.attempt += 1;
  }

  private check(): void {
    const now = performance.now();
    if (!isSilent(this.heard, this.since, now)) return;
    this.setLost(true);
    // A connection that is open but silent is as dead as a closed one.
    if (this.socket && now - this.openedAt > SILENCE_MS) this.again();
  }

  private setLost(lost: boolean): void {
    if (this.isLost === lost) return;
    this.isLost = lost;
    this.handlers.lost(lost);
  }
}
