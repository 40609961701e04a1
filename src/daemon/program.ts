/**
 * A supervisor as a process: takes over from a predecessor, writes the pid file, gives up root, obeys signals, and ends
 * with the exit code its caller promised.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Model, StatsSocket } from '../config/model.js';
import { accountOf } from '../linux/accounts.js';
import { errnoText } from '../linux/errors.js';
import { allowCoreDumps, dropPrivileges, enterRoot, exitNow } from '../linux/process.js';
import type { StartFailure } from './deployment.js';
import { handoverPathOf, type InheritedSockets, takeSockets, takeState } from './handover.js';
import { KeepalivedFiles } from './keepalived-files.js';
import { obeyFileSignals } from './keepalived-signals.js';
import { notifyReady, notifyReloading, notifyStopping } from './notify.js';
import type { ProcessLog } from './process-log.js';
import type { TransferredState } from './state-transfer.js';
import { type Loaded, Supervisor } from './supervisor.js';

/** What ended the process: `hard` was SIGTERM or SIGINT. */
export type Ending = { how: 'soft' | 'hard' | 'failed'; signal?: NodeJS.Signals };

export interface ProgramOptions {
  load(): Loaded;
  log: ProcessLog;
  workers?: number;
  pidfile?: string;
  /** Remove the pid file at the end; HAProxy leaves it. */
  removesPidfile: boolean;
  masterCli?: StatsSocket;
  /** `-sf` and `-st`. */
  finish: readonly number[];
  terminate: readonly number[];
  /** `-x`: a stats socket to take listening sockets from. */
  takeFrom?: string;
  /** Enter `chroot`; a process that reloads in place cannot. */
  entersChroot: boolean;
  notifies: boolean;
  /** What SIGUSR1 and SIGUSR2 mean: stop softly and reload, or (keepalived) write files. */
  signals: 'haproxy' | 'keepalived';
  /** Mode of those files. */
  filesMode?: number;
  onReady(supervisor: Supervisor): void;
  /** Ends the process by code or signal; must not return. */
  exit(ending: Ending): void;
}

const PAUSE_TRIES = 20;
const PAUSE_TRY_MS = 100;

/**
 * Runs until a signal ends it; then `options.exit` is called.
 * @returns false when it did not start: everything was said, and predecessors run on
 */
export async function runProgram(first: Loaded, options: ProgramOptions): Promise<boolean> {
  const { log } = options;
  const account = ownAccount(first.model, log);
  if (!account) return false;
  const heritage = await inherit(options);
  let signal: NodeJS.Signals | undefined;
  const supervisor = new Supervisor(first.model, {
    load: options.load,
    files: first.files,
    log,
    workers: options.workers,
    masterCli: options.masterCli,
    ...heritage,
    succeeds: options.finish.length + options.terminate.length > 0,
    onReload: (phase) => tellManager(options, phase),
    onEnd: (how) => leave(options, { how, signal }),
  });
  obeySignals(supervisor, log, options, (s) => {
    signal = s;
  });
  const failure = await startBeside(supervisor, options);
  if (failure) {
    for (const text of failure.texts) log.alert(text);
    return false;
  }
  if (!settle(first.model, account, options)) return false;
  supervisor.privilegesDropped();
  signalAll(options.finish, 'SIGUSR1');
  signalAll(options.terminate, 'SIGTERM');
  if (options.notifies) notifyReady();
  options.onReady(supervisor);
  return true;
}

function ownAccount(model: Model, log: ProcessLog): { uid?: number; gid?: number } | undefined {
  try {
    return accountOf(model.global);
  } catch (error) {
    log.alert((error as Error).message);
    return undefined;
  }
}

/** Sockets and state of the processes we succeed; without them new sockets are opened beside theirs. */
async function inherit(options: ProgramOptions): Promise<{ inherited?: InheritedSockets; state?: TransferredState }> {
  const inherited: InheritedSockets = new Map();
  let state: TransferredState | undefined;
  const take = (found: InheritedSockets | undefined) => {
    for (const [address, fds] of found ?? []) inherited.set(address, [...(inherited.get(address) ?? []), ...fds]);
  };
  for (const pid of [...options.finish, ...options.terminate]) {
    const path = handoverPathOf(pid);
    if (path === undefined) continue;
    state ??= await takeState(path);
    if (options.takeFrom === undefined) take(takeSockets(path, 'sockets'));
  }
  if (options.takeFrom !== undefined) {
    const found = takeSockets(options.takeFrom, '_getsocks');
    if (!found) options.log.warning(`Failed to get the sockets from the old process over '${options.takeFrom}'`);
    take(found);
  }
  return { inherited, state };
}

