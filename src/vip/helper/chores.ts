/** What the helper does besides being the watchdog: programs, files, processes, FIFOs, the firewall. */
import type { Program, VipSettings } from '../../config/model.js';
import { Fifos } from './fifos.js';
import { Firewall } from './firewall.js';
import type { GroupMemory } from './group-table.js';
import { Launcher, type Log } from './launcher.js';
import type { FromChores, ToChores, TrackedKind } from './messages.js';
import { Notifications } from './notify.js';
import { type Outcome, outcomeText } from './program-group.js';
import { TrackFiles } from './track-files.js';
import { TrackProcesses } from './track-processes.js';
import { TrackScripts } from './track-scripts.js';

/** keepalived's, for startup_script and shutdown_script. */
const SCRIPT_LIMIT_MS = 10_000;
/** For notifications that still run when the end has come. */
const NOTIFY_LIMIT_MS = 10_000;

type Handlers = { readonly [T in ToChores['type']]: (message: Extract<ToChores, { type: T }>) => void };

/** Monotonic ms. */
const now = () => performance.now();

export class Chores {
  private readonly log: Log = (level, text) => this.send({ type: 'log', level, text });
  private readonly launcher: Launcher;
  private readonly scripts: TrackScripts;
  private readonly files: TrackFiles;
  private readonly processes: TrackProcesses;
  private readonly notifications: Notifications;
  private readonly fifos: Fifos;
  private readonly firewall: Firewall;
  private settings: VipSettings = { notifyFifos: [] };
  private isEnding = false;
  private hasPlan = false;

  private readonly handlers: Handlers = {
    plan: (plan) => this.apply(plan),
    startup: () => void this.startUp(),
    notify: ({ notice, programs, toFifos }) => {
      if (toFifos) this.fifos.write(notice);
      this.notifications.add(notice, programs);
    },
    firewall: ({ dropped }) => this.firewall.drop(dropped),
    'tell-all': () => this.tellAll(),
    end: () => void this.end(),
    bereaved: () => void this.bereaved(),
  };

  constructor(
    private readonly send: (message: FromChores) => void,
    groups: GroupMemory,
  ) {
    this.launcher = new Launcher(this.log, groups);
    this.scripts = new TrackScripts(this.launcher, this.upTeller('script'), now);
    this.files = new TrackFiles(
      (name, number, why) => this.send({ type: 'tracked', kind: 'file', name, value: { number }, why }),
      this.log,
    );
    this.processes = new TrackProcesses(this.upTeller('process'), now);
    this.notifications = new Notifications(this.launcher, now);
    this.fifos = new Fifos(this.launcher, now);
    this.firewall = new Firewall(this.launcher);
  }

  /** A message that is wrong inside is our own mistake, and not worth the helper. */
  heard(message: ToChores): void {
    try {
      (this.handlers[message.type] as (message: ToChores) => void)(message);
    } catch (error) {
      this.log('alert', `helper: message '${message.type}' could not be carried out: ${(error as Error).message}`);
    }
  }

  private upTeller(kind: TrackedKind) {
    return (name: string, up: boolean, why: string) => this.send({ type: 'tracked', kind, name, value: { up }, why });
  }

  private apply({ settings, scripts, files, processes, isReplacement }: Extract<ToChores, { type: 'plan' }>): void {
    if (this.isEnding) return;
    this.settings = settings;
    this.launcher.configure(settings);
    this.scripts.apply(scripts);
    this.files.apply(files, this.hasPlan || isReplacement !== true);
    this.hasPlan = true;
    this.processes.apply(processes);
    this.fifos.apply(settings);
    this.tellAll();
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
      const timeoutMs = program.timeoutMs ?? SCRIPT_LIMIT_MS;
      this.launcher.run(what, program, { timeoutMs, endsWithLeader: false, isUrgent: true, done });
    });
  }

  private async end(): Promise<void> {
    if (this.isEnding) return;
    this.stopWatching();
    await this.notifications.finish(NOTIFY_LIMIT_MS);
    await this.fifos.end();
    await this.firewall.remove();
    await this.runOnce('shutdown_script', this.settings.shutdownScript);
    this.send({ type: 'finished' });
  }

  private async bereaved(): Promise<void> {
    this.stopWatching();
    this.launcher.groups.killAll();
    this.fifos.removeAll();
    await this.firewall.remove();
    this.send({ type: 'finished' });
  }

  private stopWatching(): void {
    this.isEnding = true;
    this.scripts.stop();
    this.files.stop();
    this.processes.stop();
  }
}
