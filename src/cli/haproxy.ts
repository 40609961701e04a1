/**
 * Fairlead behind HAProxy's own command line, for init scripts, cluster agents and test harnesses that start `haproxy`.
 * Exit codes are those observed of HAProxy 2.6: single processes die by the signal that ended them, a master exits 0 on
 * SIGTERM and 130 on SIGINT.
 */

import { Diagnostics } from '../config/diagnostics.js';
import { readStatsSocket } from '../config/haproxy/bind.js';
import { Line } from '../config/haproxy/line.js';
import { evaluatePredicate } from '../config/haproxy/predicates.js';
import { splitWords } from '../config/haproxy/words.js';
import type { Model, Proxy, StatsSocket } from '../config/model.js';
import { VERSION } from '../control/version.js';
import { HAPROXY_VERSION } from '../core/haproxy-version.js';
import { runs } from '../daemon/plan.js';
import { ProcessLog } from '../daemon/process-log.js';
import { dieBy, type Ending, runProgram } from '../daemon/program.js';
import type { Loaded } from '../daemon/supervisor.js';
import { exitNow } from '../linux/process.js';
import { type HaproxyArgs, parseArgs } from './haproxy/args.js';
import { complain, errorsOf, hasWarnings, load } from './haproxy/config.js';
import { isDaemonChild, launchDaemon, reportReady } from './haproxy/daemonize.js';
import { buildText, USAGE, versionText } from './haproxy/texts.js';

/** @returns the exit code; when the proxy runs, the process ends by itself and this never resolves */
export async function haproxyMain(argv: string[]): Promise<number> {
  const parsed = parseArgs(argv);
  if (!parsed.ok) return usage(parsed.message);
  const { args } = parsed;
  if (args.version > 0) {
    console.log(args.version === 1 ? versionText() : buildText());
    return 0;
  }
  const log = new ProcessLog(undefined, [...preamble()]);
  log.quiet = args.quiet && !args.verbose;
  if (args.directory !== undefined && !changeDirectory(args.directory, log)) return 1;
  if (args.condition !== undefined) return evaluate(args.condition, log);
  if (args.files.length === 0) return usage();
  return withConfig(args, log);
}

function usage(message?: string): number {
  console.log(versionText());
  console.error(USAGE);
  if (message) console.error(`\n${message}`);
  return 1;
}

function* preamble(): Generator<string> {
  const line = (text: string) => `[NOTICE]   (${process.pid}) : ${text}`;
  yield line(`haproxy version is ${HAPROXY_VERSION} (Fairlead ${VERSION})`);
  yield line(`path to executable is ${process.argv[1]}`);
}

function changeDirectory(directory: string, log: ProcessLog): boolean {
  try {
    process.chdir(directory);
    return true;
  } catch (error) {
    log.alert(`Could not change to directory ${directory} : ${(error as Error).message}`);
    return false;
  }
}

/** 0 true, 1 false, 2 no expression. */
function evaluate(condition: string, log: ProcessLog): number {
  const result = evaluatePredicate(condition, { env: process.env, version: HAPROXY_VERSION });
  if (result.ok) return result.value ? 0 : 1;
  log.alert(`config : Failed to evaluate condition: ${result.message}`);
  return 2;
}

async function withConfig(args: HaproxyArgs, log: ProcessLog): Promise<number> {
  const first = load(args);
  const { model, diagnostics } = first;
  if (model.global.quiet && !args.verbose) log.quiet = true;
  complain(diagnostics, log);
  if (errorsOf(diagnostics).length > 0) return 1;
  if (args.zeroWarning && hasWarnings(diagnostics)) {
    log.alert("config : Some warnings were found and 'zero-warning' is set. Aborting.");
    return 1;
  }
  if (args.checkOnly) return checked(first, log.quiet);
  if (!listens(model, runs)) {
    log.alert("[haproxy.main()] No enabled listener found (check for 'bind' directives) ! Exiting.");
    return 1;
  }
  if (args.memoryMb !== undefined)
    log.warning("'-m' has no effect: limit the memory of the service (MemoryMax=) instead");
  const isDaemon = (args.daemon || (model.global.daemon ?? false)) && !args.foreground;
  if (isDaemon && !isDaemonChild()) return launchDaemon(model);
  return serve(first, args, log);
}

