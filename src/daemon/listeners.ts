/**
 * The listening sockets of the process. They are opened before anything changes, kept as long as their address stays in
 * the configuration, and handed to the workers as descriptors. A set of sockets is first prepared and then either
 * committed or rolled back: a reload that cannot open one changes nothing.
 */
import { chmodSync, chownSync, renameSync, rmSync } from 'node:fs';
import { hasFrontend } from '../config/defaults.js';
import type { Bind, Model, Proxy } from '../config/model.js';
import { addressText, listenerNames } from '../config/names.js';
import { rowKey } from '../core/table.js';
import { accountOf } from '../linux/accounts.js';
import { EADDRINUSE } from '../linux/constants.js';
import { errnoText } from '../linux/errors.js';
import { setNonBlocking } from '../linux/fd-passing.js';
import {
  applyListenOptions,
  type ListenOptions,
  listenAgain,
  listenInet,
  listenUnix,
  type Opened,
} from '../linux/listen.js';
import { close } from '../linux/syscalls.js';
import { runs } from './plan.js';
import { resolveHost } from './server-address.js';

/** Enough for a burst of clients while a worker is busy; the kernel caps it at net.core.somaxconn. */
const LEAST_BACKLOG = 1024;

/** One address that is listened on. */
export interface Listening {
  /** Equal for binds that may take over each other's sockets: `1.2.3.4:80`, `unix:/x`, `abns:x`, `fd:3`. */
  readonly address: string;
  readonly fds: number[];
  /** Where a unix socket was bound before it gets its name. */
  temporary?: string;
  /** Rights to set when a unix socket gets its name. */
  bind: Bind;
  options: ListenOptions;
}

/** A listener that could not be opened; the text is for the operator. */
export interface ListenFailure {
  bind: Bind;
  proxy: Proxy;
  text: string;
  inUse: boolean;
}

/** What a configuration needs, opened; nothing in force has changed yet. */
export interface PreparedListeners {
  byKey: Map<string, Listening>;
  opened: Listening[];
  failures: ListenFailure[];
  /** Addresses that no interface of this host holds yet. */
  foreign: string[];
}

export class ListenerSet {
  private current = new Map<string, Listening>();
  /** Sockets taken over from another process, by address; used before new ones are opened. */
  private inherited = new Map<string, number[]>();

  constructor(
    private readonly workers: number,
    private readonly pid: number,
  ) {}

  /** @param fds by address, as `boundAddress` names them */
  inherit(fds: Map<string, number[]>): void {
    this.inherited = fds;
  }

  /** One socket of the process before us, for whoever else listens. */
  takeInherited(address: string): number | undefined {
    const fds = this.inherited.get(address);
    this.inherited.delete(address);
    for (const fd of fds?.slice(1) ?? []) close(fd);
    return fds?.[0];
  }

  /** Opens what the model needs and is not open. Without failures the result must be committed, else rolled back. */
  async prepare(model: Model): Promise<PreparedListeners> {
    const prepared: PreparedListeners = { byKey: new Map(), opened: [], failures: [], foreign: [] };
    const known = new Map([...this.current.values()].map((l) => [l.address, l]));
    for (const proxy of model.proxies.filter((p) => hasFrontend(p) && runs(p))) {
      const names = listenerNames(proxy);
      for (const [i, bind] of proxy.binds.entries())
        await this.prepareOne(prepared, known, model, proxy, bind, rowKey.listener(proxy.name, names[i]));
    }
    return prepared;
  }

