/** The helper process as a whole: what each message sets in motion, and what is done when the daemon is no more. */
import { Estate } from './estate.js';
import { Launcher } from './launcher.js';
import { Link } from './link.js';
import type { FromHelper, LogLevel, ToHelper } from './messages.js';
import { TrackScripts } from './track-scripts.js';
import { Watchdog } from './watchdog.js';

type Plan = Extract<ToHelper, { type: 'plan' }>;

/** Monotonic ms. */
const now = () => performance.now();

export class Helper {
  private readonly link: Link;
  private readonly log = (level: LogLevel, text: string) => this.send({ type: 'log', level, text });
  private readonly launcher = new Launcher(this.log);
  private readonly estate = new Estate(this.log);
  private readonly watchdog = new Watchdog(now, (silentMs) => this.hung(silentMs));
  private readonly scripts = new TrackScripts(
    this.launcher,
    (name, up, why) => this.send({ type: 'tracked', kind: 'script', name, value: { up }, why }),
    now,
  );

  /** @param fd one end of a stream socket pair @param exit ends this process */
  constructor(
    fd: number,
    private readonly exit: (code: number) => void,
  ) {
    this.link = new Link(fd, {
      message: (message) => this.heard(message),
      refused: (why) => this.log('warning', `helper: ignored ${why}`),
      ended: () => this.bereaved(),
      caughtUp: () => this.tellAll(),
    });
    this.send({ type: 'ready', pid: process.pid });
  }

  private send(message: FromHelper): void {
    this.link.send(message);
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
      case 'plan':
        return this.apply(message);
      case 'held':
        return this.estate.hold(message.held);
      case 'beat':
        return this.watchdog.beat(message.limitMs);
      default:
        return this.log('warning', `helper: ignored a message of unknown type '${(message as ToHelper).type}'`);
    }
  }

  private apply(plan: Plan): void {
    this.launcher.configure(plan.settings);
    this.scripts.apply(plan.scripts);
    this.tellAll();
  }

  private tellAll(): void {
    this.scripts.tellAll();
  }

  private hung(silentMs: number): void {
    this.estate.release();
    this.send({ type: 'released', afterMs: Math.round(silentMs) });
    this.log('alert', `the daemon was not heard for ${Math.round(silentMs)} ms: its addresses were removed`);
  }

  private bereaved(): void {
    this.watchdog.stop();
    this.estate.release();
    this.launcher.groups.killAll();
    this.exit(0);
  }
}