/** A stats socket is a listener too: HAProxy starts with nothing else. */
function listens(model: Model, counts: (proxy: Proxy) => boolean): boolean {
  return (
    model.agents.length + model.global.statsSockets.length > 0 ||
    model.proxies.some((p) => counts(p) && p.binds.length > 0)
  );
}

function checked({ model, diagnostics }: Loaded, isQuiet: boolean): number {
  const say = (text: string) => {
    if (!isQuiet) console.log(text);
  };
  if (!listens(model, (p) => !p.disabled)) {
    say('Configuration file has no error but will not start (no listener) => exit(2).');
    return 2;
  }
  if (hasWarnings(diagnostics)) say('Warnings were found.');
  say('Configuration file is valid');
  return 0;
}

/** Runs. Resolves only when it could not start. */
async function serve(first: Loaded, args: HaproxyArgs, log: ProcessLog): Promise<number> {
  process.title = 'haproxy';
  const { model } = first;
  const isMaster = args.masterWorker || (model.global.masterWorker ?? false);
  const masterCli = isMaster && args.masterCli !== undefined ? masterSocket(args.masterCli, log) : undefined;
  if (masterCli === null) return 1;
  const isRunning = await runProgram(first, {
    load: () => load(args),
    log,
    pidfile: args.pidfile ?? (isDaemonChild() || isMaster ? model.global.pidfile : undefined),
    removesPidfile: false,
    masterCli,
    finish: args.finish,
    terminate: args.terminate,
    takeFrom: args.takeFrom,
    entersChroot: !isMaster,
    notifies: args.systemd,
    signals: 'haproxy',
    onReady: ({ model: running }) => ready(running, args, isMaster, log),
    exit: (ending) => exit(ending, isMaster, log),
  });
  if (!isRunning) {
    log.alert('[haproxy.main()] Not started. Exiting.');
    exitNow(1);
  }
  return new Promise(() => undefined);
}

function ready(model: Model, args: HaproxyArgs, isMaster: boolean, log: ProcessLog): void {
  if (args.verbose) {
    console.log(`Note: setting global.maxconn to ${model.global.maxconn}.`);
    console.log('Using epoll() as the polling mechanism.');
  }
  if (isMaster) {
    log.notice(`New worker (${process.pid}) forked`);
    log.notice('Loading success.');
  }
  if (!isDaemonChild()) return;
  reportReady();
  log.quiet = true;
}

function exit({ how, signal }: Ending, isMaster: boolean, log: ProcessLog): void {
  if (how === 'failed') exitNow(1);
  const code = isMaster && how === 'hard' && signal === 'SIGINT' ? 130 : 0;
  if (isMaster) log.warning(`All workers exited. Exiting... (${code})`);
  if (!isMaster && how === 'hard' && (signal === 'SIGTERM' || signal === 'SIGINT')) dieBy(signal);
  else exitNow(code);
}

/** `-S <bind>[,<bind option>...]`. @returns null when it is wrong, which has been said */
function masterSocket(text: string, log: ProcessLog): StatsSocket | null {
  const diagnostics = new Diagnostics();
  const at = { file: '-S', line: 1, col: 1 };
  const words = splitWords(`stats socket ${text.replaceAll(',', ' ')}`, at, (name) => process.env[name]);
  const socket = Array.isArray(words) ? readStatsSocket(new Line(words, diagnostics)) : undefined;
  for (const d of diagnostics.list) log.alert(`master CLI '${text}': ${d.message}${d.remedy ? `; ${d.remedy}` : ''}`);
  return socket && !diagnostics.hasErrors ? { ...socket, level: 'admin' } : null;
}
