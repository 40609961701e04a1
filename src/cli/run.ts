/** `fairlead run -f FILE…`: Fairlead in the foreground. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Diagnostic, Diagnostics } from '../config/diagnostics.js';
import { loadConfig } from '../config/load.js';
import type { Model } from '../config/model.js';
import { addressText } from '../config/names.js';
import { runs } from '../daemon/plan.js';
import { ProcessLog } from '../daemon/process-log.js';
import { runProgram, signalsOf } from '../daemon/program.js';
import { listensSomewhere } from '../daemon/supervisor.js';
import { exitNow } from '../linux/process.js';

interface RunOptions {
  file: string[];
  workers?: number;
  quiet?: boolean;
  pidfile?: string;
  instance?: string;
}

export function register(program: Command): void {
  program
    .command('run')
    .description('run in the foreground; SIGHUP reloads, SIGUSR1 stops when the last session ends')
    .requiredOption('-f, --file <file...>', 'configuration files and directories, merged')
    .option('-w, --workers <n>', 'data-plane workers (default: nbthread, or one per CPU)', positive)
    .option('-q, --quiet', 'print only errors')
    .option('-p, --pidfile <path>', 'write the process id there')
    .option('-i, --instance <name>', "which host the '@NAME' lines of keepalived.conf are for; this one by default")
    .action(run);
}

function positive(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1 || n > 64) throw new InvalidArgumentError('a number from 1 to 64.');
  return n;
}

async function run(options: RunOptions): Promise<void> {
  const load = () => loadConfig(options.file, { instance: options.instance });
  const first = load();
  const { model, diagnostics } = first;
  if (diagnostics.hasErrors) return fail(diagnostics.renderAll());
  if (!options.quiet && diagnostics.list.length > 0) console.error(grouped(diagnostics));
  if (!listensSomewhere(model))
    return fail("error: nothing to listen on; add a 'bind' line to a proxy, an agent, or a virtual address");
  const log = new ProcessLog();
  log.quiet = options.quiet ?? false;
  const isRunning = await runProgram(first, {
    load,
    log,
    workers: options.workers,
    pidfile: options.pidfile ?? model.global.pidfile,
    removesPidfile: true,
    finish: [],
    terminate: [],
    entersChroot: false,
    notifies: true,
    signals: signalsOf(model),
    onReady: (supervisor) => {
      if (!options.quiet) announce(supervisor.model, supervisor.workers);
    },
    exit: ({ how }) => exitNow(how === 'failed' ? 1 : 0),
  });
  if (!isRunning) exitNow(1);
}

function fail(text: string): void {
  console.error(text);
  process.exitCode = 1;
}

/** Same complaint about many lines: once, with the places. */
export function grouped(diagnostics: Diagnostics): string {
  const groups = new Map<string, Diagnostic[]>();
  for (const d of diagnostics.sorted) {
    const key = `${d.severity} ${d.code} ${d.message}`;
    groups.set(key, [...(groups.get(key) ?? []), d]);
  }
  return [...groups.values()].map((group) => oneOf(group, diagnostics)).join('\n');
}

function oneOf(group: readonly Diagnostic[], diagnostics: Diagnostics): string {
  const [first, ...others] = group;
  if (others.length === 0) return diagnostics.render(first);
  const places = others.map((d) => (d.loc ? `${d.loc.file}:${d.loc.line}` : '-'));
  const shown = places.slice(0, 8).join(', ');
  const more = places.length > 8 ? ` and ${places.length - 8} more` : '';
  return `${diagnostics.render(first)}\n      = also at ${shown}${more}`;
}

function announce(model: Model, workers: number): void {
  for (const proxy of model.proxies.filter(runs))
    for (const bind of proxy.binds)
      console.log(`ready: ${proxy.name} on ${addressText(bind.address)} (${workers} worker${workers > 1 ? 's' : ''})`);
  for (const agent of model.agents.filter(({ disabled }) => disabled !== true))
    console.log(`ready: agent ${agent.name} on ${addressText(agent.address)}`);
  for (const { name, addresses, interface: link } of model.vips?.instances ?? [])
    console.log(`ready: vip ${name}, ${addresses.map(({ ip }) => ip).join(' ')}${link ? ` on ${link}` : ''}`);
}
