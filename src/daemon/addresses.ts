/**
 * Keeps the addresses of all servers: resolves names at start and at reload, keeps asking for those that do not
 * resolve (their servers stand in maintenance meanwhile), and remembers what the operator set at run time.
 */
import { isIP } from 'node:net';
import { hasBackend } from '../config/defaults.js';
import type { Model, Proxy, Server } from '../config/model.js';
import * as T from '../core/table.js';
import type { ProcessLog } from './process-log.js';
import { familyOf, hostOf, portOf, readAddress, resolveHost, writeAddress } from './server-address.js';
import { configuredAddress, type ServerAddress } from './state-transfer.js';

const RETRY_MS = 2000;

/** What happens to a server's maintenance state once its name is known or lost. */
export type ResolvedCallback = (proxy: string, server: string, resolved: boolean) => void;

export interface KnownServer {
  proxy: Proxy;
  server: Server;
  row: T.Row;
  configured: ServerAddress;
  resolved: boolean;
}

export class ServerAddresses {
  /** Addresses set at run time, by row key. */
  readonly moved = new Map<string, ServerAddress>();
  private known = new Map<string, KnownServer>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly log: ProcessLog,
    private readonly onResolved: ResolvedCallback,
  ) {}

  /** Looks up every name of a model, each once. @returns by `family host`; null = does not resolve */
  async lookUp(model: Model): Promise<Map<string, string | null>> {
    const names = new Map<string, Server>();
    for (const proxy of model.proxies.filter(hasBackend))
      for (const server of proxy.servers) if (hostOf(server) !== undefined) names.set(questionOf(server), server);
    const found = [...names].map(async ([question, server]) => {
      return [question, await initialAddress(server)] as const;
    });
    return new Map(await Promise.all(found));
  }

  /**
   * Writes the addresses of a configuration about to be applied. Servers that persist with the same written address
   * keep the one in force.
   * @returns servers whose name was lost or found by this, to be told to the health thread
   */
  write(model: Model, found: ReadonlyMap<string, string | null>, row: (key: string) => T.Row): KnownServer[] {
    const known = new Map<string, KnownServer>();
    const changed: KnownServer[] = [];
    for (const proxy of model.proxies.filter(hasBackend))
      for (const server of proxy.servers) {
        const key = T.rowKey.server(proxy.name, server.name);
        const entry = this.settle(key, proxy, server, found, row(key));
        known.set(key, entry);
        if ((this.known.get(key)?.resolved ?? true) !== entry.resolved) changed.push(entry);
      }
    for (const key of this.moved.keys()) if (!known.has(key)) this.moved.delete(key);
    this.known = known;
    this.watch();
    return changed;
  }

  private settle(
    key: string,
    proxy: Proxy,
    server: Server,
    found: ReadonlyMap<string, string | null>,
    row: T.Row,
  ): KnownServer {
    const configured = configuredAddress(server);
    const before = this.known.get(key);
    if (before && same(before.configured, configured)) return { ...before, proxy, server };
    this.moved.delete(key);
    const host = hostOf(server) === undefined ? null : (found.get(questionOf(server)) ?? null);
    if (before) distrust(proxy, server, row);
    writeAddress(row, server, host, portOf(server));
    row.add(T.S_ADDR_CHANGES, 1);
    const resolved = hostOf(server) === undefined || host !== null;
    if (!before && !resolved) row.set(T.S_ADMIN, row.get(T.S_ADMIN) | T.ADMIN_RMAINT);
    if (!resolved) this.complain(proxy, server);
    return { proxy, server, row, configured, resolved };
  }

  private complain(proxy: Proxy, server: Server): void {
    const text = `'${hostOf(server)}' does not resolve: in maintenance until it does, asked again every ${RETRY_MS / 1000} s`;
    this.log.record('WARNING', proxy.name, `Server ${proxy.name}/${server.name}: ${text}`);
  }

  /** `set server … addr`. @param host numeric @param port null = as before */
  move(key: string, host: string, port: number | null): ServerAddress | undefined {
    const entry = this.known.get(key);
    if (!entry) return undefined;
    const before = readAddress(entry.row, entry.server);
    const address = { host, port: port ?? before.port };
    distrust(entry.proxy, entry.server, entry.row);
    writeAddress(entry.row, entry.server, host, address.port);
    entry.row.add(T.S_ADDR_CHANGES, 1);
    this.moved.set(key, address);
    if (!entry.resolved) this.settled(entry);
    return before;
  }

  private settled(entry: KnownServer): void {
    entry.resolved = true;
    this.onResolved(entry.proxy.name, entry.server.name, true);
  }

  private watch(): void {
    clearTimeout(this.timer);
    if ([...this.known.values()].some((entry) => !entry.resolved))
      this.timer = setTimeout(() => void this.retry(), RETRY_MS).unref();
  }

  private async retry(): Promise<void> {
    const open = [...this.known.values()].filter((entry) => !entry.resolved);
    await Promise.all(open.map((entry) => this.askAgain(entry)));
    this.watch();
  }

  private async askAgain(entry: KnownServer): Promise<void> {
    const { proxy, server } = entry;
    const host = await resolveHost(hostOf(server)!, familyOf(server));
    // A reload or `set server … addr` may have come in between.
    if (host === null || entry.resolved || this.known.get(T.rowKey.server(proxy.name, server.name)) !== entry) return;
    writeAddress(entry.row, server, host, portOf(server));
    entry.row.add(T.S_ADDR_CHANGES, 1);
    this.log.record(
      'NOTICE',
      proxy.name,
      `Server ${proxy.name}/${server.name}: '${hostOf(server)}' resolves to ${host}`,
    );
    this.settled(entry);
  }

  close(): void {
    clearTimeout(this.timer);
  }
}

function questionOf(server: Server): string {
  return `${familyOf(server)} ${hostOf(server)}`;
}

/** `init-addr` (manual §5.2): `libc`, `none`, `last` or an address, in the order written. `last` has no state file here. */
async function initialAddress(server: Server): Promise<string | null> {
  const host = hostOf(server)!;
  if (isIP(host)) return host;
  for (const method of server.initAddr ?? ['libc']) {
    if (method === 'none') return null;
    if (isIP(method)) return method;
    const found = method === 'libc' ? await resolveHost(host, familyOf(server)) : null;
    if (found !== null) return found;
  }
  return null;
}

function same(a: ServerAddress, b: ServerAddress): boolean {
  return a.host === b.host && a.port === b.port;
}

/**
 * At another address there may be anybody: a server whose role is asked gets nothing from now on. Health, whose cell it
 * is, takes it down when it hears of the change, and drops what was found out at the old address.
 */
function distrust({ check }: Proxy, server: Server, row: T.Row): void {
  if (check.type === 'role' && server.check === true) row.set(T.S_EWEIGHT, 0);
}
