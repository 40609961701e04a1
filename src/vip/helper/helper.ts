/** The helper process as a whole: what each message sets in motion, and what is done when the daemon is no more. */
import type { Program, VipSettings } from '../../config/model.js';
import { errnoText } from '../../linux/errors.js';
import { lockMemory, setRealtime } from '../../linux/realtime.js';
import { Estate } from './estate.js';
import { Fifos } from './fifos.js';
import { Firewall } from './firewall.js';
import { Launcher } from './launcher.js';
import { Link } from './link.js';
import type { FromHelper, LogLevel, ToHelper, TrackedKind } from './messages.js';
import { Notifications } from './notify.js';
import { type Outcome, outcomeText } from './program-group.js';
import { TrackFiles } from './track-files.js';
import { TrackProcesses } from './track-processes.js';
import { TrackScripts } from './track-scripts.js';
import { Watchdog } from './watchdog.js';

/** keepalived's, for startup_script and shutdown_script. */
const SCRIPT_LIMIT_MS = 10_000;
/** For notifications that still run when the end has come. */
const NOTIFY_LIMIT_MS = 10_000;
/** For nft, when the daemon is dead. */
const FIREWALL_LIMIT_MS = 2000;

type Plan = Extract<ToHelper, { type: 'plan' }>;
type Handlers = { readonly [T in ToHelper['type']]: (message: Extract<ToHelper, { type: T }>) => void };

/** Monotonic ms. */
const now = () => performance.now();

export class Helper {
  private readonly link: Link;
  private readonly log = (level: LogLevel, text: string) => this.send({ type: 'log', level, text });
  private readonly launcher = new Launcher(this.log);
  private readonly estate = new Estate(this.log);
  private readonly watchdog = new Watchdog(now, (silentMs) => this.hung(silentMs));
  private readonly scripts = new TrackScripts(this.launcher, this.upTeller('script'), now);
  private readonly files = new TrackFiles(
    (name, number, why) => this.send({ type: 'tracked', kind: 'file', name, value: { number }, why }),
    this.log,
  );
  private readonly processes = new TrackProcesses(this.upTeller('process'), now);
  private readonly notifications = new Notifications(this.launcher, now);
  private readonly fifos = new Fifos(this.launcher, now);
  private readonly firewall = new Firewall(this.launcher);
  private settings: VipSettings = { notifyFifos: [] };
  private rtPriority = 0;
  private isLocked = false;
  private isEnding = false;

  private readonly handlers: Handlers = {
    plan: (plan) => this.apply(plan),
    startup: () => void this.startUp(),
    held: ({ held }) => this.estate.hold(held),
    beat: ({ limitMs }) => this.watchdog.beat(limitMs),
    notify: ({ notice, programs, toFifos }) => {
      if (toFifos) this.fifos.write(notice);
      this.notifications.add(notice, programs);
    },
    firewall: ({ dropped }) => this.firewall.drop(dropped),
    end: () => void this.end(),
  };

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

  private upTeller(kind: TrackedKind) {
    return (name: string, up: boolean, why: string) => this.send({ type: 'tracked', kind, name, value: { up }, why });
  }

  /** A message that is wrong inside is our own mistake, and not worth the watchdog. */
  private heard(message: ToHelper): void {
    if (!Object.hasOwn(this.handlers, message.type)) {
      this.log('warning', `helper: ignored a message of unknown type '${message.type}'`);
      return;
    }
    try {
      (this.handlers[message.type] as (message: ToHelper) => void)(message);
    } catch (error) {
      this.log('alert', `helper: message '${message.type}' could not be carried out: ${(error as Error).message}`);
    }
  }

  private apply(plan: Plan): void {
    if (this.isEnding) return;
    const { settings, scripts, files, processes, isReplacement } = plan;
    this.settings = settings;
    this.launcher.configure(settings);
    this.scripts.apply(scripts);
    this.files.apply(files, isReplacement !== true);
    this.processes.apply(processes);
    this.fifos.apply(settings);
    this.tellAll();
    this.schedule(plan);
  }

  /** What this thread starts is scheduled as usual again (SCHED_RESET_ON_FORK), and memory is not locked there. */
  private schedule({ rtPriority, settings }: Plan): void {
    if (rtPriority !== this.rtPriority) {
      const result = setRealtime(rtPriority);
      if (result < 0) this.launcher.complain(`helper: no real-time priority ${rtPriority}: ${errnoText(result)}`);
    }
    this.rtPriority = rtPriority;
    if (settings.noSwap === false || this.isLocked) return;
    const { errno, why } = lockMemory();
    this.isLocked = errno === 0;
    if (errno !== 0 && settings.noSwap === true) this.launcher.complain(`helper: its memory is not locked: ${why}`);
  }

  private tellAll(): void {
    this.scripts.tellAll();
    this.files.tellAll();
    this.processes.tellAll();
  }

  private async startUp(): Promise<void> {
    this.send({ type: 'started', error: await this.runOnce('startup_script', this.settings.startupScript) });
  }

  /** @returns what went wrong, null for nothing */
  private runOnce(what: string, program: (Program & { timeoutMs?: number }) | undefined): Promise<string | null> {
    if (program === undefined) return Promise.resolve(null);
    return new Promise((resolve) => {
      const done = (outcome: Outcome) => {
        const isWell = outcome.kind === 'exit' && outcome.code === 0;
        if (!isWell && outcome.kind !== 'not-run') this.log('warning', `${what}: ${outcomeText(outcome)}`);
        resolve(isWell ? null : outcomeText(outcome));
      };
      this.launcher.run(what, program, {
        timeoutMs: program.timeoutMs ?? SCRIPT_LIMIT_MS,
        endsWithLeader: false,
        done,
      });
    });
  }

  private hung(silentMs: number): void {
    if (this.estate.isEmpty) return;
    this.estate.release();
    const afterMs = Math.round(silentMs);
    this.send({ type: 'released', afterMs });
    this.log('alert', `the daemon was not heard for ${afterMs} ms: its addresses were removed`);
  }

  private async end(): Promise<void> {
    if (this.isEnding) return;
    this.isEnding = true;
    this.stopWatching();
    await this.notifications.finish(NOTIFY_LIMIT_MS);
    await this.fifos.end();
    await this.firewall.remove();
    await this.runOnce('shutdown_script', this.settings.shutdownScript);
    this.leave();
  }

  /** The daemon is dead. In an orderly end it may go before us: then that goes on. */
  private bereaved(): void {
    this.stopWatching();
    if (this.isEnding) return;
    this.isEnding = true;
    this.launcher.groups.killAll();
    this.fifos.removeAll();
    setTimeout(() => this.leave(), FIREWALL_LIMIT_MS);
    void this.firewall.remove().then(() => this.leave());
  }

  private stopWatching(): void {
    this.watchdog.stop();
    this.estate.release();
    this.scripts.stop();
    this.files.stop();
    this.processes.stop();
  }

  private leave(): void {
    this.killAll();
    this.exit(0);
  }

  /** All that it has started and that should not outlive it. */
  killAll(): void {
    this.launcher.groups.killAll();
  }
}
