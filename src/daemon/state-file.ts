/**
 * What `show servers state` printed, saved by whoever restarts the process, read at its start: `server-state-file`,
 * `load-server-state-from-file` (manual §3.1 and §4.2; format: management guide, `show servers state`, version 1).
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { hasBackend } from '../config/defaults.js';
import type { Model, Proxy, Server } from '../config/model.js';
import * as T from '../core/table.js';
import { configuredAddress, isChecksDisabled, type TransferredState } from './state-transfer.js';

/** Fields of a line, by their place. */
const BACKEND = 1;
const SERVER = 3;
const OPERATIONAL = 5;
const ADMINISTRATIVE = 6;
const WEIGHT = 7;
const INITIAL_WEIGHT = 8;
const SINCE_CHANGE_S = 9;
const CHECK_STATE = 13;
const PORT = 18;
const FIELDS = 19;

/**
 * @param warn told once for each file that cannot be used; the start goes on without it, as HAProxy's does
 * @returns undefined where no backend asks for a file
 */
export function stateFromFiles(model: Model, warn: (text: string) => void): TransferredState | undefined {
  const files = new Map<string, string[][]>();
  const state: TransferredState = { version: 1, pid: process.pid, entities: {}, servers: {} };
  for (const proxy of model.proxies.filter(hasBackend)) {
    const path = pathFor(proxy, model);
    if (path === undefined) continue;
    if (!files.has(path)) files.set(path, readLines(path, warn));
    for (const fields of files.get(path) ?? []) if (fields[BACKEND] === proxy.name) take(fields, proxy, state);
  }
  return files.size > 0 ? state : undefined;
}

function pathFor(proxy: Proxy, { global }: Model): string | undefined {
  const base = global.serverStateBase ?? '.';
  if (proxy.loadServerStateFrom === 'local') return resolve(base, proxy.serverStateFileName ?? proxy.name);
  const isGlobal = proxy.loadServerStateFrom === 'global' && global.serverStateFile !== undefined;
  return isGlobal ? resolve(base, global.serverStateFile ?? '') : undefined;
}

function readLines(path: string, warn: (text: string) => void): string[][] {
  try {
    const [version, ...lines] = readFileSync(path, 'utf8').split('\n');
    if (version.trim() === '1') return lines.filter((line) => line !== '' && !line.startsWith('#')).map(splitFields);
    warn(`server state file '${path}' has the version '${version.trim().slice(0, 20)}', not 1: it is not used`);
  } catch (error) {
    warn(`server state file '${path}' cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`);
  }
  return [];
}

function splitFields(line: string): string[] {
  return line.trim().split(/\s+/);
}

/** A line that is cut short, or whose server is gone, says nothing. */
function take(fields: string[], proxy: Proxy, state: TransferredState): void {
  const server = proxy.servers.find((one) => one.name === fields[SERVER]);
  const numbers = fields.map(Number);
  const used = [OPERATIONAL, ADMINISTRATIVE, WEIGHT, INITIAL_WEIGHT, SINCE_CHANGE_S, CHECK_STATE, PORT];
  if (!server || fields.length < FIELDS || used.some((at) => !Number.isInteger(numbers[at]))) return;
  const key = T.rowKey.server(proxy.name, server.name);
  const sinceS = Math.floor(Date.now() / 1000) - Math.max(0, numbers[SINCE_CHANGE_S]);
  state.entities[key] = { counters: [], ints: [[T.S_LAST_CHANGE, sinceS]] };
  state.servers[key] = {
    // A server that follows another one takes its state from that.
    state: server.track === undefined ? numbers[OPERATIONAL] : T.STATE_RUNNING,
    admin: numbers[ADMINISTRATIVE],
    weight: numbers[WEIGHT],
    initialWeight: numbers[INITIAL_WEIGHT],
    checksDisabled: server.check === true && isChecksDisabled(numbers[CHECK_STATE]),
    configured: configuredAddress(server),
    moved: movedPort(server, numbers[PORT]),
  };
}

/** The address is what the configuration says; the port an operator may have set. */
function movedPort(server: Server, port: number) {
  const now = configuredAddress(server);
  const isOther = server.portMode === 'fixed' && port > 0 && port <= 65535 && port !== now.port;
  return isOther && server.address.kind === 'inet' ? { host: now.host, port } : undefined;
}
