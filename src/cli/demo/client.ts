/** A client that asks again and again through the address, and counts who answered. */
import { connect } from 'node:net';

const TIMEOUT_MS = 1000;

export class DemoClient {
  /** Answers of the second before this one, by node; `failed` are those that nobody gave. */
  lastSecond = new Map<string, number>();
  failedInTotal = 0;
  private now = new Map<string, number>();
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(private readonly port: number) {}

  start(perSecond: number): void {
    this.timers.push(setInterval(() => this.ask(), 1000 / perSecond));
    this.timers.push(
      setInterval(() => {
        this.lastSecond = this.now;
        this.now = new Map();
      }, 1000),
    );
  }

  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  private ask(): void {
    const socket = connect(this.port, '127.0.0.1');
    let answer = '';
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      answer += String(chunk);
      socket.end();
    });
    socket.on('close', () => this.count(answer.split(' ')[0] || 'failed'));
  }

  private count(who: string): void {
    if (who === 'failed') this.failedInTotal++;
    this.now.set(who, (this.now.get(who) ?? 0) + 1);
  }
}
