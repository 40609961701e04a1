/** The value by which a persistence cookie names a server: as written, or made from its address (`cookie … dynamic`). */
import { xxh64 } from '../../core/expr/xxhash.js';
import * as T from '../../core/table.js';
import { AF_INET, AF_INET6 } from '../../linux/constants.js';
import type { BackendEntity, ServerEntity } from '../entities.js';
import type { Transaction } from './transaction.js';

/** @returns undefined where the server has none */
export function cookieOf(server: ServerEntity, backend: BackendEntity): string | undefined {
  if (server.spec.cookie !== undefined) return server.spec.cookie;
  const { cookie, dynamicCookieKey } = backend.proxy.http;
  if (cookie?.isDynamic !== true) return undefined;
  return dynamicCookie(server, dynamicCookieKey ?? '');
}

interface Made {
  readonly seq: number;
  readonly key: string;
  readonly value: string | undefined;
}

const made = new WeakMap<ServerEntity, Made>();

/** Made again when the address has changed; hosts that share the key agree on it. */
function dynamicCookie(server: ServerEntity, key: string): string | undefined {
  const known = made.get(server);
  const seq = server.cells.row.get(T.S_ADDR_SEQ);
  if (known !== undefined && known.seq === seq && known.key === key) return known.value;
  const value = compute(server, key);
  made.set(server, { seq, key, value });
  return value;
}

/** Key, address, and the port in four bytes, in network order (observed from HAProxy 2.6). */
function compute({ cells }: ServerEntity, key: string): string | undefined {
  const { row } = cells;
  const family = row.get(T.S_ADDR_FAMILY);
  const words = family === AF_INET ? 1 : family === AF_INET6 ? 4 : 0;
  if (words === 0) return undefined;
  const address = new Int32Array(words);
  for (let i = 0; i < words; i++) address[i] = row.get(T.S_ADDR_WORDS + i);
  const port = Buffer.alloc(4);
  port.writeUInt32BE(row.get(T.S_ADDR_PORT));
  const bytes = Buffer.concat([Buffer.from(key), new Uint8Array(address.buffer), port]);
  return xxh64(bytes.toString('latin1'), 0n).toString(16).padStart(16, '0');
}

/** Seconds since the epoch, as dates in cookies count. */
export function nowSeconds({ session }: Transaction): number {
  return Math.floor((session.worker.reactor.nowMs + session.worker.epochOffsetMs) / 1000);
}