  private async prepareOne(
    prepared: PreparedListeners,
    known: Map<string, Listening>,
    model: Model,
    proxy: Proxy,
    bind: Bind,
    key: string,
  ): Promise<void> {
    const options = optionsOf(model, proxy, bind);
    const ip = await bindIp(bind);
    if (ip === null) {
      prepared.failures.push({ bind, proxy, text: `cannot resolve '${addressText(bind.address)}'`, inUse: false });
      return;
    }
    const address = identity(bind, ip);
    const open = known.get(address) ?? this.adopt(address, bind, options);
    if (open) {
      prepared.byKey.set(key, { ...open, bind, options });
      return;
    }
    const listening: Listening = { address, fds: [], bind, options };
    this.openAll(prepared, listening, model, proxy, ip);
    prepared.byKey.set(key, listening);
    prepared.opened.push(listening);
    known.set(address, listening);
  }

  /** A socket of the process before us; further ones are opened beside it as needed. */
  private adopt(address: string, bind: Bind, options: ListenOptions): Listening | undefined {
    const fds = this.inherited.get(address);
    if (!fds) return undefined;
    this.inherited.delete(address);
    // Nobody here would watch more sockets than there are workers; the process before us serves what waits in those.
    for (const fd of fds.splice(this.workers)) close(fd);
    for (const fd of fds) setNonBlocking(fd);
    return { address, fds, bind, options };
  }

  private openAll(prepared: PreparedListeners, listening: Listening, model: Model, proxy: Proxy, ip: string): void {
    const { bind } = listening;
    const reuseport = bind.address.kind === 'inet' && !model.global.noReuseport;
    const count = reuseport ? this.workers : 1;
    for (let i = 0; i < count; i++) {
      const opened = this.open(listening, ip, reuseport);
      if (!opened.ok) {
        const text = failureText(opened, bind, proxy);
        prepared.failures.push({ bind, proxy, text, inUse: opened.errno === EADDRINUSE });
        return;
      }
      listening.fds.push(opened.fd);
      const problem = listening.temporary && giveAway(listening.temporary, bind);
      if (problem)
        prepared.failures.push({ bind, proxy, text: `${addressText(bind.address)}: ${problem}`, inUse: false });
      if (opened.foreign && i === 0) prepared.foreign.push(addressText(bind.address));
    }
  }

  private open(listening: Listening, ip: string, reuseport: boolean): Opened {
    const { address } = listening.bind;
    const { bind, options } = listening;
    switch (address.kind) {
      case 'inet': {
        const v6only = bind.v6only ?? !(bind.v4v6 ?? false);
        const transparent = bind.transparent ?? false;
        return listenInet({ ...options, ip, port: address.port, v6only, transparent, reuseport });
      }
      case 'unix':
        listening.temporary = `${address.path}.${this.pid}.tmp`;
        rmSync(listening.temporary, { force: true });
        return listenUnix(listening.temporary, false, options.backlog);
      case 'abns':
        return listenUnix(address.name, true, options.backlog);
      case 'fd':
        return adoptDescriptor(address.fd, options.backlog);
    }
  }

  /** Closes what `prepare` opened; what was in force goes on. */
  rollBack(prepared: PreparedListeners): void {
    for (const listening of prepared.opened) {
      for (const fd of listening.fds) close(fd);
      if (listening.temporary) rmSync(listening.temporary, { force: true });
    }
  }

  /**
   * Makes the prepared sockets the ones in force: unix sockets get their names, options of kept sockets are set.
   * @param isClosed keys of listeners that the operator disabled: they stay silent
   * @returns those that are no longer wanted: first drained by the workers, then closed with `closeAll`
   */
  commit(prepared: PreparedListeners, isClosed: (key: string) => boolean): Listening[] {
    for (const listening of prepared.opened) publish(listening);
    const kept = new Set([...prepared.byKey.values()].map((l) => l.address));
    const gone = [...new Set(this.current.values())].filter((l) => !kept.has(l.address));
    for (const [key, listening] of prepared.byKey) if (!isClosed(key)) refresh(listening);
    this.current = prepared.byKey;
    return gone;
  }

  /** Sockets that another process handed over and nobody wants. */
  dropInherited(): void {
    for (const fds of this.inherited.values()) for (const fd of fds) close(fd);
    this.inherited.clear();
  }

