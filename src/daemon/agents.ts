/**
 * The check endpoints of the configuration, through reloads: their sockets are opened before anything changes, and their
 * thread runs only while there are any. A thread that fails is started again on the same sockets: nobody is refused, and
 * the proxy goes on.
 */
import { Worker } from 'node:worker_threads';
import { addressKey, type FromAgents, type ToAgents } from '../agents/messages.js';
import type { AgentEndpoint, Model } from '../config/model.js';
import { addressText } from '../config/names.js';
import type { AgentFigures } from '../core/agent-figures.js';
import { EADDRINUSE } from '../linux/constants.js';
import { errnoText } from '../linux/errors.js';
import { duplicate, listenInet } from '../linux/listen.js';
import { close } from '../linux/syscalls.js';
import type { ProcessLog } from './process-log.js';
import { resolveHost } from './server-address.js';

const THREAD_FILE = new URL('../agents/agents-thread.js', import.meta.url);
const BACKLOG = 4096;
/** A thread answers within a turn of its loop. */
const THREAD_MS = 5000;
/** Before a failed thread is started again. */
const RESTART_MS = 1000;

/** Opened for a configuration that is not yet in force. */
export interface PreparedAgents {
  readonly endpoints: AgentEndpoint[];
  /** Descriptors by `addressKey`: those in force and the new ones. */
  readonly fds: Map<string, number>;
  readonly opened: number[];
  readonly failures: { text: string; inUse: boolean }[];
  /** Addresses that no interface of this host holds yet. */
  readonly foreign: string[];
}

export class Agents {
  /** Ours; the thread has duplicates. */
  private fds = new Map<string, number>();
  /** Addresses that the thread has a descriptor of. */
  private served = new Set<string>();
  private endpoints: AgentEndpoint[] = [];
  private worker: Worker | null = null;
  private readonly waiting = new Map<number, (message: FromAgents | null) => void>();
  private sequence = 0;
  private isClosed = false;

  /** @param inherited a socket of the process before us, by `IP:PORT` */
  constructor(
    private readonly log: ProcessLog,
    private readonly inherited: (address: string) => number | undefined,
  ) {}

  /** Opens what the model needs and is not open. Without failures the result must be committed, else rolled back. */
  async prepare(model: Model): Promise<PreparedAgents> {
    const endpoints = model.agents.filter(({ disabled }) => disabled !== true);
    const prepared: PreparedAgents = { endpoints, fds: new Map(), opened: [], failures: [], foreign: [] };
    for (const endpoint of endpoints) await this.prepareOne(prepared, endpoint);
    return prepared;
  }

  private async prepareOne(prepared: PreparedAgents, endpoint: AgentEndpoint): Promise<void> {
    const key = addressKey(endpoint);
    const open = this.fds.get(key) ?? prepared.fds.get(key);
    if (open !== undefined) return void prepared.fds.set(key, open);
    const { address } = endpoint;
    const ip = await ipOf(endpoint);
    if (ip === null)
      return void prepared.failures.push({
        text: `${placeOf(endpoint)}cannot resolve '${address.host}'`,
        inUse: false,
      });
    const bound = ip.includes(':') ? `[${ip}]:${address.port}` : `${ip}:${address.port}`;
    const kept = this.inherited(bound);
    const opened =
      kept === undefined
        ? listenInet({ ip, port: address.port, backlog: BACKLOG, v6only: true, transparent: false, reuseport: false })
        : { ok: true as const, fd: kept, foreign: false };
    if (!opened.ok) {
      const text = `${placeOf(endpoint)}cannot ${opened.call} socket (${errnoText(opened.errno)}) for [${addressText(address)}]`;
      return void prepared.failures.push({ text, inUse: opened.errno === EADDRINUSE });
    }
    prepared.fds.set(key, opened.fd);
    prepared.opened.push(opened.fd);
    if (opened.foreign) prepared.foreign.push(addressText(address));
  }

  rollBack(prepared: PreparedAgents): void {
    for (const fd of prepared.opened) close(fd);
  }

