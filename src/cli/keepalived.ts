/**
 * Fairlead behind keepalived's own command line, for units and scripts that start `keepalived`. Exit codes are those
 * observed of keepalived 2.2.7: 0 when it ran or was told to stop, also when another one runs already, 1 for a wrong
 * option, 2 when it cannot run, 6 without its file; those of -t are in `keepalived/config-test.ts`.
 */
import { existsSync } from 'node:fs';
import { loadConfig } from '../config/load.js';
import type { Model } from '../config/model.js';
import { writeYaml } from '../config/yaml/write.js';
import { KEEPALIVED_SIGNALS } from '../daemon/keepalived-signals.js';
import { ProcessLog } from '../daemon/process-log.js';
import { runProgram } from '../daemon/program.js';
import type { Loaded } from '../daemon/supervisor.js';
import { errnoText } from '../linux/errors.js';
import { enterNetworkNamespace } from '../linux/network-namespace.js';
import { exitNow } from '../linux/process.js';
import { isDaemonChild, launchDaemon, reportReady } from './haproxy/daemonize.js';
import { type KeepalivedArgs, parseArgs } from './keepalived/args.js';
import { lacksFiles, testConfig } from './keepalived/config-test.js';
import { consoleWriter, logsOf } from './keepalived/logs.js';
import { PidFiles } from './keepalived/pid-files.js';
import { USAGE, versionText } from './keepalived/texts.js';

const DEFAULT_FILE = '/etc/keepalived/keepalived.conf';
const BAD_OPTION = 1;
const CANNOT_RUN = 2;
const NO_FILE = 6;

/** @returns the exit code; when it runs, the process ends by itself and this never resolves */
export async function keepalivedMain(argv: readonly string[]): Promise<number> {
  const parsed = parseArgs(argv);
  if (!parsed.ok) return say(parsed.message, BAD_OPTION);
  const { args } = parsed;
  if (args.has('help')) return say(USAGE, 0);
  if (args.has('version')) return say(versionText(), 0);
  const signal = args.get('signum');
  if (signal !== undefined) return signalNumber(signal);
  const refused = refusal(args);
  if (refused !== null) return say(refused, CANNOT_RUN);
  if (args.has('namespace') && !entered(args.get('namespace')!)) return CANNOT_RUN;
  const file = args.get('use-file') ?? DEFAULT_FILE;
  if (args.has('config-test')) return testConfig(() => load(args), file, args);
  if (!existsSync(file)) return say(`Config files missing '${file}'.`, NO_FILE);
  return withConfig(args);
}

function say(text: string, code: number): number {
  process.stderr.write(`${text}\n`);
  return code;
}

function signalNumber(name: string): number {
  if (!Object.hasOwn(KEEPALIVED_SIGNALS, name)) return say(`Unknown sigfunc ${name}`, BAD_OPTION);
  console.log(KEEPALIVED_SIGNALS[name]);
  return 0;
}

/** What is asked for is another program's work. */
function refusal(args: KeepalivedArgs): string | null {
  if (args.has('check'))
    return '-C runs the health checks of IPVS, which is not here; a frontend and a backend take its place (fairlead import)';
  return args.has('genhash') ? '-T is genhash, which is not here' : null;
}

function entered(name: string): boolean {
  try {
    const result = enterNetworkNamespace(name);
    if (result < 0) say(`cannot enter network namespace ${name}: ${errnoText(result)}`, 0);
    return result === 0;
  } catch (error) {
    say(`cannot enter network namespace ${name}: ${(error as Error).message}`, 0);
    return false;
  }
}

function load(args: KeepalivedArgs): Loaded {
  const loaded = loadConfig([args.get('use-file') ?? DEFAULT_FILE], { instance: args.get('config-id') });
  const { global } = loaded.model;
  global.logTag ??= 'Keepalived_vrrp';
  if (global.logs.length === 0) global.logs.push(...logsOf(args));
  return loaded;
}

async function withConfig(args: KeepalivedArgs): Promise<number> {
  const first = load(args);
  const { model, diagnostics } = first;
  const text = diagnostics.renderAll();
  if (text !== '') say(text, 0);
  if (lacksFiles(first, args)) return NO_FILE;
  if (diagnostics.hasErrors) return CANNOT_RUN;
  if ((model.vips?.instances.length ?? 0) === 0)
    return say('no configuration to run: there is no vrrp_instance', CANNOT_RUN);
  const pids = new PidFiles(args);
  const running = pids.running();
  if (running !== null) return say(`daemon is already running (pid ${running})`, 0);
  if (!args.has('dont-fork') && !isDaemonChild()) return launchDaemon(model);
  if (args.has('dump-conf')) process.stdout.write(writeYaml(model));
  return serve(first, args, pids);
}

/** Runs. Resolves only when it could not start. */
async function serve(first: Loaded, args: KeepalivedArgs, pids: PidFiles): Promise<number> {
  process.title = 'keepalived';
  const log = new ProcessLog(consoleWriter(args));
  sayLeftOut(args, log);
  const isRunning = await runProgram(first, {
    load: () => load(args),
    log,
    pidfile: pids.main,
    removesPidfile: true,
    finish: [],
    terminate: [],
    entersChroot: false,
    notifies: true,
    signals: 'keepalived',
    filesMode: modeOf(args.get('umask')),
    onReady: ({ model }) => ready(model, args, pids, log),
    exit: ({ how }) => {
      pids.remove();
      exitNow(how === 'failed' ? CANNOT_RUN : 0);
    },
  });
  if (!isRunning) exitNow(CANNOT_RUN);
  return new Promise(() => undefined);
}

/** Without -l nothing more is said on the terminal: what was to be said about the start has been said. */
function ready(model: Model, args: KeepalivedArgs, pids: PidFiles, log: ProcessLog): void {
  pids.write((text) => log.record('WARNING', null, text));
  log.record('NOTICE', null, `started with ${(model.vips?.instances ?? []).map(({ name }) => name).join(', ')}`);
  if (isDaemonChild()) reportReady();
  if (!args.has('log-console') && !args.has('log-file')) log.quiet = true;
}

function sayLeftOut(args: KeepalivedArgs, log: ProcessLog): void {
  if (args.has('dont-release-vrrp')) log.warning('-V is left out: addresses never stay behind when this process ends');
  if (args.has('snmp') || args.has('snmp-agent-socket')) log.warning('SNMP is not here: scrape the metrics instead');
}

/** Mode of the files that signals write. */
function modeOf(umask: string | undefined): number | undefined {
  if (umask === undefined) return undefined;
  const isNumber = /^(0x[\da-f]+|\d+)$/i.test(umask);
  if (!isNumber) say(`Invalid --umask option ${umask}`, 0);
  const mask = /^0[0-7]+$/.test(umask) ? Number.parseInt(umask, 8) : Number(umask);
  return isNumber ? 0o666 & ~mask : undefined;
}
