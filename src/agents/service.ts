/** All endpoints of the process: follows the configuration; sockets and endpoints that stay are not touched. */
import { createServer, type Server } from 'node:net';
import type { AgentEndpoint } from '../config/model.js';
import type { AgentFigures } from '../core/agent-figures.js';
import { answerMsOf } from './defaults.js';
import { Endpoint, type EndpointContext } from './endpoint.js';
import { addressKey } from './messages.js';

/** Connections that the kernel holds for us; the kernel lowers it to net.core.somaxconn. */
const BACKLOG = 4096;
/** How exactly limits of time are kept. */
const REVIEW_MS = 25;
/** For pollers to take the last answers of an endpoint that the configuration no longer has. */
const FAREWELL_MS = 500;

interface Listening {
  readonly server: Server;
  endpoint: Endpoint;
}

export class AgentService {
  private listening = new Map<string, Listening>();
  /** To the time at which it ends whoever is left. */
  private readonly retiring = new Map<Endpoint, number>();
  private readonly onDrained: (() => void)[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly context: EndpointContext) {}

  /** @param fds a listening descriptor for each address that was not served before, by `addressKey` */
  apply(endpoints: readonly AgentEndpoint[], fds: { readonly [address: string]: number }): void {
    const next = new Map<string, Listening>();
    for (const settings of endpoints) {
      const key = addressKey(settings);
      const open = this.listening.get(key);
      if (open) this.update(open, settings);
      next.set(key, open ?? this.open(settings, fds[key]));
    }
    for (const [key, { server, endpoint }] of this.listening) {
      if (next.has(key)) continue;
      server.close();
      this.retire(endpoint);
    }
    this.listening = next;
  }

  private update(listening: Listening, settings: AgentEndpoint): void {
    if (isSame(listening.endpoint.settings, settings)) return;
    const old = listening.endpoint;
    listening.endpoint = new Endpoint(settings, this.context);
    this.retire(old);
  }

  /** Those who wait are answered yet, by what they came to. */
  private retire(endpoint: Endpoint): void {
    this.retiring.set(endpoint, this.context.now() + answerMsOf(endpoint.settings) + FAREWELL_MS);
    this.keepTime();
  }

  /** Resolves when endpoints that are no longer wanted have answered everybody, or had their time. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      if (this.retiring.size === 0) resolve();
      else this.onDrained.push(resolve);
    });
  }

  private endRetired(now: number): void {
    for (const [endpoint, untilMs] of this.retiring) {
      if (endpoint.isServing && now < untilMs) continue;
      this.retiring.delete(endpoint);
      endpoint.close();
    }
    if (this.retiring.size === 0) for (const done of this.onDrained.splice(0)) done();
  }

  private open(settings: AgentEndpoint, fd: number): Listening {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const listening: Listening = { server, endpoint: new Endpoint(settings, this.context) };
    server.on('connection', (socket) => {
      listening.endpoint.accept(socket);
      this.keepTime();
    });
    server.on('error', (error) => this.context.log('warning', `agent ${settings.name}: ${error.message}`));
    server.listen({ fd, backlog: BACKLOG });
    return listening;
  }

  /** The clock runs only while somebody is being served. */
  private keepTime(): void {
    this.timer ??= setInterval(() => {
      const now = this.context.now();
      const endpoints = [...[...this.listening.values()].map(({ endpoint }) => endpoint), ...this.retiring.keys()];
      for (const endpoint of endpoints) endpoint.review(now);
      this.endRetired(now);
      if (this.retiring.size > 0 || !endpoints.every((endpoint) => endpoint.isIdle)) return;
      clearInterval(this.timer);
      this.timer = undefined;
    }, REVIEW_MS);
  }

  figures(): AgentFigures[] {
    return [...this.listening.values()].map(({ endpoint }) => endpoint.figures());
  }

  close(): void {
    clearInterval(this.timer);
    for (const { server, endpoint } of this.listening.values()) {
      server.close();
      endpoint.close();
    }
    this.listening.clear();
  }
}

/** The same but for where it is written. */
function isSame(a: AgentEndpoint, b: AgentEndpoint): boolean {
  const text = (of: AgentEndpoint) =>
    JSON.stringify(of, (key, value) => (key === 'loc' || key === 'at' ? undefined : value));
  return text(a) === text(b);
}
