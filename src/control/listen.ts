/** Opens the listening side of a control socket: TCP, unix paths, abstract names, inherited descriptors. */
import { chmodSync, chownSync, lstatSync, readFileSync, renameSync, unlinkSync } from 'node:fs';
import type { AddressInfo, ListenOptions, Server } from 'node:net';
import { dirname, join } from 'node:path';
import type { Address, StatsSocket } from '../config/model.js';

/** sockaddr_un holds 108 bytes with the final zero, unix(7). */
const MAX_PATH_BYTES = 107;

/** An address that is being listened on. */
export interface Listening {
  /** As `show cli sockets` prints it. */
  readonly text: string;
  readonly port?: number;
  /** Removes what listening left in the file system. */
  cleanUp(): void;
}

const NOTHING_LEFT = () => undefined;

/** @throws Error in words for the operator */
export async function listenOn(server: Server, socket: StatsSocket): Promise<Listening> {
  const { address } = socket;
  switch (address.kind) {
    case 'unix':
      return listenOnPath(server, socket, address.path);
    case 'abns':
      await listen(server, { path: `\0${address.name}` }, `abns@${address.name}`);
      return { text: `abns@${address.name}`, cleanUp: NOTHING_LEFT };
    case 'fd':
      await listen(server, { fd: address.fd } as ListenOptions, `fd@${address.fd}`);
      return { text: `fd@${address.fd}`, cleanUp: NOTHING_LEFT };
    case 'inet':
      return listenOnPort(server, address);
  }
}

async function listenOnPort(server: Server, address: Address & { kind: 'inet' }): Promise<Listening> {
  const any = address.family === 6 ? '::' : '0.0.0.0';
  const host = address.host === '' || address.host === '*' ? any : address.host;
  await listen(server, { host, port: address.port }, `${host}:${address.port}`);
  const bound = server.address() as AddressInfo;
  const isV6 = bound.family === 'IPv6';
  const text = isV6 ? `ipv6@[${bound.address}]:${bound.port}` : `ipv4@${bound.address}:${bound.port}`;
  return { text, port: bound.port, cleanUp: NOTHING_LEFT };
}

/**
 * The socket is made under another name, given its owner and mode, and then moved over the old one: there is no moment
 * without a socket, and none in which the wrong user may connect.
 */
async function listenOnPath(server: Server, socket: StatsSocket, path: string): Promise<Listening> {
  const temporary = join(dirname(path), `.fl${process.pid}-${sequence++}`);
  const longest = Math.max(Buffer.byteLength(temporary), Buffer.byteLength(path));
  if (longest > MAX_PATH_BYTES) throw new Error(`${path}: socket path too long; ${MAX_PATH_BYTES} bytes at most`);
  refuseToReplaceFile(path);
  await withUmask(0o077, () => listen(server, { path: temporary }, path));
  try {
    setOwner(temporary, socket);
    chmodSync(temporary, socket.mode ?? 0o666 & ~currentUmask());
    renameSync(temporary, path);
  } catch (error) {
    server.close();
    throw new Error(`${path}: ${(error as Error).message}`);
  }
  const { ino } = lstatSync(path);
  return { text: `unix@${path}`, cleanUp: () => removeSocket(path, ino) };
}

let sequence = 0;

/** A stale socket is replaced; anything else at the path is the operator's, and stays. */
function refuseToReplaceFile(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found && !found.isSocket()) throw new Error(`${path} exists and is no socket; remove it or choose another path`);
}

/** Another process may have put its own socket there since: that one stays. */
function removeSocket(path: string, ino: number): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.ino === ino) unlinkSync(path);
}

function currentUmask(): number {
  const mask = process.umask(0o077);
  process.umask(mask);
  return mask;
}

/** Binding happens before `act` returns its promise, so the mask need not be held longer. */
function withUmask<T>(mask: number, act: () => T): T {
  const before = process.umask(mask);
  try {
    return act();
  } finally {
    process.umask(before);
  }
}

function setOwner(path: string, { user, group, uid, gid }: StatsSocket): void {
  const owner = uid ?? (user === undefined ? undefined : lookUp('/etc/passwd', user, 'user'));
  const team = gid ?? (group === undefined ? undefined : lookUp('/etc/group', group, 'group'));
  if (owner !== undefined || team !== undefined) chownSync(path, owner ?? process.getuid!(), team ?? process.getgid!());
}

/** passwd(5) and group(5) both have the name first and the number third. */
function lookUp(file: string, name: string, what: string): number {
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${name}:`));
  if (!line) throw new Error(`no ${what} '${name}' in ${file}; write one that exists, or a number`);
  return Number(line.split(':')[2]);
}

function listen(server: Server, options: ListenOptions, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => reject(new Error(`cannot open ${text}: ${reason(error)}`));
    server.once('error', onError);
    server.listen(options, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

function reason(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE') return 'another process listens there already';
  if (error.code === 'EACCES') return 'permission denied';
  if (error.code === 'EADDRNOTAVAIL') return 'this host does not hold the address';
  return error.message;
}
