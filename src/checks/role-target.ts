/** Where a role check asks: the address in force in the shared table, or what the check itself says. */
import type { RoleServer } from '../core/role/messages.js';
import type { SessionTarget } from '../core/role/session.js';
import * as T from '../core/table.js';
import { AF_INET } from '../linux/constants.js';
import { ipText } from '../linux/sockaddr.js';

const READ_TRIES = 1000;
const PATRONI_PORT = 8008;

/** @returns null while the server has no address */
export function targetOf(server: RoleServer, row: T.Row): SessionTarget | null {
  if (server.socketPath !== undefined && server.host === undefined) return { host: server.socketPath, port: 0 };
  for (let tries = 0; tries < READ_TRIES; tries++) {
    const seq = row.get(T.S_ADDR_SEQ);
    if (seq & 1) continue; // the main thread is writing it
    const target = read(server, row);
    if (row.get(T.S_ADDR_SEQ) === seq) return target;
  }
  return null;
}

function read(server: RoleServer, row: T.Row): SessionTarget | null {
  const host = server.host ?? hostOf(row);
  return host === null ? null : { host, port: portOf(server, row) };
}

/** Patroni answers on a port of its own, unless the check names one. */
function portOf({ port, check }: RoleServer, row: T.Row): number {
  const own = port || row.get(T.S_CHECK_PORT);
  if (own !== 0) return own;
  return check.kind === 'patroni' ? (check.restPort ?? PATRONI_PORT) : row.get(T.S_ADDR_PORT);
}

function hostOf(row: T.Row): string | null {
  const family = row.get(T.S_ADDR_FAMILY);
  if (family === 0) return null;
  const words = Int32Array.from([0, 1, 2, 3], (i) => row.get(T.S_ADDR_WORDS + i));
  return ipText(family === AF_INET ? 4 : 6, new Uint8Array(words.buffer));
}