  /** Puts the endpoints in force; those that stay keep their sockets, their sessions and what they know. */
  async commit(prepared: PreparedAgents): Promise<void> {
    const gone = [...this.fds].filter(([key]) => !prepared.fds.has(key));
    this.fds = new Map(prepared.fds);
    this.endpoints = prepared.endpoints;
    await this.publish();
    for (const [key, fd] of gone) {
      this.served.delete(key);
      close(fd);
    }
  }

  private async publish(): Promise<void> {
    if (this.endpoints.length === 0 && this.worker === null) return;
    this.worker ??= this.start();
    const fds: { [address: string]: number } = {};
    for (const [key, fd] of this.fds) if (!this.served.has(key)) fds[key] = duplicate(fd);
    this.served = new Set(this.fds.keys());
    const applied = await this.request((revision) => ({ type: 'apply', revision, endpoints: this.endpoints, fds }));
    if (applied === null) this.log.record('ALERT', null, `check endpoints: not applied within ${THREAD_MS} ms`);
  }

  private start(): Worker {
    const worker = new Worker(THREAD_FILE, { name: 'agents' });
    let failure = 'ended by itself';
    worker.on('message', (message: FromAgents) => this.onMessage(message));
    worker.on('error', (error: unknown) => {
      failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    });
    worker.on('exit', () => this.onExit(failure));
    return worker;
  }

  private onMessage(message: FromAgents): void {
    if (message.type === 'log') this.log.record(message.level === 'notice' ? 'NOTICE' : 'WARNING', null, message.text);
    else this.settle(message.type === 'applied' ? message.revision : message.request, message);
  }

  private settle(number: number, message: FromAgents | null): void {
    this.waiting.get(number)?.(message);
    this.waiting.delete(number);
  }

  private onExit(failure: string): void {
    this.worker = null;
    this.served.clear();
    for (const number of [...this.waiting.keys()]) this.settle(number, null);
    if (this.isClosed) return;
    this.log.record('ALERT', null, `check endpoints: ${failure}; started again`);
    setTimeout(() => {
      if (!this.isClosed && this.worker === null) void this.publish();
    }, RESTART_MS).unref();
  }

  /** @returns null where the thread does not answer */
  private request(message: (number: number) => ToAgents): Promise<FromAgents | null> {
    const number = ++this.sequence;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.settle(number, null), THREAD_MS).unref();
      this.waiting.set(number, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.worker?.postMessage(message(number));
    });
  }

  /** Counts of each endpoint, and what it found last. */
  async figures(): Promise<AgentFigures[]> {
    if (this.worker === null) return [];
    const answer = await this.request((request) => ({ type: 'figures', request }));
    return answer?.type === 'figures' ? answer.figures : [];
  }

  /** For a successor. */
  get sockets(): number[] {
    return [...this.fds.values()];
  }

  /** Stops listening; resolves when those who wait have been answered. */
  async closeListeners(): Promise<void> {
    await this.commit({ endpoints: [], fds: new Map(), opened: [], failures: [], foreign: [] });
    if (this.worker !== null) await this.request((request) => ({ type: 'drain', request }));
  }

  close(): void {
    this.isClosed = true;
    void this.worker?.terminate();
    for (const fd of this.fds.values()) close(fd);
    this.fds.clear();
  }
}

/** In the form of the other listeners' complaints. */
function placeOf({ name, loc, at }: AgentEndpoint): string {
  const place = at?.address ?? loc;
  return `Binding ${place ? `[${place.file}:${place.line}] ` : ''}for agent ${name}: `;
}

/** Numeric address to bind: `*` means all of the family. A name means its IPv4 address where it has one. */
async function ipOf({ address }: AgentEndpoint): Promise<string | null> {
  if (address.host === '' || address.host === '*') return address.family === 6 ? '::' : '0.0.0.0';
  return (
    (address.family === 0 ? await resolveHost(address.host, 4) : null) ?? resolveHost(address.host, address.family)
  );
}
