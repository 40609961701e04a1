/**
 * The control endpoint over HTTP: `POST /v1/notify`, `GET /v1/events`, `GET /v1/explain/BACKEND/SERVER|VIP`. Everything needs
 * the bearer token. Slow, silent and greedy clients are bounded in time, bytes and number.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Address } from '../../config/model.js';
import type { Engine } from '../engine.js';
import { explanationOf, vipExplanationOf } from '../explain.js';
import { type Listening, listenOn } from '../listen.js';
import { findNamed, type Named } from '../subjects.js';
import { type Refusal, rawRefusal, sendJson, sendRefusal } from './answer.js';
import { readFields } from './body.js';
import { streamEvents } from './event-stream.js';
import { notify } from './notify.js';
import { PerKey, RateLimit } from './rate.js';
import { carriesToken } from './token.js';

const LIMITS = {
  maxHeaderSize: 8192,
  headersTimeout: 5000,
  requestTimeout: 8000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 1000,
} as const;
const CONNECTIONS_MAX = 256;
const CONNECTIONS_PER_ADDRESS_MAX = 64;
/** A notification may check every server at once. */
const NOTIFIES_PER_SECOND = 20;
const NOTIFIES_BURST = 100;

export interface ControlHttpServer {
  /** As `show cli sockets` names addresses. */
  readonly address: string;
  readonly port?: number;
  /** From the next request on. */
  token: string;
  /** Stops listening and ends every connection. */
  close(): void;
}

/**
 * @param after requests wait for it
 * @throws Error with a text for the operator: address in use, permission
 */
export async function startControlHttp(
  engine: Engine,
  address: Address,
  token: string,
  after: Promise<void> = Promise.resolve(),
): Promise<ControlHttpServer> {
  const endpoint = new Endpoint(engine, token, after);
  const listening = await listenOn(endpoint.server, { address, level: 'admin' });
  return {
    address: listening.text,
    port: listening.port,
    get token() {
      return endpoint.token;
    },
    set token(next: string) {
      endpoint.token = next;
    },
    close: () => endpoint.close(listening),
  };
}

class Endpoint {
  readonly server: Server;
  private readonly perAddress = new PerKey(CONNECTIONS_PER_ADDRESS_MAX);
  private readonly notifies = new RateLimit(NOTIFIES_PER_SECOND, NOTIFIES_BURST);

  constructor(
    private readonly engine: Engine,
    public token: string,
    private readonly after: Promise<void>,
  ) {
    this.server = createServer(LIMITS, (request, response) => void this.serve(request, response));
    this.server.maxConnections = CONNECTIONS_MAX;
    this.server.on('connection', (socket) => this.admit(socket));
    this.server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuseRaw(error, socket as Socket));
  }

  close(listening: Listening): void {
    listening.cleanUp();
    this.server.close();
    this.server.closeAllConnections();
  }

  private admit(socket: Socket): void {
    const key = socket.remoteAddress ?? '';
    if (!this.perAddress.enter(key)) {
      socket.destroy();
      return;
    }
    socket.once('close', () => this.perAddress.leave(key));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.after;
      const refusal = await this.answer(request, response);
      if (refusal !== undefined) sendRefusal(response, refusal, !request.complete);
    } catch (error) {
      // A client that went away while it was read, or answered, is its own affair.
      if (response.headersSent || request.destroyed) response.destroy();
      else sendRefusal(response, { status: 500, code: 'INTERNAL', message: (error as Error).message }, true);
    }
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<Refusal | undefined> {
    const url = parseTarget(request.url ?? '/');
    if (url === undefined) return { status: 400, code: 'BAD_TARGET', message: 'the request target is no path' };
    if (!carriesToken(request.headers.authorization, this.token)) return UNAUTHORIZED;
    const path = url.pathname.replace(/\/+$/, '');
    if (path === '/v1/notify') return allowed(request, 'POST') ?? this.notify(request, response, url.searchParams);
    if (path === '/v1/events')
      return allowed(request, 'GET') ?? void (await streamEvents(this.engine, request, response, url.searchParams));
    const [, name] = /^\/v1\/explain\/([^/]+(?:\/[^/]+)?)$/.exec(path) ?? [];
    if (name !== undefined) return allowed(request, 'GET') ?? this.explain(response, name);
    const message = `there is no ${path || '/'}; there are /v1/notify, /v1/events and /v1/explain/BACKEND/SERVER|VIP`;
    return { status: 404, code: 'NO_SUCH_PATH', message };
  }

  private async notify(request: IncomingMessage, response: ServerResponse, query: URLSearchParams) {
    const waitMs = this.notifies.take(performance.now());
    if (waitMs > 0) return tooFast(waitMs);
    const read = await readFields(request, query);
    if (!read.ok) return read.refusal;
    const outcome = await notify(this.engine, read.fields, request.socket.remoteAddress ?? 'a unix socket');
    if ('status' in outcome) return outcome;
    sendJson(response, 200, outcome);
    return undefined;
  }

  private async explain(response: ServerResponse, name: string): Promise<Refusal | undefined> {
    const found = findNamed(this.engine.model, decode(name));
    if (!found.ok) return { status: 404, code: 'NO_SUCH_SERVER', message: found.why };
    const explanation = await this.explanation(found.value);
    if (!explanation) return { status: 404, code: 'NO_SUCH_SERVER', message: `${name} does not run` };
    sendJson(response, 200, explanation);
    return undefined;
  }

  /** @returns nothing where it does not run, or where a backend is named without its server */
  private async explanation(named: Named) {
    if ('vip' in named) return vipExplanationOf(this.engine, named.vip, Date.now());
    const { proxy, server } = named;
    return server && explanationOf(this.engine, { proxy, server }, Date.now());
  }
}

const UNAUTHORIZED: Refusal = {
  status: 401,
  code: 'UNAUTHORIZED',
  message: "send 'Authorization: Bearer TOKEN' with the token of 'control:'",
  headers: { 'www-authenticate': 'Bearer realm="fairlead"' },
};

function allowed(request: IncomingMessage, method: 'GET' | 'POST'): Refusal | undefined {
  if (request.method === method) return undefined;
  return { status: 405, code: 'WRONG_METHOD', message: `use ${method} here`, headers: { allow: method } };
}

function tooFast(waitMs: number): Refusal {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const message = `more than ${NOTIFIES_PER_SECOND} notifications a second; try again in ${seconds} s`;
  return { status: 429, code: 'TOO_FAST', message, headers: { 'retry-after': String(seconds) } };
}

/** Only paths of our own: no absolute targets, nothing that does not parse. */
function parseTarget(target: string): URL | undefined {
  return target.startsWith('/') && URL.canParse(`http://localhost${target}`)
    ? new URL(`http://localhost${target}`)
    : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A stray percent sign: no server has such a name, and that is what is said.
  }
}

/** Not HTTP, too much of it, or too slow (Node's own codes). */
function refuseRaw({ code }: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, reason, own, message] = RAW[code ?? ''] ?? RAW.other;
  socket.end(rawRefusal({ status, code: own, message }, reason), () => socket.destroy());
}

type Raw = readonly [status: number, reason: string, code: string, message: string];
const RAW: { readonly [code: string]: Raw } = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'TOO_LARGE', 'the header has at most 8192 bytes'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'TOO_SLOW', 'the request did not come in time'],
  other: [400, 'Bad Request', 'BAD_REQUEST', 'this is no HTTP request'],
};
