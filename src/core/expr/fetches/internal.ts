/** Sample fetches of the program's own state (manual §7.3.2). */
import type { BackendView, SampleContext, ServerFigure } from '../context.js';
import { boolean, countProblem, type Fetch, type Fetches, integer, text } from '../fetch.js';
import { bytesOfHex } from '../hex.js';
import { castOf, type IpValue, type Value } from '../values.js';
import { isVariableName } from '../variables.js';

export const INTERNAL: Fetches = {
  always_true: boolean(() => true),
  always_false: boolean(() => false),
  bool: { kind: 'boolean', make: ([value]) => constant(value, boolOf(value), 'true or false') },
  int: { kind: 'integer', make: ([value]) => constant(value, intOf(value), 'a number') },
  str: { kind: 'string', make: ([value = '']) => ({ read: () => value }) },
  bin: { kind: 'binary', make: ([hex = '']) => constant(hex, bytesOfHex(hex), 'bytes in hexadecimal') },
  ipv4: { kind: 'ip', make: ([value]) => constant(value, ipOf(value, 4), 'an IPv4 address') },
  ipv6: { kind: 'ip', make: ([value]) => constant(value, ipOf(value, 6), 'an IPv6 address') },
  meth: text((_, [method]) => method, 1),
  var: { kind: 'any', make: makeVar },
  env: text((c, [name]) => c.environment(name), 1),
  date: { kind: 'integer', make: makeDate },
  date_us: integer((c) => Math.floor((c.nowEpochMs % 1000) * 1000)),
  rand: random(),
  uuid: text(uuid, 0, 1),
  hostname: text((c) => c.hostname),
  proc: integer(() => 1),
  thread: integer((c) => c.thread),
  stopping: boolean((c) => c.processStopping),
  act_conn: integer((c) => c.processConnections),
  fe_conn: integer((c, [name]) => (name ? c.frontend(name)?.connections : c.frontendConnections), 0, 1),
  fe_sess_rate: integer((c, [name]) => (name ? c.frontend(name)?.rate : c.frontendRate), 0, 1),
  fe_req_rate: integer((c, [name]) => c.frontend(name || c.frontendName)?.requestRate, 0, 1),
  nbsrv: ofBackend((b) => b.usableServers),
  be_conn: ofBackend((b) => b.connections),
  be_conn_free: ofBackend((b) => b.freeConnections),
  be_sess_rate: ofBackend((b) => b.rate),
  queue: ofBackend((b) => b.queued),
  connslots: ofBackend((b) => b.freeSlots),
  avg_queue: ofBackend(averageQueue),
  srv_is_up: boolean((c, [path]) => onServer(c, path, (b, s) => b.serverIsUp(s)), 1),
  srv_conn: integer((c, [path]) => onServer(c, path, (b, s) => b.serverConnections(s)), 1),
  srv_conn_free: ofServer('free'),
  srv_queue: ofServer('queue'),
  srv_sess_rate: ofServer('rate'),
  srv_iweight: ofServer('iweight'),
  srv_uweight: ofServer('uweight'),
  srv_weight: ofServer('weight'),
  table_cnt: integer((c, [table]) => c.stick.used(table ?? ''), 0, 1),
  table_avl: integer((c, [table]) => c.stick.available(table ?? ''), 0, 1),
};

/** Below its argument, or any of 32 bits. */
function random(): Fetch {
  return {
    kind: 'integer',
    make: (args) => {
      if (args.length > 1 || !/^\d+$/.test(args[0] ?? '1')) return 'takes one number';
      const range = Number(args[0] ?? 0x1_0000_0000);
      return { read: (c) => Math.floor(c.random() * range) };
    },
  };
}

function constant<T extends Value>(text: string | undefined, value: T | undefined, what: string) {
  return value === undefined ? `needs ${what}, not '${text ?? ''}'` : { read: () => value };
}

function boolOf(text: string | undefined): boolean | undefined {
  return text === '1' || text === 'true' ? true : text === '0' || text === 'false' ? false : undefined;
}

function intOf(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

function ipOf(text: string | undefined, family: 4 | 6): IpValue | undefined {
  const value = castOf('string', 'ip')?.(text ?? '') as IpValue | undefined;
  return value?.family === family ? value : undefined;
}

/** A default is a string (manual, `var`). */
function makeVar(args: readonly string[]): ReturnType<Fetch['make']> {
  const [name, otherwise] = args;
  const problem = countProblem(args, 1, 2);
  if (problem !== undefined) return problem;
  if (!isVariableName(name)) return `'${name}' is not the name of a variable`;
  return { read: (c) => c.variable(name) ?? otherwise };
}

const UNITS: { readonly [unit: string]: number } = { s: 0.001, ms: 1, us: 1000 };

function makeDate([offset = '0', unit = 's']: readonly string[]): ReturnType<Fetch['make']> {
  const added = intOf(offset);
  if (added === undefined || !Object.hasOwn(UNITS, unit)) return 'needs a number and one of s, ms, us';
  return { read: (c) => Math.floor(c.nowEpochMs * UNITS[unit]) + added };
}

/** RFC 9562 §5.4. */
function uuid(c: SampleContext): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(c.random() * 16));
  digits[12] = 4;
  digits[16] = 8 + (digits[16] & 3);
  const hex = digits.map((digit) => digit.toString(16)).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function ofBackend(read: (backend: BackendView) => number): Fetch {
  return integer(
    (c, [name]) => {
      const backend = c.backend(name ?? '');
      return backend && read(backend);
    },
    0,
    1,
  );
}

function averageQueue(backend: BackendView): number {
  return backend.usableServers === 0 ? backend.queued : Math.ceil(backend.queued / backend.usableServers);
}

function ofServer(figure: ServerFigure): Fetch {
  return integer((c, [path]) => onServer(c, path, (b, s) => b.serverFigure(s, figure)), 1);
}

/** `[backend/]server` */
function onServer<R>(c: SampleContext, path: string, read: (backend: BackendView, server: string) => R): R | undefined {
  const slash = path.indexOf('/');
  const backend = c.backend(slash < 0 ? '' : path.slice(0, slash));
  return backend === undefined ? undefined : read(backend, path.slice(slash + 1));
}
