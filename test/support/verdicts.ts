/** The same odd servers, checked by the real HAProxy or by Fairlead: what came of each check, and what its server saw. */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, type Program, type RunningProxy, serve, startProxy } from './proxy.js';

/** Servers that answer at all do so in less, on a busy machine too. */
const PATIENCE_MS = 1500;

/** One backend with one server. */
export interface Row {
  name: string;
  /** Lines of the backend. */
  lines: string[];
  server?: string;
  answer: (socket: Socket) => void;
}

export interface Verdict {
  state: string;
  check: string;
  code: string;
  text: string;
  description: string;
  health: string;
  /** Everything the server received on its first connection. */
  first: string;
  /** The first line of `option log-health-checks`, where the row asks for it. */
  log: string;
}

/** What one server of the test saw: bytes of its first connections, masked. */
async function listenFor(row: Row): Promise<{ port: number; seen: string[]; close(): void }> {
  const seen: string[] = [];
  const server = await serve((socket) => {
    socket.on('data', (data) => seen.push(data.toString('latin1')));
    row.answer(socket);
  });
  return { port: server.port, seen, close: () => server.close() };
}

/** By name of the row; `refused` and its kin are there in any case. */
export async function verdicts(program: Program, rows: readonly Row[]): Promise<{ [name: string]: Verdict }> {
  const listeners = await Promise.all(rows.map(listenFor));
  const front = await freePort();
  const nowhere = await freePort();
  const backends = rows.map((row, i) =>
    [`backend ${row.name}`, ...row.lines, `server s 127.0.0.1:${listeners[i].port} check ${row.server ?? ''}`].join(
      '\n',
    ),
  );
  const config = `global
  stats socket {SOCK} level admin
  log {LOG} local0
  node here
  max-spread-checks 500
defaults
  mode tcp
  log global
  timeout connect 2s
  timeout client 1s
  timeout server 1s
  timeout check ${PATIENCE_MS}
  default-server inter 20s
listen front
  bind 127.0.0.1:${front}
  server refused 127.0.0.1:${nowhere} check
backend script_refused
  option tcp-check
  tcp-check connect comment hi
  server s 127.0.0.1:${nowhere} check
backend implied_refused
  option tcp-check
  tcp-check send x
  server s 127.0.0.1:${nowhere} check
${backends.join('\n')}`;
  const proxy = await startProxy(program, config, [front]);
  try {
    const found = await decided(proxy);
    const told = rows.filter(({ lines }) => lines.includes('option log-health-checks'));
    for (let i = 0; i < 100 && told.some(({ name }) => logOf(proxy.logs, name) === ''); i++) await sleep(50);
    for (const [at, { name }] of rows.entries())
      Object.assign(found[name], { first: mask(listeners[at].seen.join('')), log: logOf(proxy.logs, name) });
    return found;
  } finally {
    await proxy.stop();
    for (const listener of listeners) listener.close();
  }
}

/** What statistics show once every server has been checked; a busy machine may take its time. */
async function decided(proxy: RunningProxy): Promise<{ [name: string]: Verdict }> {
  for (const end = Date.now() + 30_000; ; await sleep(100)) {
    const lines = (await proxy.ask('show stat')).split('\n').map(split);
    const servers = lines.filter(([, name]) => name === 's' || name === 'refused');
    const isOver = servers.every((fields) => fields[36] !== '' && !/INI|\*/.test(fields[36]));
    if (!isOver && Date.now() < end) continue;
    return Object.fromEntries(servers.map((fields) => [fields[0], verdictOf(fields)]));
  }
}

function verdictOf(fields: readonly string[]): Verdict {
  const [state, check, code, text, description, health] = [17, 36, 37, 56, 65, 69].map((i) => fields[i]);
  return { state, check, code, text, description, health, first: '', log: '' };
}

/** Fields of a CSV line. */
function split(line: string): string[] {
  return [...line.matchAll(/("(?:[^"]|"")*"|[^,]*),/g)].map((match) => match[1]);
}

/** Ports, the time in a ClientHello, and figures of the moment. */
function mask(bytes: string): string {
  const isHello = bytes.startsWith('\x16\x03\x00');
  const timeless = isHello ? `${bytes.slice(0, 11)}TIME${bytes.slice(15)}` : bytes;
  return timeless.replace(/(127\.0\.0\.1 127\.0\.0\.1) \d+ \d+/, '$1').replace(/port=\d+/, 'port=N');
}

function logOf(logs: readonly string[], backend: string): string {
  const line = logs.find((each) => each.includes(`Health check for server ${backend}/s `)) ?? '';
  return line.replace(/^.*?\]: /, '').replace(/check duration: \d+ms/, 'check duration: Tms');
}
