/** Sample fetches of layer 4 and of the program's own state (manual §7.3.1 to §7.3.3), by what they return. */
import { firstProtocol, parseHello, serverName, textOf } from './client-hello.js';
import type { SampleContext } from './context.js';

/** `contents`: looks into what the client has sent, or waits with those that do. */
export type Fetch = (
  | { kind: 'ip'; read: (c: SampleContext) => 'source' | 'destination' }
  | { kind: 'integer'; read: (c: SampleContext, args: readonly string[]) => number | undefined }
  | { kind: 'string' | 'binary'; read: (c: SampleContext, args: readonly string[]) => string | undefined }
  | { kind: 'boolean'; read: (c: SampleContext, args: readonly string[]) => boolean | undefined }
) & { contents?: true };

const integer = (read: (c: SampleContext, args: readonly string[]) => number | undefined): Fetch => ({
  kind: 'integer',
  read,
});
const text = (read: (c: SampleContext, args: readonly string[]) => string | undefined): Fetch => ({
  kind: 'string',
  read,
});
const boolean = (read: (c: SampleContext, args: readonly string[]) => boolean | undefined): Fetch => ({
  kind: 'boolean',
  read,
});

export const FETCHES: { readonly [name: string]: Fetch } = {
  src: { kind: 'ip', read: () => 'source' },
  dst: { kind: 'ip', read: () => 'destination' },
  fc_src: { kind: 'ip', read: () => 'source' },
  fc_dst: { kind: 'ip', read: () => 'destination' },
  // No port (unix sockets) is no value, and matches nothing.
  src_port: integer((c) => c.sourcePort || undefined),
  dst_port: integer((c) => c.destinationPort || undefined),
  fc_src_port: integer((c) => c.sourcePort || undefined),
  fc_dst_port: integer((c) => c.destinationPort || undefined),
  src_is_local: boolean((c) => isLoopback(c.sourceFamily, c.source)),
  dst_is_local: boolean((c) => isLoopback(c.destinationFamily, c.destination)),
  fc_rcvd_proxy: boolean((c) => c.receivedProxy),
  always_true: boolean(() => true),
  always_false: boolean(() => false),
  bool: boolean((_, [value]) => value === '1' || value === 'true'),
  int: integer((_, [value]) => Number(value)),
  str: text((_, [value]) => value),
  env: text((c, [name]) => c.environment(name)),
  date: integer((c, [offset]) => Math.floor(c.nowEpochMs / 1000) + Number(offset ?? 0)),
  rand: integer((c, [range]) => Math.floor(c.random() * Number(range ?? 0x1_0000_0000))),
  fe_name: text((c) => c.frontendName),
  fe_id: integer((c) => c.frontendId),
  so_name: text((c) => c.listenerName),
  so_id: integer((c) => c.listenerId),
  fe_conn: integer((c) => c.frontendConnections),
  fe_sess_rate: integer((c) => c.frontendRate),
  act_conn: integer((c) => c.processConnections),
  nbsrv: integer((c, [name]) => c.backend(name ?? '')?.usableServers),
  be_conn: integer((c, [name]) => c.backend(name ?? '')?.connections),
  be_sess_rate: integer((c, [name]) => c.backend(name ?? '')?.rate),
  queue: integer((c, [name]) => c.backend(name ?? '')?.queued),
  connslots: integer((c, [name]) => c.backend(name ?? '')?.freeSlots),
  avg_queue: integer((c, [name]) => averageQueue(c, name ?? '')),
  srv_is_up: boolean((c, [path]) => onServer(c, path, (b, s) => b.serverIsUp(s))),
  wait_end: waiting(boolean(waitEnd)),
  'req.len': waiting(integer(requestLength)),
  req_len: waiting(integer(requestLength)),
  'req.ssl_hello_type': waiting(integer(helloType)),
  req_ssl_hello_type: waiting(integer(helloType)),
  'req.ssl_sni': waiting(text(requestedName)),
  req_ssl_sni: waiting(text(requestedName)),
  'req.ssl_alpn': waiting(text(requestedProtocol)),
  'req.payload': waiting({ kind: 'binary', read: payload }),
  payload: waiting({ kind: 'binary', read: payload }),
  srv_conn: integer((c, [path]) => onServer(c, path, (b, s) => b.serverConnections(s))),
};

/** The loopback addresses. Which others this host holds is not known here. */
function isLoopback(family: 0 | 4 | 6, bytes: Uint8Array): boolean {
  if (family === 4) return bytes[0] === 127;
  if (family === 0) return false;
  for (let i = 0; i < 15; i++) if (bytes[i] !== 0) return false;
  return bytes[15] === 1;
}

function averageQueue(c: SampleContext, name: string): number | undefined {
  const backend = c.backend(name);
  if (backend === undefined) return undefined;
  return backend.usableServers === 0 ? backend.queued : Math.ceil(backend.queued / backend.usableServers);
}

type View = NonNullable<ReturnType<SampleContext['backend']>>;

/** `[backend/]server` */
function onServer<R>(c: SampleContext, path: string, read: (backend: View, server: string) => R): R | undefined {
  const slash = path.indexOf('/');
  const backend = c.backend(slash < 0 ? '' : path.slice(0, slash));
  return backend === undefined ? undefined : read(backend, path.slice(slash + 1));
}

function waiting(fetch: Fetch): Fetch {
  return { ...fetch, contents: true };
}

/** True once nothing more is waited for. */
function waitEnd(c: SampleContext): boolean {
  c.mayChange = true;
  return c.isFinal;
}

/** Any number may still become a greater one. */
function requestLength(c: SampleContext): number {
  c.mayChange = true;
  return c.contentsLength;
}

function hello(c: SampleContext): ReturnType<typeof parseHello> {
  const found = parseHello(c.contents, c.contentsLength);
  c.mayChange = found.status === 'partial';
  return found;
}

function helloType(c: SampleContext): number | undefined {
  const found = hello(c);
  return found.status === 'complete' ? found.type : undefined;
}

function requestedName(c: SampleContext): string | undefined {
  return serverName(c.contents, hello(c));
}

function requestedProtocol(c: SampleContext): string | undefined {
  return firstProtocol(c.contents, hello(c));
}

/** `req.payload(offset,length)`; length 0 is all that is there. */
function payload(c: SampleContext, [offset, length]: readonly string[]): string | undefined {
  const from = Number(offset);
  const to = Number(length) === 0 ? c.contentsLength : from + Number(length);
  c.mayChange = Number(length) === 0 || to > c.contentsLength;
  return from >= c.contentsLength || to > c.contentsLength ? undefined : textOf(c.contents, from, to);
}

/** @returns what is wrong with the arguments of a fetch, or null */
export function argumentProblem(name: string, args: readonly string[]): string | null {
  if (!name.endsWith('payload')) return null;
  return args.length === 2 && args.every((arg) => /^\d{1,9}$/.test(arg))
    ? null
    : `'${name}' needs an offset and a length`;
}
