/** Asks a running Fairlead (or HAProxy) over its control socket, for the commands of the command line. */
import { createConnection } from 'node:net';
import { findRuntimeSockets } from './runtime-path.js';

/** @returns `host:port` as its parts, anything else as a path */
export function socketTarget(socket: string): { path: string } | { host: string; port: number } {
  const [, host, port] = /^(?:ipv[46]@)?\[?([^/[\]]+?)\]?:(\d+)$/.exec(socket) ?? [];
  return host === undefined ? { path: socket.replace(/^unix@/, '') } : { host, port: Number(port) };
}

/**
 * Sends one line and reads the answer to its end.
 * @param timeoutMs longest silence, 0 for no limit
 * @returns the answer without the empty line that ends it
 * @throws Error in words for the operator
 */
export function askSocket(socket: string, line: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const connection = createConnection(socketTarget(socket));
    let answer = '';
    connection.setEncoding('utf8');
    connection.setTimeout(timeoutMs, () => connection.destroy(new Error(`no answer for ${timeoutMs / 1000} s`)));
    connection.on('data', (chunk) => {
      answer += chunk;
    });
    connection.on('error', (error) => reject(new Error(`${socket}: ${error.message}`)));
    connection.on('end', () => resolve(answer.replace(/\n\n$/, '\n')));
    connection.write(`${line}\n`);
  });
}

/** @returns whether somebody listens: a socket whose daemon died is still in the file system */
async function isAlive(socket: string): Promise<boolean> {
  try {
    return (await askSocket(socket, 'show version', 2000)) !== '';
  } catch {
    return false; // Refused or gone: exactly what was asked.
  }
}

/**
 * The control socket to use: the one given, or the private socket of the one daemon that runs.
 * @throws Error that says what to write where there is none, or more than one
 */
export async function chooseSocket(given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  const found = findRuntimeSockets();
  const alive = await Promise.all(found.map(isAlive));
  const running = found.filter((_, i) => alive[i]);
  if (running.length === 1) return running[0];
  if (running.length === 0) throw new Error('no running fairlead found; start one, or name its socket with -s SOCKET');
  throw new Error(`several run; choose one:\n${await choicesOf(running)}`);
}

/** A line for each daemon: what to write, and which configuration it has. */
export async function choicesOf(sockets: readonly string[]): Promise<string> {
  const files = await Promise.all(sockets.map(filesOf));
  return sockets.map((path, i) => `  -s ${path}${files[i] === '' ? '' : `  (${files[i]})`}`).join('\n');
}

/** @returns empty where the daemon does not tell: one of before, or another program */
async function filesOf(socket: string): Promise<string> {
  try {
    const answer = await askSocket(socket, 'show files', 2000);
    return answer
      .split('\n')
      .filter((line) => /^[/<]/.test(line))
      .join(', ');
  } catch {
    return ''; // It ended meanwhile: choosing it says so.
  }
}

/** One row of `show stat`, by column name. */
export type StatRecord = { readonly [column: string]: string };

/** @returns the rows of a `show stat` answer; empty where the text is no CSV */
export function parseStat(text: string): StatRecord[] {
  const lines = text.split('\n').filter((line) => line !== '');
  if (!lines[0]?.startsWith('# ')) return [];
  const columns = splitCsv(lines[0].slice(2));
  return lines.slice(1).map((line) => {
    const values = splitCsv(line);
    return Object.fromEntries(columns.map((name, i) => [name, values[i] ?? '']));
  });
}

function splitCsv(line: string): string[] {
  return [...line.matchAll(/(?:"((?:[^"]|"")*)"|([^,]*)),/g)].map(([, quoted, plain]) =>
    quoted === undefined ? plain : quoted.replaceAll('""', '"'),
  );
}
