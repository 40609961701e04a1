/**
 * From an old process to its successor (`-sf`, `-st`, `-x`): listening sockets, and with Fairlead on both ends the
 * health, the runtime changes and the figures as well. Two protocols:
 *   `_getsocks` on a stats socket, HAProxy's own: a count, then records (namespace, interface, options) with SCM_RIGHTS;
 *   `PID.handover` in the runtime directory: `state` answers JSON, `sockets` answers as `_getsocks` does.
 */
import { existsSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { prepareRuntimeSocketPath, runtimeDirectories } from '../control/runtime-path.js';
import { F_GETFL, F_SETFL, O_NONBLOCK } from '../linux/constants.js';
import { FDS_PER_MESSAGE, isRetry, receiveFds, sendFds } from '../linux/fd-passing.js';
import { boundAddress, connectUnix } from '../linux/listen.js';
import { close, fcntl } from '../linux/syscalls.js';
import type { TransferredState } from './state-transfer.js';

/** A successor waits this long for its predecessor, which may be busy with a reload. */
const TIMEOUT_MS = 3000;
const REQUEST_BYTES_MAX = 64;

/** Sockets by address as `boundAddress` names them; several per address with SO_REUSEPORT. */
export type InheritedSockets = Map<string, number[]>;

export interface HandoverSource {
  /** Interface names by descriptor, for `bind … interface`. */
  sockets(): { fd: number; interface?: string }[];
  state(): TransferredState;
  /** The successor has the sockets: paths must not be removed any more. */
  handedOver(): void;
}

function handoverPath(socketPath: string): string {
  return socketPath.replace(/\.sock$/, '.handover');
}

/** Opens the private handover socket. @returns undefined where there is no directory for it */
export function serveHandover(source: HandoverSource): Promise<{ close(): void } | undefined> {
  const sock = prepareRuntimeSocketPath(String(process.pid));
  if (sock === undefined) return Promise.resolve(undefined);
  const path = handoverPath(sock);
  rmSync(path, { force: true });
  const server = createServer((client) => answer(client, source));
  return listening(server, path).then((ok) => (ok ? { close: () => void server.close() } : undefined));
}

function listening(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    server.once('error', () => resolve(false)); // without it a successor opens its own sockets: SO_REUSEPORT lets it
    server.listen(path, () => resolve(true));
  });
}

function answer(client: Socket, source: HandoverSource): void {
  let request = '';
  client.on('error', () => client.destroy());
  client.on('data', (chunk) => {
    request += chunk.toString('latin1');
    if (request.length > REQUEST_BYTES_MAX) client.destroy();
    if (!request.includes('\n')) return;
    if (request === 'state\n') client.end(JSON.stringify(source.state()));
    else if (request === 'sockets\n') giveSockets(client, source);
    else client.destroy();
  });
}

function giveSockets(client: Socket, source: HandoverSource): void {
  const fd = descriptorOf(client);
  if (fd !== undefined) writeSockets(fd, source);
  client.end();
}

/** libuv keeps the descriptor in the handle; there is no public way to it. */
function descriptorOf(client: Socket): number | undefined {
  return (client as unknown as { _handle?: { fd?: number } })._handle?.fd;
}

/** Sends all listening sockets in `_getsocks` form over a connected unix socket. */
export function writeSockets(fd: number, source: HandoverSource): void {
  const flags = fcntl(fd, F_GETFL, 0);
  fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
  const sockets = source.sockets();
  const count = Buffer.alloc(4);
  count.writeInt32LE(sockets.length);
  sendFds(fd, count, []);
  for (let i = 0; i < sockets.length; i += FDS_PER_MESSAGE) {
    const batch = sockets.slice(i, i + FDS_PER_MESSAGE);
    sendFds(
      fd,
      Buffer.concat(batch.map(record)),
      batch.map((s) => s.fd),
    );
  }
  fcntl(fd, F_SETFL, flags);
  source.handedOver();
}

/** One byte length and text of the network namespace (none) and of the interface, then four bytes of options (none). */
function record(socket: { interface?: string }): Buffer {
  const device = Buffer.from(socket.interface ?? '');
  return Buffer.concat([Buffer.from([0, device.length]), device, Buffer.alloc(4)]);
}

/**
 * Takes the listening sockets of a running process.
 * @param path a stats socket with `expose-fd listeners` (`_getsocks`), or a handover socket (`sockets`)
 * @returns undefined where the process does not answer
 */
export function takeSockets(path: string, request: '_getsocks' | 'sockets'): InheritedSockets | undefined {
  const fd = connectUnix(path, TIMEOUT_MS);
  if (fd < 0) return undefined;
  try {
    sendText(fd, `${request}\n`);
    return readSockets(fd);
  } finally {
    close(fd);
  }
}

function sendText(fd: number, text: string): void {
  sendFds(fd, Buffer.from(text), []);
}

function readSockets(fd: number): InheritedSockets | undefined {
  const first = receiveRetrying(fd);
  if (first.result < 4) return undefined;
  const count = first.data.readInt32LE(0);
  const fds = [...first.fds];
  let records = first.data.subarray(4);
  while (fds.length < count) {
    const more = receiveRetrying(fd);
    if (more.result <= 0) break;
    fds.push(...more.fds);
    records = Buffer.concat([records, more.data]);
  }
  return byAddress(fds, records);
}

function receiveRetrying(fd: number): ReturnType<typeof receiveFds> {
  for (let i = 0; ; i++) {
    const got = receiveFds(fd);
    if (!isRetry(got.result) || i > 10) return got;
  }
}

function byAddress(fds: number[], records: Buffer): InheritedSockets {
  const found: InheritedSockets = new Map();
  let at = 0;
  for (const fd of fds) {
    const namespaceLength = at < records.length ? records[at] : 0;
    const lengthAt = at + 1 + namespaceLength;
    const deviceLength = lengthAt < records.length ? records[lengthAt] : 0;
    const device = records.subarray(lengthAt + 1, lengthAt + 1 + deviceLength).toString();
    at = lengthAt + 1 + deviceLength + 4;
    keep(found, fd, device);
  }
  return found;
}

/** Unix sockets keep the name they were bound with, `/path.PID.tmp`; the address is the path. */
function keep(found: InheritedSockets, fd: number, device: string): void {
  const bound = boundAddress(fd);
  if (bound === undefined) return void close(fd);
  const plain = bound.startsWith('unix:') ? bound.replace(/\.\d+\.tmp$/, '') : bound;
  const address = device === '' ? plain : `${plain}%${device}`;
  found.set(address, [...(found.get(address) ?? []), fd]);
}

/** @returns the handover socket of a process, if it has one */
export function handoverPathOf(pid: number): string | undefined {
  return runtimeDirectories()
    .map((directory) => `${directory}/${pid}.handover`)
    .find((path) => existsSync(path));
}

/** Asks a running Fairlead for its state. @returns undefined when it does not answer in time, or not with sense */
export function takeState(path: string): Promise<TransferredState | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path, () => socket.write('state\n'));
    let text = '';
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => resolve(parseState(text)));
  });
}

function parseState(text: string): TransferredState | undefined {
  try {
    const state = JSON.parse(text) as TransferredState;
    return state.version === 1 ? state : undefined;
  } catch {
    return undefined; // cut off: as if the process had not answered
  }
}
