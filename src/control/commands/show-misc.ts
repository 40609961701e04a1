/** `show env`, `show activity`, `show pools`, `show threads`, `reload`. */
import * as T from '../../core/table.js';
import { type Command, type CommandContext, NOTICE, type Reply, refuse } from '../command.js';

type Arguments = readonly (string | undefined)[];

function showEnv(_context: CommandContext, [name]: Arguments): Reply {
  const all = Object.entries(process.env).map(([key, value]) => `${key}=${value}\n`);
  if (name === undefined) return all.join('');
  const value = process.env[name];
  return value === undefined ? refuse('Variable not found') : `${name}=${value}\n`;
}

/** Per worker: the value of each, after their sum where there is more than one. */
function perWorker(row: T.Row, cell: number): string {
  const values = Array.from({ length: row.workers }, (_, w) => row.f64[row.counters + w * T.COUNTER_CELLS + cell]);
  const sum = values.reduce((a, b) => a + b, 0);
  return values.length === 1 ? `${sum}` : `${sum} [ ${values.join(' ')} ]`;
}

function showActivity({ engine, nowMs }: CommandContext): Reply {
  const row = engine.row(T.rowKey.process());
  if (!row) return refuse('No worker is running yet.');
  const lines: [string, string][] = [
    ['thread_id', `1 (1..${engine.workers})`],
    ['date_now', `${(nowMs / 1000).toFixed(6)}`],
    ['loops', perWorker(row, T.C_LOOPS)],
    ['accepted', perWorker(row, T.C_CONNECTIONS)],
    ['accept_refused', perWorker(row, T.C_ACCEPT_REFUSED)],
    ['idle_us', perWorker(row, T.C_IDLE_US)],
    ['spliced_bytes', perWorker(row, T.C_SPLICED_BYTES)],
    ['dropped_logs', perWorker(row, T.C_DROPPED_LOGS)],
    ['shut_sessions', perWorker(row, T.C_SHUT_SESSIONS)],
    ['shut_servers_ms_max', `${row.max(T.C_SHUT_SERVERS_MS)}`],
    ['shut_clients_ms_max', `${row.max(T.C_SHUT_CLIENTS_MS)}`],
  ];
  return lines.map(([name, value]) => `${name}: ${value}\n`).join('');
}

/** There are no pools of our own: the parts of the process's memory stand in their place. */
function showPools(): string {
  const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const parts: [string, number, number][] = [
    ['heap', heapTotal, heapUsed],
    ['external', external, external],
    ['array_buffers', arrayBuffers, arrayBuffers],
  ];
  const lines = parts.map(([name, all, used]) => `  - Memory ${name} : ${all} bytes allocated, ${used} bytes used\n`);
  return `Dumping memory usage.\n${lines.join('')}Total: ${rss} bytes resident.\n`;
}

function showThreads({ engine }: CommandContext): Reply {
  const row = engine.row(T.rowKey.process());
  if (!row) return refuse('No worker is running yet.');
  const cell = (w: number, at: number) => row.f64[row.counters + w * T.COUNTER_CELLS + at];
  return Array.from({ length: engine.workers }, (_, w) => {
    const loops = `loops=${cell(w, T.C_LOOPS)} idle_us=${cell(w, T.C_IDLE_US)} accepted=${cell(w, T.C_CONNECTIONS)}`;
    return `  Thread ${w + 1} : worker ${w} ${loops}\n`;
  }).join('');
}

function showFiles({ engine }: CommandContext): string {
  return (engine.files ?? []).map((file) => `${file}\n`).join('');
}

/** The form of HAProxy 3.x's master CLI: the outcome, a rule, and what there was to say. */
async function reload({ engine }: CommandContext): Promise<Reply> {
  const { ok, text } = await engine.reload();
  return { text: `Success=${ok ? 1 : 0}\n--\n${withoutEmptyLines(text)}`, severity: NOTICE };
}

/** An empty line ends an answer, so no answer may hold one. */
function withoutEmptyLines(text: string): string {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => `${line}\n`).join('');
}

function command(text: string, usage: string, help: string, level: Command['level'], run: Command['run']): Command {
  return { words: text.split(' '), usage, help, level, run };
}

export const RELOAD_COMMAND = command('reload', 'reload', 'read the configuration again', 'admin', reload);

export const MISC_COMMANDS: readonly Command[] = [
  command('show activity', 'show activity', 'what the workers have done', 'user', showActivity),
  command('show env', 'show env [var]', 'environment variables', 'operator', showEnv),
  command('show files', 'show files', 'the configuration files in force', 'operator', showFiles),
  command('show pools', 'show pools', 'memory in use', 'user', showPools),
  command('show threads', 'show threads', 'the data-plane workers', 'user', showThreads),
];
