/**
 * Notify FIFOs: a line for every transition, `INSTANCE "VI_1" MASTER 100`. As by keepalived they are made where they are
 * missing (mode 0600, owned by the user that is named), used as they are where they exist, and removed at the end if they
 * were made here; and they are open for reading too, so that lines wait (64 KiB of them) for a reader that comes later.
 * Unlike there, the program that reads one gets to see the last lines before it is ended, and runs again if it fails.
 */
import { chownSync, closeSync, constants, fstatSync, lstatSync, openSync, rmSync, writeSync } from 'node:fs';
import type { Program, VipSettings } from '../../config/model.js';
import type { VipNotice } from '../../core/vrrp/messages.js';
import { makeFifo } from '../../linux/fifo.js';
import { accountFor } from './account.js';
import type { Launcher } from './launcher.js';
import { wordsOf } from './notify.js';
import { type Outcome, outcomeText, type Running } from './program-group.js';

type Definition = VipSettings['notifyFifos'][number];

/** A program that ends sooner than this has failed, however it ends. */
const SHORT_RUN_MS = 1000;
const AGAIN_MS = 1000;
const AGAIN_MS_MAX = 60_000;
/** For the reader at the end, to take the last lines and go by itself. */
const FAREWELL_MS = 1000;

export class Fifos {
  private fifos: Fifo[] = [];

  constructor(
    private readonly launcher: Launcher,
    private readonly now: () => number,
  ) {}

  /** Those that are written as before stay open. */
  apply(settings: VipSettings): void {
    const old = new Map(this.fifos.map((fifo) => [fifo.key, fifo]));
    this.fifos = settings.notifyFifos.map((definition) => {
      const known = old.get(keyOf(definition, settings));
      if (known !== undefined) old.delete(known.key);
      return known ?? new Fifo(definition, settings, this.launcher, this.now);
    });
    for (const fifo of old.values()) fifo.close();
    for (const fifo of this.fifos) fifo.open();
  }

  write(notice: VipNotice): void {
    const [kind, name, state, priority] = wordsOf(notice);
    for (const fifo of this.fifos) fifo.write(`${kind} "${name}" ${state} ${priority}\n`);
  }

  /** @returns when their programs have ended */
  async end(): Promise<void> {
    await Promise.all(this.fifos.map((fifo) => fifo.end()));
    this.fifos = [];
  }

  /** The daemon is no more: there is no time. */
  removeAll(): void {
    for (const fifo of this.fifos) fifo.close();
    this.fifos = [];
  }
}

/** The account counts too: `script_user` may have changed. */
function keyOf({ path, user, group, script }: Definition, { scriptUser }: VipSettings): string {
  return JSON.stringify([path, user, group, script?.command, script?.user, script?.group, scriptUser]);
}

class Fifo {
  readonly key: string;
  private fd = -1;
  private isOurs = false;
  private isFull = false;
  private running: Running | undefined;
  private again: NodeJS.Timeout | undefined;
  private waitMs = AGAIN_MS;
  private isClosed = false;
  private onGone: (() => void) | undefined;

  constructor(
    private readonly definition: Definition,
    private readonly settings: VipSettings,
    private readonly launcher: Launcher,
    private readonly now: () => number,
  ) {
    this.key = keyOf(definition, settings);
  }

  open(): void {
    if (this.fd >= 0) return;
    const { path, script } = this.definition;
    const error = this.tryOpen();
    if (error !== '') this.launcher.complain(`notify FIFO ${path} is not written to: ${error}`);
    else if (script !== undefined) this.read(script);
  }

  write(line: string): void {
    if (this.fd < 0) return;
    const isWritten = tryWrite(this.fd, line);
    if (!isWritten && !this.isFull) {
      this.launcher.log('warning', `notify FIFO ${this.definition.path} is full, nobody reads it: lines are lost`);
    }
    this.isFull = !isWritten;
  }

  /** Lets the reader take what is there and see the end of the file, then ends it. */
  end(): Promise<void> {
    this.shut();
    clearTimeout(this.again);
    if (this.running === undefined) return Promise.resolve(this.remove());
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.running?.end(), FAREWELL_MS);
      this.onGone = () => {
        clearTimeout(timer);
        this.remove();
        resolve();
      };
    });
  }

  close(): void {
    this.shut();
    clearTimeout(this.again);
    this.running?.end();
    this.remove();
  }

  private shut(): void {
    this.isClosed = true;
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
  }

  private remove(): void {
    if (this.isOurs) rmSync(this.definition.path, { force: true });
    this.isOurs = false;
  }

  /** @returns what went wrong, '' for nothing */
  private tryOpen(): string {
    const { path } = this.definition;
    try {
      const isThere = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
      if (!isThere) this.make(path);
      const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
      if (!fstatSync(fd).isFIFO()) {
        closeSync(fd);
        return 'it is there, and is no FIFO';
      }
      this.fd = fd;
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  }

  private make(path: string): void {
    const account = accountFor(this.definition, this.settings);
    if (account !== null && 'error' in account) throw new Error(account.error);
    makeFifo(path, 0o600);
    this.isOurs = true;
    if (account !== null) chownSync(path, account.uid, account.gid);
  }

  private read(script: Program): void {
    const { path } = this.definition;
    const startedMs = this.now();
    let outcome: Outcome | undefined;
    this.running = this.launcher.run(`script of notify FIFO ${path}`, script, {
      args: [path],
      endsWithLeader: true,
      done: (it) => {
        outcome = it;
      },
      gone: () => {
        this.running = undefined;
        this.onGone?.();
        if (!this.isClosed && outcome !== undefined) this.readAgain(script, outcome, this.now() - startedMs);
      },
    });
  }

  /** One that ends well has gone into the background, or wants no more. */
  private readAgain(script: Program, outcome: Outcome, ranMs: number): void {
    if (outcome.kind === 'exit' && outcome.code === 0) return;
    this.waitMs = ranMs < SHORT_RUN_MS ? Math.min(this.waitMs * 2, AGAIN_MS_MAX) : AGAIN_MS;
    this.launcher.complain(
      `script of notify FIFO ${this.definition.path}: ${outcomeText(outcome)}; it is started again`,
    );
    this.again = setTimeout(() => this.read(script), this.waitMs);
  }
}

/** At most PIPE_BUF bytes: whole or not at all (pipe(7)). */
function tryWrite(fd: number, line: string): boolean {
  try {
    writeSync(fd, line);
    return true;
  } catch {
    return false; // EAGAIN: it is full
  }
}
