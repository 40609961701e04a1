/**
 * `lab no-false-down`: a Galera node and a PostgreSQL that are well, Fairlead with the default settings of its role
 * checks, and every core of the machine kept busy. Whatever is marked down here was marked down falsely.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { LOGIN, startGalera, startPostgres } from '../support/loopback-databases.js';
import { Progress } from '../support/progress.js';
import { type Proxy, startProxy } from '../support/proxy.js';
import { REPOSITORY } from '../support/repository.js';
import { Sandbox } from '../support/sandbox.js';
import { sleep, until } from '../support/wait.js';

interface SoakOptions {
  readonly minutes: number;
  readonly json: boolean;
  readonly keep: boolean;
}

interface Outcome {
  readonly minutes: number;
  readonly burners: number;
  readonly servers: number;
  /** Lines of Fairlead's log that say that a server went down. */
  readonly downs: readonly string[];
  /** Checks that failed without a server going down: `chkfail` of the statistics. */
  readonly failedChecks: number;
}

const PORTS = { galera: 3306, group: 4567, postgres: 5432 } as const;
const UP_TIMEOUT_MS = 30_000;
const LOOK_EVERY_MS = 5000;

/** @returns exit code: 1 when a server was marked down */
export async function runNoFalseDown(options: SoakOptions): Promise<number> {
  if (process.getuid?.() !== 0) throw new Error('the lab makes network namespaces: run it as root');
  const sandbox = new Sandbox('no-false-down', options.keep);
  const progress = new Progress(options.json);
  try {
    const outcome = await soak(sandbox, options.minutes, (text) => progress.step(text));
    progress.done();
    process.stdout.write(options.json ? `${JSON.stringify(outcome)}\n` : text(outcome));
    return outcome.downs.length === 0 ? 0 : 1;
  } finally {
    progress.done();
    sandbox.close();
  }
}

async function soak(sandbox: Sandbox, minutes: number, say: (text: string) => void): Promise<Outcome> {
  const namespace = sandbox.namespace('host', '');
  say('starting a Galera node and a PostgreSQL');
  await startGalera(sandbox, { port: PORTS.galera, namespace }, PORTS.group);
  await startPostgres(sandbox, { port: PORTS.postgres, namespace });
  const proxy = startProxy(sandbox, namespace, 'fairlead', writeFile(sandbox), 'galera');
  const servers = await untilUp(proxy);
  const burners = availableParallelism();
  const endMs = Date.now() + minutes * 60_000;
  for (let n = 0; n < burners; n++) startBurner(sandbox, minutes * 60);
  for (let leftMs = endMs - Date.now(); leftMs > 0; leftMs = endMs - Date.now()) {
    say(
      `${burners} burners on ${burners} cores, ${(leftMs / 60_000).toFixed(1)} minutes to go, ${downs(sandbox).length} downs`,
    );
    await sleep(Math.min(LOOK_EVERY_MS, leftMs));
  }
  const rows = await serverRows(proxy);
  const failedChecks = rows.reduce((sum, row) => sum + row.failedChecks, 0);
  const silent = rows.length === servers ? [] : [`${servers - rows.length} servers are not in the statistics any more`];
  return { minutes, burners, servers, downs: [...downs(sandbox), ...silent], failedChecks };
}

/** No interval, no time limit, no rise, no fall: what a user gets who writes none. */
function writeFile(sandbox: Sandbox): string {
  const secret = sandbox.path('checker.password');
  writeFileSync(secret, `${LOGIN.password}\n`, { mode: 0o600 });
  const login = `user=${LOGIN.user} password-file=${secret}`;
  const listen = (name: string, bind: number, kind: string, port: number) => `listen ${name}
  bind 127.0.0.1:${bind}
  # fairlead: check ${kind} ${login}
  server s1 127.0.0.1:${port} check
`;
  const path = sandbox.path('haproxy.cfg');
  writeFileSync(
    path,
    `defaults
  mode tcp
  timeout connect 5s
  timeout client 50s
  timeout server 50s
${listen('galera', 13306, 'galera', PORTS.galera)}${listen('mysql', 13307, 'mysql', PORTS.galera)}${listen('postgres', 15432, 'postgres', PORTS.postgres)}`,
  );
  return path;
}

function startBurner(sandbox: Sandbox, seconds: number): void {
  const words = [join(REPOSITORY, 'dist', 'lab', 'main.js'), 'burn', '--seconds', String(seconds)];
  sandbox.start(process.execPath, words, { log: 'burner.log' });
}

interface ServerRow {
  readonly name: string;
  readonly status: string;
  /** What the last check said. */
  readonly said: string;
  readonly failedChecks: number;
}

async function serverRows(proxy: Proxy): Promise<ServerRow[]> {
  const text = await proxy.command('show stat').catch(() => ''); // not listening yet, or no time to answer: ask again
  const [header = '', ...lines] = text.split('\n');
  const names = header.replace(/^# /, '').split(',');
  const rows = lines.map((line) => line.split(','));
  const value = (row: readonly string[], name: string) => row[names.indexOf(name)] ?? '';
  return rows
    .filter((row) => value(row, 'svname') === 's1')
    .map((row) => ({
      name: value(row, 'pxname'),
      status: value(row, 'status'),
      said: `${value(row, 'check_status')} ${value(row, 'last_chk')}`,
      failedChecks: Number(value(row, 'chkfail')),
    }));
}

/** @returns how many there are. @throws Error with what each of them says */
async function untilUp(proxy: Proxy): Promise<number> {
  let rows: ServerRow[] = [];
  const isUp = async () => {
    rows = await serverRows(proxy);
    return rows.length > 0 && rows.every(({ status }) => status.startsWith('UP')) ? rows.length : undefined;
  };
  return until('every server is UP', UP_TIMEOUT_MS, isUp).catch((error: Error) => {
    const lines = rows.map(({ name, status, said }) => `${name} ${status} ${said}`);
    throw new Error([error.message, ...lines].join('\n'));
  });
}

function downs(sandbox: Sandbox): string[] {
  return readFileSync(sandbox.path('fairlead.log'), 'utf8')
    .split('\n')
    .filter((line) => /Server \S+ is DOWN/.test(line));
}

function text({ minutes, burners, servers, downs: lines, failedChecks }: Outcome): string {
  return `${servers} servers, ${burners} burners on as many cores, ${minutes} minutes
${lines.map((line) => `${line}\n`).join('')}failed checks: ${failedChecks}
false downs: ${lines.length}
`;
}
