/** Where servers are: names to numbers, and the address cells of the shared table (one writer: the main thread). */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Model, Server } from '../config/model.js';
import * as T from '../core/table.js';
import { ipText, ipToWords } from '../linux/sockaddr.js';

/** getaddrinfo(3) has no time limit of its own; a start or a reload must not hang on a dead name server. */
const LOOKUP_MS = 2000;

/** @returns a numeric address, or null when the name does not resolve in time */
export async function resolveHost(host: string, family: 0 | 4 | 6 = 0): Promise<string | null> {
  if (isIP(host)) return host;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, LOOKUP_MS, null);
  });
  try {
    return await Promise.race([lookup(host, { family }).then((found) => found.address), late]);
  } catch {
    return null; // ENOTFOUND, EAI_AGAIN: the caller says so and asks again later
  } finally {
    clearTimeout(timer);
  }
}

/** Family to ask for: what the address says, else `resolve-prefer`, else IPv4 first as libc orders it. */
export function familyOf(server: Server): 0 | 4 | 6 {
  const { address } = server;
  if (address.kind === 'inet' && address.family !== 0) return address.family;
  if (server.resolvePrefer === undefined) return 0;
  return server.resolvePrefer === 'ipv4' ? 4 : 6;
}

/** Host to resolve, or undefined for addresses that need no name. */
export function hostOf(server: Server): string | undefined {
  return server.address.kind === 'inet' ? server.address.host : undefined;
}

/**
 * Writes an address under the sequence lock (odd = being written).
 * @param host numeric; null = not resolved
 */
export function writeAddress(row: T.Row, server: Server, host: string | null, port: number): void {
  row.add(T.S_ADDR_SEQ, 1);
  row.set(T.S_ADDR_FAMILY, server.address.kind === 'inet' ? 0 : 1);
  row.set(T.S_ADDR_PORT, port);
  if (host !== null && server.address.kind === 'inet') {
    const { family, words } = ipToWords(host);
    words.forEach((word, i) => {
      row.set(T.S_ADDR_WORDS + i, word);
    });
    row.set(T.S_ADDR_FAMILY, family);
  }
  row.add(T.S_ADDR_SEQ, 1);
}

/** @returns the address in force; host `-` while unresolved, the path of a unix socket */
export function readAddress(row: T.Row, server: Server): { host: string; port: number } {
  const family = row.get(T.S_ADDR_FAMILY);
  if (server.address.kind === 'unix') return { host: server.address.path, port: 0 };
  if (server.address.kind === 'abns') return { host: `abns@${server.address.name}`, port: 0 };
  if (family === 0) return { host: '-', port: row.get(T.S_ADDR_PORT) };
  const words = Int32Array.from([0, 1, 2, 3], (i) => row.get(T.S_ADDR_WORDS + i));
  return { host: ipText(family === 2 ? 4 : 6, new Uint8Array(words.buffer)), port: row.get(T.S_ADDR_PORT) };
}

/** Port cell of a server: 0 where it follows the client's. */
export function portOf(server: Server): number {
  return server.address.kind === 'inet' ? server.address.port : 0;
}

/** Resolves the hosts that checks and agents go to, in place; those that fail stay names and are returned. */
export async function resolveCheckHosts(model: Model): Promise<string[]> {
  const failed = new Set<string>();
  const known = new Map<string, string | null>();
  for (const server of model.proxies.flatMap((proxy) => proxy.servers))
    for (const field of ['checkAddr', 'agentAddr'] as const) {
      const host = server[field];
      if (host === undefined || isIP(host)) continue;
      if (!known.has(host)) known.set(host, await resolveHost(host));
      const ip = known.get(host);
      if (ip) server[field] = ip;
      else failed.add(host);
    }
  return [...failed];
}

/** Resolves the hosts of log targets in place; those that fail stay names and are returned. */
export async function resolveLogTargets(model: Model): Promise<string[]> {
  const failed = new Set<string>();
  const known = new Map<string, string | null>();
  for (const { target } of [...model.global.logs, ...model.proxies.flatMap((p) => p.logs)]) {
    if (target.kind !== 'udp' || target.host === '' || isIP(target.host)) continue;
    if (!known.has(target.host)) known.set(target.host, await resolveHost(target.host));
    const ip = known.get(target.host);
    if (ip) target.host = ip;
    else failed.add(target.host);
  }
  for (const logs of [model.global.logs, ...model.proxies.map((p) => p.logs)]) dropUnresolved(logs, failed);
  return [...failed];
}

function dropUnresolved(logs: Model['global']['logs'], failed: ReadonlySet<string>): void {
  for (let i = logs.length - 1; i >= 0; i--) {
    const { target } = logs[i];
    if (target.kind === 'udp' && failed.has(target.host)) logs.splice(i, 1);
  }
}
