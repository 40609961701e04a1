/**
 * The first thread of the helper: hears the daemon, is the watchdog, removes what a dead daemon leaves behind. It starts no
 * programs and touches no files: starting one waits for the child to be scheduled, up to 50 ms on a busy machine, and that
 * would be added to the time in which two routers have the address. All of that is the second thread's (chores.ts).
 */
import { Worker } from 'node:worker_threads';
import { errnoText } from '../../linux/errors.js';
import { lockMemory, setRealtime } from '../../linux/realtime.js';
import { Estate } from './estate.js';
import { groupMemory, killGroups } from './group-table.js';
import { Link } from './link.js';
import type { FromChores, FromHelper, LogLevel, ToChores, ToHelper } from './messages.js';
import { Watchdog } from './watchdog.js';

/** For what the second thread still has to do when the daemon is dead: the firewall. */
const LAST_CHORES_MS = 3000;

/** Monotonic ms. */
const now = () => performance.now();

type Plan = Extract<ToHelper, { type: 'plan' }>;

export class Guard {
  private readonly link: Link;
  private readonly log = (level: LogLevel, text: string) => this.send({ type: 'log', level, text });
  private readonly estate = new Estate(this.log);
  private readonly watchdog = new Watchdog(now, (silentMs) => this.hung(silentMs));
  private readonly groups = groupMemory();
  private readonly chores: Worker;
  private rtPriority = 0;
  private isLocked = false;
  private isEnding = false;

  /** @param fd one end of a stream socket pair @param exit ends this process at once */
  constructor(
    fd: number,
    private readonly exit: (code: number) => void,
  ) {
    this.link = new Link(fd, {
      message: (message) => this.heard(message),
      refused: (why) => this.log('warning', `helper: ignored ${why}`),
      ended: () => this.bereaved(),
      caughtUp: () => this.pass({ type: 'tell-all' }),
    });
    this.send({ type: 'ready', pid: process.pid });
    this.chores = new Worker(new URL('./chores-thread.js', import.meta.url), { workerData: this.groups });
    this.chores.on('message', (message: FromChores) => {
      if (message.type === 'finished') this.link.close(() => this.leave(0));
      else this.send(message);
    });
    this.chores.on('error', (error) => this.fail(error));
  }

  private send(message: FromHelper): void {
    this.link.send(message);
  }

  private pass(message: ToChores): void {
    this.chores.postMessage(message);
  }

  /** A message that is wrong inside is our own mistake, and not worth the watchdog. */
  private heard(message: ToHelper): void {
    try {
      this.act(message);
    } catch (error) {
      this.log('alert', `helper: message '${message.type}' could not be carried out: ${(error as Error).message}`);
    }
  }

  private act(message: ToHelper): void {
    switch (message.type) {
      case 'beat':
        this.watchdog.beat(message.limitMs);
        break;
      case 'held':
        this.estate.hold(message.held);
        break;
      case 'end':
        this.end();
        break;
      case 'plan':
        this.pass(message);
        this.schedule(message);
        break;
      case 'startup':
      case 'notify':
      case 'firewall':
        this.pass(message);
        break;
      default:
        this.log('warning', `helper: ignored a message of unknown type '${(message as ToHelper).type}'`);
    }
  }

  /** Of this thread alone; what it starts is scheduled as usual (SCHED_RESET_ON_FORK). */
  private schedule({ rtPriority, settings }: Plan): void {
    const result = rtPriority === this.rtPriority ? 0 : setRealtime(rtPriority);
    if (result < 0) this.log('warning', `helper: no real-time priority ${rtPriority}: ${errnoText(result)}`);
    this.rtPriority = rtPriority;
    if (settings.noSwap === false || this.isLocked) return;
    const { errno, why } = lockMemory();
    this.isLocked = errno === 0;
    if (errno !== 0 && settings.noSwap === true) this.log('warning', `helper: its memory is not locked: ${why}`);
  }

  private hung(silentMs: number): void {
    if (this.estate.isEmpty) return;
    this.estate.release();
    const afterMs = Math.round(silentMs);
    this.send({ type: 'released', afterMs });
    this.log('alert', `the daemon was not heard for ${afterMs} ms: its addresses were removed`);
  }

  private end(): void {
    this.isEnding = true;
    this.watchdog.stop();
    this.estate.release();
    this.pass({ type: 'end' });
  }

  /** The daemon is dead. In an orderly end it may go before us: then that goes on. */
  private bereaved(): void {
    this.watchdog.stop();
    this.estate.release();
    if (this.isEnding) return;
    this.isEnding = true;
    killGroups(this.groups);
    this.pass({ type: 'bereaved' });
    setTimeout(() => this.leave(0), LAST_CHORES_MS);
  }

  /** The daemon sees that the socket has ended, and starts another helper. */
  private fail(error: Error): void {
    console.error(error);
    this.leave(1);
  }

  private leave(code: number): void {
    killGroups(this.groups);
    this.exit(code);
  }
}
