/** Starts the real HAProxy or Fairlead on the same configuration text, on loopback, and listens to what it logs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../lab/support/ports.js';

export { freePort };

export type Program = 'haproxy' | 'fairlead';

const FAIRLEAD = fileURLToPath(new URL('../../../bin/fairlead', import.meta.url));

export interface RunningProxy {
  readonly program: Program;
  readonly child: ChildProcess;
  readonly dir: string;
  /** Path of the stats socket (`stats socket {SOCK}` in the text). */
  readonly socket: string;
  /** Log lines received so far, without the syslog header. */
  readonly logs: string[];
  readonly output: () => string;
  /** Resolves with the first log line that matches and has not been taken yet. */
  log(match: RegExp, timeoutMs?: number): Promise<string>;
  ask(command: string): Promise<string>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/**
 * @param text configuration; {SOCK} becomes the stats socket, {LOG} the address of the log receiver, {DIR} a directory
 * @param ports listening ports to wait for
 * @param place calls what starts the program, in another network namespace for example
 */
export async function startProxy(
  program: Program,
  text: string,
  ports: number[],
  extra: string[] = [],
  place: (start: () => ChildProcess) => ChildProcess = (start) => start(),
): Promise<RunningProxy> {
  const dir = mkdtempSync(join(tmpdir(), `fl-${program}-`));
  const socket = join(dir, 's.sock');
  const { udp, logs } = await logReceiver();
  const file = join(dir, 'haproxy.cfg');
  const filled = text
    .replaceAll('{SOCK}', socket)
    .replaceAll('{DIR}', dir)
    .replaceAll('{LOG}', `127.0.0.1:${udp.address().port}`);
  writeFileSync(file, `${filled}\n`);
  const [command, args] = program === 'haproxy' ? ['haproxy', []] : [process.execPath, [FAIRLEAD, 'haproxy']];
  const words = [...args, '-f', file, '-db', ...extra];
  const child = place(() => spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] }));
  let output = '';
  child.stdout!.on('data', (d) => (output += d));
  child.stderr!.on('data', (d) => (output += d));
  const exited = once(child, 'exit');
  const running: RunningProxy = {
    program,
    child,
    dir,
    socket,
    logs,
    output: () => output,
    log: (match, timeoutMs = 10_000) => takeLog(logs, match, timeoutMs, () => output),
    ask: (command) => ask(socket, command),
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await exited;
      udp.close();
      rmSync(dir, { recursive: true, force: true });
      return child.exitCode;
    },
  };
  try {
    for (const port of ports) await reachable(port, child, () => output);
    if (text.includes('{SOCK}')) await socketFile(socket, () => output);
  } catch (error) {
    await running.stop('SIGKILL');
    throw error;
  }
  return running;
}

async function logReceiver(): Promise<{ udp: UdpSocket; logs: string[] }> {
  const udp = createSocket('udp4');
  const logs: string[] = [];
  udp.on('message', (message) => logs.push(message.toString('latin1').trimEnd()));
  udp.bind(0, '127.0.0.1');
  await once(udp, 'listening');
  return { udp, logs };
}

async function takeLog(logs: string[], match: RegExp, timeoutMs: number, output: () => string): Promise<string> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; await sleep(10)) {
    const at = logs.findIndex((line) => match.test(line));
    if (at >= 0) return logs.splice(at, 1)[0];
  }
  throw new Error(`no log line matches ${match}; there are:\n${logs.join('\n')}\noutput:\n${output()}`);
}

async function socketFile(path: string, output: () => string): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(10)) if (existsSync(path)) return;
  throw new Error(`no stats socket:\n${output()}`);
}

/** Waits until something listens, without connecting (a connection would be logged and counted). */
async function reachable(port: number, child: ChildProcess, output: () => string): Promise<void> {
  const hex = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  for (const end = Date.now() + 15_000; Date.now() < end; await sleep(20)) {
    if (child.exitCode !== null) throw new Error(`exited with ${child.exitCode}:\n${output()}`);
    const rows = `${readFileSync('/proc/net/tcp', 'utf8')}${readFileSync('/proc/net/tcp6', 'utf8')}`.split('\n');
    if (
      rows.some((row) => row.includes(hex) && row.split(/\s+/)[4] === '0A' && row.split(/\s+/)[2].endsWith(hex.trim()))
    )
      return;
  }
  throw new Error(`port ${port} does not listen:\n${output()}`);
}

/** One command on the stats socket. */
async function ask(path: string, command: string): Promise<string> {
  const socket = connect(path);
  let answer = '';
  socket.on('data', (d) => (answer += d));
  socket.write(`${command}\n`);
  await once(socket, 'close');
  return answer;
}

/** A TCP server of the test's own. */
export async function serve(
  handler: (socket: Socket) => void,
  options: { allowHalfOpen?: boolean } = {},
  at?: number,
): Promise<{
  port: number;
  server: Server;
  sockets: Set<Socket>;
  close(): void;
}> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: options.allowHalfOpen ?? true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => sockets.delete(socket));
    handler(socket);
  });
  server.listen(at ?? (await freePort()), '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    server,
    sockets,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** A client whose end is told as `data`, `ended` (FIN) or `error`. */
export class Client {
  data = Buffer.alloc(0);
  ended = false;
  error = '';
  closed = false;
  readonly socket: Socket;

  /** @param port a TCP port, or the path of a unix socket @param localAddress where to connect from */
  constructor(port: number | string, localAddress?: string, host = '127.0.0.1') {
    this.socket =
      typeof port === 'number'
        ? connect({ port, host, localAddress, allowHalfOpen: true })
        : connect({ path: port, allowHalfOpen: true });
    this.socket.on('data', (d) => (this.data = Buffer.concat([this.data, d])));
    this.socket.on('end', () => (this.ended = true));
    this.socket.on('error', (e: NodeJS.ErrnoException) => (this.error = e.code ?? e.message));
    this.socket.on('close', () => (this.closed = true));
  }

  send(text: string | Buffer): this {
    this.socket.write(text);
    return this;
  }

  async until(done: (client: Client) => boolean, timeoutMs = 8_000): Promise<this> {
    for (const end = Date.now() + timeoutMs; !done(this); await sleep(5))
      if (Date.now() > end)
        throw new Error(
          `client waited in vain; data=${this.data.subarray(0, 200)} ended=${this.ended} error=${this.error}`,
        );
    return this;
  }

  async text(expected: string): Promise<this> {
    return this.until((c) => c.data.toString('latin1').includes(expected));
  }

  /** FIN or reset from the other side. */
  async over(timeoutMs = 8_000): Promise<this> {
    return this.until((c) => c.ended || c.error !== '' || c.closed, timeoutMs);
  }

  end(): this {
    this.socket.end();
    return this;
  }

  reset(): this {
    this.socket.resetAndDestroy();
    return this;
  }

  destroy(): void {
    this.socket.destroy();
  }
}