  closeAll(gone: Iterable<Listening>): void {
    for (const listening of new Set(gone)) for (const fd of listening.fds) close(fd);
  }

  /** By `rowKey.listener`. */
  get all(): ReadonlyMap<string, Listening> {
    return this.current;
  }

  /** Closes sockets for good; the next configuration that wants the address opens it anew. @param keys of listeners */
  forget(keys: readonly string[]): void {
    for (const key of keys) {
      const listening = this.current.get(key);
      if (!listening) continue;
      this.closeAll([listening]);
      this.removePaths([listening]);
      this.current.delete(key);
    }
  }

  /** Removes the paths of unix sockets; only when no other process took them over. */
  removePaths(gone: Iterable<Listening>): void {
    for (const { bind } of gone) if (bind.address.kind === 'unix') rmSync(bind.address.path, { force: true });
  }
}

function optionsOf(model: Model, proxy: Proxy, bind: Bind): ListenOptions {
  const limit = bind.maxconn ?? proxy.maxconn ?? model.global.maxconn ?? 0;
  const backlog = bind.backlog ?? proxy.backlog ?? Math.max(LEAST_BACKLOG, limit);
  return { backlog, interface: bind.interface, deferAccept: bind.deferAccept, tfo: bind.tfo, mss: bind.mss };
}

/** Numeric address to bind: `*` and nothing mean all of the family. */
async function bindIp({ address }: Bind): Promise<string | null> {
  if (address.kind !== 'inet') return '';
  if (address.host === '' || address.host === '*') return address.family === 6 ? '::' : '0.0.0.0';
  return resolveHost(address.host, address.family);
}

function identity({ address, interface: device }: Bind, ip: string): string {
  const on = device === undefined ? '' : `%${device}`;
  switch (address.kind) {
    case 'inet':
      return ip.includes(':') ? `[${ip}]:${address.port}${on}` : `${ip}:${address.port}${on}`;
    case 'unix':
      return `unix:${address.path}`;
    case 'abns':
      return `abns:${address.name}`;
    case 'fd':
      return `fd:${address.fd}`;
  }
}

/** A descriptor inherited from whoever started us (`fd@N`): bound already, perhaps not listening yet. */
function adoptDescriptor(fd: number, backlog: number): Opened {
  const result = listenAgain(fd, backlog);
  if (result < 0) return { ok: false, errno: -result, call: 'listen to' };
  setNonBlocking(fd);
  return { ok: true, fd, foreign: false };
}

/** HAProxy's words, because people search for them. */
function failureText(opened: Opened & { ok: false }, bind: Bind, proxy: Proxy): string {
  const { address } = bind;
  const text = address.kind === 'inet' && address.host === '' ? `*:${address.port}` : addressText(address);
  const place = bind.loc ? `[${bind.loc.file}:${bind.loc.line}] ` : '';
  return `Binding ${place}for ${proxy.kind === 'listen' ? 'proxy' : proxy.kind} ${proxy.name}: cannot ${opened.call} socket (${errnoText(opened.errno)}) for [${text}]`;
}

/** Owner and mode of a unix socket, before clients can see it. @returns what went wrong, or undefined */
function giveAway(path: string, bind: Bind): string | undefined {
  try {
    const { uid, gid } = accountOf(bind);
    if (uid !== undefined || gid !== undefined) chownSync(path, uid ?? -1, gid ?? -1);
    if (bind.mode !== undefined) chmodSync(path, bind.mode);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function publish(listening: Listening): void {
  const { address } = listening.bind;
  if (address.kind !== 'unix' || listening.temporary === undefined) return;
  renameSync(listening.temporary, address.path);
  listening.temporary = undefined;
}

function refresh({ bind, fds, options }: Listening): void {
  if (bind.address.kind === 'fd') return;
  for (const fd of fds) {
    if (bind.address.kind === 'inet') applyListenOptions(fd, options);
    listenAgain(fd, options.backlog);
  }
}