/** A port that a predecessor holds and does not share: it is asked to pause, and to resume if we still fail. */
async function startBeside(supervisor: Supervisor, options: ProgramOptions): Promise<StartFailure | null> {
  const old = [...options.finish, ...options.terminate];
  let failure = await supervisor.start();
  if (!failure?.allInUse || old.length === 0) return failure;
  signalAll(old, 'SIGTTOU');
  for (let i = 0; failure?.allInUse && i < PAUSE_TRIES; i++) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_TRY_MS));
    failure = await supervisor.start();
  }
  if (failure) signalAll(old, 'SIGTTIN');
  return failure;
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // ESRCH: it has gone by itself, which is what we wanted of it
    }
  }
}

/** Pid file, chroot, user: in this order, while we may. */
function settle(model: Model, account: { uid?: number; gid?: number }, options: ProgramOptions): boolean {
  const { log } = options;
  try {
    if (options.pidfile) writeFileSync(options.pidfile, `${process.pid}\n`, { mode: 0o644 });
  } catch (error) {
    log.alert(`Cannot create pidfile ${options.pidfile}: ${(error as Error).message}`);
    return false;
  }
  if (!jail(model.global.chroot, options)) return false;
  try {
    dropPrivileges(account.uid, account.gid);
  } catch (error) {
    log.alert(`Cannot change to user ${account.uid ?? '-'} group ${account.gid ?? '-'}: ${(error as Error).message}`);
    return false;
  }
  if (model.global.setDumpable) allowCoreDumps();
  return true;
}

function jail(directory: string | undefined, { entersChroot, log }: ProgramOptions): boolean {
  if (directory === undefined) return true;
  if (!entersChroot) {
    log.notice(`chroot ${directory} is not entered: a process that reloads in place must reach its files again`);
    return true;
  }
  const result = enterRoot(directory);
  if (result < 0) log.alert(`Cannot chroot(${directory}): ${errnoText(result)}`);
  return result === 0;
}

function tellManager(options: ProgramOptions, phase: 'begin' | 'end'): void {
  if (!options.notifies) return;
  if (phase === 'begin') notifyReloading();
  else notifyReady();
}

/** @returns whose signals a program in front of nothing but virtual addresses obeys */
export function signalsOf({ vips, proxies, agents }: Model): ProgramOptions['signals'] {
  return (vips?.instances.length ?? 0) > 0 && proxies.length + agents.length === 0 ? 'keepalived' : 'haproxy';
}

/**
 * Signals of the management guide §4; SIGHUP reloads, where HAProxy without a master would only print its servers. Or
 * those of keepalived(8).
 */
function obeySignals(
  supervisor: Supervisor,
  log: ProcessLog,
  options: ProgramOptions,
  note: (signal: NodeJS.Signals) => void,
): void {
  const stop = (soft: boolean) => (signal: NodeJS.Signals) => {
    note(signal);
    if (options.notifies) notifyStopping();
    supervisor.stop(soft);
  };
  const reload = () => {
    log.notice('Reloading the configuration');
    void supervisor.reload();
  };
  process.on('SIGTERM', stop(false));
  process.on('SIGINT', stop(false));
  process.on('SIGHUP', reload);
  if (options.signals === 'keepalived') {
    const complain = (text: string) => log.record('WARNING', null, text);
    obeyFileSignals(new KeepalivedFiles(supervisor, { mode: options.filesMode, complain }), log);
  } else {
    process.on('SIGUSR1', stop(true));
    process.on('SIGUSR2', reload);
  }
  process.on('SIGTTOU', () => supervisor.pause());
  process.on('SIGTTIN', () => supervisor.resume());
  process.on('SIGPIPE', () => undefined);
  process.on('SIGQUIT', () => undefined);
}

function leave(options: ProgramOptions, ending: Ending): void {
  if (options.pidfile && options.removesPidfile) removeOwn(options.pidfile);
  options.exit(ending);
}

/** A successor may have written its own pid since. */
function removeOwn(pidfile: string): void {
  try {
    if (Number(readFileSync(pidfile, 'utf8')) === process.pid) rmSync(pidfile);
  } catch {
    // Gone already, or not ours to remove after the change of user.
  }
}

/**
 * Ends as a signal without a handler would, so that whoever waits for us sees the signal; threads need not end first.
 */
export function dieBy(signal: 'SIGTERM' | 'SIGINT'): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  setTimeout(() => exitNow(signal === 'SIGTERM' ? 143 : 130), 100);
}
