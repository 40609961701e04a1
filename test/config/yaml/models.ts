/** Generated models, as any reader could have yielded them: what the property tests of the YAML language run on. */
import fc from 'fast-check';
import { emptyModel, emptyProxy } from '../../../src/config/defaults.js';
import type {
  Acl,
  AclTest,
  Address,
  Bind,
  CheckSpec,
  CheckStep,
  Condition,
  Global,
  LogTarget,
  Model,
  Proxy,
  RoleCheck,
  Secret,
  Server,
  SourceAddress,
  UserList,
} from '../../../src/config/model.js';
import { httpOf, stickOf } from './http-models.js';

const name = fc.stringMatching(/^[A-Za-z0-9_.:-]{1,12}$/).filter((each) => each !== '__proto__');
const port = fc.integer({ min: 1, max: 65535 });
const ms = fc.oneof(fc.integer({ min: 1, max: 100_000 }), fc.constantFrom(1000, 60_000, 3_600_000, 86_400_000));
const small = fc.integer({ min: 1, max: 5000 });
const ipv4 = fc.ipV4();
const ipv6 = fc.constantFrom('::1', 'fe80::1', '2001:db8::10', '::');
const host = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}(\.[a-z][a-z0-9]{0,4})?$/);
/** Texts with everything YAML and HAProxy could stumble over. */
const text = fc.oneof(
  fc.string({ minLength: 1, maxLength: 20 }),
  fc.constantFrom('yes', '12', '0x10', 'null', '~', '- a', 'a: b', '# c', "it's", '"q"', ' padded ', '%[src]:%ci'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
);

/** An object with some of the fields; what is not drawn is absent. */
function some<T>(fields: { [K in keyof T]-?: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  return fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
}

const inet = fc.oneof(
  fc.record({ kind: fc.constant('inet' as const), family: fc.constant(4 as const), host: ipv4 }),
  fc.record({ kind: fc.constant('inet' as const), family: fc.constant(6 as const), host: ipv6 }),
  fc.record({ kind: fc.constant('inet' as const), family: fc.constantFrom(0 as const, 4 as const, 6 as const), host }),
);
const wildcard = fc.record({
  kind: fc.constant('inet' as const),
  family: fc.constantFrom(4 as const, 6 as const),
  host: fc.constant('*'),
});
const local = fc.oneof(
  fc.record({ kind: fc.constant('unix' as const), path: fc.constantFrom('/run/a.sock', '/tmp/x y.sock', 'rel.sock') }),
  fc.record({ kind: fc.constant('abns' as const), name }),
);
const listenAddress: fc.Arbitrary<Address> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.oneof(inet, wildcard), port).map(([at, p]) => ({ ...at, port: p })) },
  local,
  fc.record({ kind: fc.constant('fd' as const), fd: fc.integer({ min: 0, max: 99 }) }),
);

const serverAddress: fc.Arbitrary<Pick<Server, 'address' | 'portMode' | 'portOffset'>> = fc.oneof(
  fc.tuple(inet, port).map(([at, p]) => ({ address: { ...at, port: p }, portMode: 'fixed' as const })),
  inet.map((at) => ({ address: { ...at, port: 0 }, portMode: 'same' as const })),
  fc.tuple(inet, fc.integer({ min: -500, max: 5000 })).map(([at, portOffset]) => ({
    address: { ...at, port: 0 },
    portMode: 'offset' as const,
    portOffset,
  })),
  local.map((address) => ({ address, portMode: 'fixed' as const })),
);

const source = (hasRange: boolean): fc.Arbitrary<SourceAddress> =>
  fc
    .tuple(
      fc.record({ host: fc.oneof(ipv4, ipv6, fc.constant('*')), port: fc.oneof(fc.constant(0), port) }),
      fc.boolean(),
      some<Pick<SourceAddress, 'interface' | 'usesrc'>>({
        interface: fc.constantFrom('eth0', 'bond0.12'),
        usesrc: fc.oneof(fc.constantFrom('client' as const, 'clientip' as const), fc.record({ host: ipv4, port })),
      }),
    )
    .map(([at, isRange, more]) => {
      const range = hasRange && isRange && at.port > 0 ? { portEnd: Math.min(65535, at.port + 9) } : {};
      return { ...at, ...range, ...more };
    });

const logTarget: fc.Arbitrary<LogTarget> = fc
  .tuple(
    fc.oneof(
      fc.record({
        kind: fc.constant('udp' as const),
        host: fc.oneof(ipv4, ipv6, host),
        port: fc.oneof(fc.constant(514), port),
      }),
      fc.record({ kind: fc.constant('unix' as const), path: fc.constant('/dev/log') }),
      fc.record({ kind: fc.constant('fd' as const), fd: fc.integer({ min: 1, max: 9 }) }),
    ),
    fc.constantFrom('local0' as const, 'daemon' as const),
    some<Pick<LogTarget, 'level' | 'minLevel' | 'len' | 'format' | 'sample'>>({
      level: fc.constantFrom('notice' as const, 'info' as const),
      minLevel: fc.constantFrom('emerg' as const, 'err' as const),
      len: fc.integer({ min: 80, max: 65535 }),
      format: fc.constantFrom('rfc5424' as const, 'raw' as const),
      sample: fc.constantFrom({
        ranges: [
          [1, 1],
          [3, 4],
        ] as [number, number][],
        size: 5,
      }),
    }),
  )
  .map(([target, facility, more]) => {
    // A most severe level needs a least severe one in front of it.
    const { minLevel, ...rest } = more;
    return { target, facility, ...rest, ...(rest.level !== undefined && minLevel !== undefined && { minLevel }) };
  });

const bind: fc.Arbitrary<Bind> = fc
  .tuple(
    listenAddress,
    some<Omit<Bind, 'address' | 'loc' | 'at'>>({
      name,
      id: small,
      acceptProxy: fc.boolean(),
      backlog: small,
      maxconn: small,
      interface: fc.constant('eth0'),
      deferAccept: fc.boolean(),
      tfo: fc.boolean(),
      mss: small,
      nice: fc.integer({ min: -1024, max: 1024 }),
      transparent: fc.boolean(),
      v4v6: fc.boolean(),
      v6only: fc.boolean(),
      tcpUserTimeoutMs: ms,
      mode: fc.constantFrom(0o600, 0o660, 0o7),
      user: text,
      group: name,
      uid: small,
      gid: small,
      level: fc.constantFrom('user' as const, 'operator' as const, 'admin' as const),
    }),
  )
  .map(([address, more]) => ({ address, ...more }));

const bytes = fc
  .oneof(text, fc.constantFrom('PING\r\n', '*1\r\n$4\r\nPING\r\n'))
  .map((each) => Buffer.from(each, 'utf8').toString('latin1'));

type Settings = Omit<Server, 'name' | 'id' | 'address' | 'portMode' | 'portOffset' | 'loc' | 'at'>;
const settings = some<Settings>({
  weight: fc.integer({ min: 0, max: 256 }),
  backup: fc.boolean(),
  disabled: fc.boolean(),
  maxconn: small,
  minconn: small,
  maxqueue: small,
  slowstartMs: ms,
  track: fc.constantFrom('a', 'other/b'),
  check: fc.constant(true),
  checkPort: port,
  checkAddr: fc.oneof(ipv4, ipv6, host),
  interMs: ms,
  fastinterMs: ms,
  downinterMs: ms,
  rise: small,
  fall: small,
  initState: fc.constantFrom('up' as const, 'fully-down' as const, 'none' as const),
  observe: fc.constantFrom('layer4' as const, 'layer7' as const),
  onError: fc.constantFrom('fastinter' as const, 'mark-down' as const),
  errorLimit: small,
  onMarkedDown: fc.constantFrom('shutdown-sessions' as const, 'none' as const),
  onMarkedUp: fc.constant('shutdown-backup-sessions' as const),
  sendProxy: fc.constantFrom('v1' as const, 'v2' as const),
  checkSendProxy: fc.boolean(),
  source: source(true),
  tcpUserTimeoutMs: ms,
  tfo: fc.boolean(),
  cookie: text,
  redir: text,
  nonStick: fc.constant(true as const),
  initAddr: fc.constantFrom(['last', 'libc'], ['none'], ['10.0.0.1', '::1']),
  resolvePrefer: fc.constantFrom('ipv4' as const, 'ipv6' as const),
  agentCheck: fc.constant(true as const),
  agentPort: port,
  agentAddr: fc.oneof(ipv4, host),
  agentInterMs: ms,
  agentSend: bytes,
});

/** Servers that differ in everything, or share most of it as under one `default-server` line. */
const servers: fc.Arbitrary<Server[]> = fc
  .tuple(
    fc.uniqueArray(name, { maxLength: 4 }),
    settings,
    fc.array(settings, { minLength: 4, maxLength: 4 }),
    fc.boolean(),
    fc.array(serverAddress, { minLength: 4, maxLength: 4 }),
    fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 4, maxLength: 4 }),
  )
  .chain(([names, common, own, isAlike, addresses, ids]) =>
    fc.boolean().map((isNumbered) =>
      names.map((each, i) => ({
        name: each,
        id: isNumbered ? i + 1 : ids[i],
        ...addresses[i],
        ...structuredClone(common),
        ...(isAlike ? {} : own[i]),
      })),
    ),
  );

const aclTest: fc.Arbitrary<AclTest> = fc.constantFrom<AclTest>(
  { fetch: 'src', args: [], converters: [], flags: [], patterns: ['10.0.0.0/8', '::1'] },
  { fetch: 'dst_port', args: [], converters: [], flags: ['-n'], patterns: ['ge', '1024'] },
  { fetch: 'always_true', args: [], converters: [], flags: [], patterns: [] },
  { fetch: 'src', args: [], converters: [], flags: [], match: 'ip', patterns: ['10.0.0.1'] },
);

const condition = (acls: readonly Acl[]): fc.Arbitrary<Condition> => {
  const test = aclTest.map((each) => ({ test: structuredClone(each) }));
  const named = acls.length === 0 ? [] : [fc.constantFrom(...acls.map((acl) => ({ acl: acl.name })))];
  const term = fc.tuple(fc.boolean(), fc.oneof(test, ...named)).map(([negate, what]) => ({ negate, ...what }));
  return fc.record({
    when: fc.constantFrom('if' as const, 'unless' as const),
    anyOf: fc.array(fc.array(term, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
  });
};

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const rules = (hasFront: boolean, hasBack: boolean): fc.Arbitrary<Partial<Proxy>> =>
  fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c.d'), test: aclTest }), { maxLength: 4 }).chain((acls) =>
    fc.record({
      acls: fc.constant(acls),
      tcpRequest: fc.array(
        fc.record({
          phase: hasFront
            ? fc.constantFrom('connection' as const, 'session' as const, 'content' as const)
            : fc.constant('content' as const),
          action: fc.constantFrom('accept' as const, 'reject' as const),
          condition: optional(condition(acls)),
        }),
        { maxLength: 3 },
      ),
      useBackends: hasFront
        ? fc.array(fc.record({ backend: name, condition: optional(condition(acls)) }), { maxLength: 2 })
        : fc.constant([]),
      useServers: hasBack
        ? fc.array(fc.record({ server: name, condition: condition(acls) }), { maxLength: 2 })
        : fc.constant([]),
    }),
  );

const binary = fc.uint8Array({ minLength: 1, maxLength: 8 }).map((each) => Buffer.from(each).toString('latin1'));

const expectStep: fc.Arbitrary<CheckStep> = fc
  .tuple(
    fc.oneof(
      fc.record({ match: fc.constant('status' as const), pattern: fc.constantFrom('200', '200-299,401') }),
      fc.record({ match: fc.constant('string' as const), pattern: bytes }),
      fc.record({ match: fc.constant('binary' as const), pattern: binary }),
      fc.record({ match: fc.constantFrom('rstring' as const, 'rstatus' as const), pattern: fc.constant('^2[0-9]+') }),
      fc.constant({
        match: 'header' as const,
        pattern: 'fhdr name X-Role value -m beg prim',
        header: {
          full: true,
          name: { method: 'str' as const, text: 'X-Role' },
          value: { method: 'beg' as const, text: 'prim' },
        },
      }),
    ),
    fc.boolean(),
    some({
      minRecv: small,
      okStatus: fc.constant('L7OKC'),
      errorStatus: fc.constant('L7STS'),
      onError: text,
      comment: text,
    }),
  )
  .map(([match, negate, more]) => ({ do: 'expect' as const, negate, ...match, ...more }));

const request: fc.Arbitrary<CheckStep> = fc
  .tuple(
    fc.record({
      method: fc.constantFrom('OPTIONS', 'GET', 'HEAD'),
      uri: fc.constantFrom('/', '/health?x=1'),
      version: fc.constantFrom('HTTP/1.0', 'HTTP/1.1'),
      headers: fc.array(fc.tuple(fc.constantFrom('Host', 'X-A', '9'), text) as fc.Arbitrary<[string, string]>, {
        maxLength: 2,
      }),
    }),
    some({ body: text, comment: text }),
  )
  .map(([head, more]) => ({ do: 'http-send' as const, ...head, ...more }));

const connect: fc.Arbitrary<CheckStep> = some({
  port,
  addr: ipv4,
  sendProxy: fc.constant(true),
  linger: fc.constant(true),
  useDefault: fc.constant(true),
  comment: text,
}).map((more) => ({ do: 'connect' as const, ...more }));

const send: fc.Arbitrary<CheckStep> = fc
  .tuple(fc.oneof(bytes, binary), some({ comment: text }))
  .map(([data, more]) => ({ do: 'send' as const, data, ...more }));

const commentStep: fc.Arbitrary<CheckStep> = text.map((comment) => ({ do: 'comment' as const, comment }));

/** HAProxy's own checks, with the details each may have. */
const builtin: fc.Arbitrary<Pick<CheckSpec, 'type' | 'steps' | 'builtin'>> = fc
  .constantFrom<Pick<CheckSpec, 'type' | 'builtin'>>(
    { type: 'mysql-handshake' },
    { type: 'mysql-handshake', builtin: { user: 'haproxy' } },
    { type: 'mysql-handshake', builtin: { user: 'a b', pre41: true } },
    { type: 'pgsql-startup', builtin: { user: 'haproxy' } },
    { type: 'redis-ping' },
    { type: 'smtp' },
    { type: 'smtp', builtin: { hello: 'EHLO', domain: 'mail.example' } },
    { type: 'ldap' },
    { type: 'ssl-hello' },
    { type: 'external', builtin: { command: '/bin/true', path: '/usr/bin:/bin' } },
  )
  .map((spec) => ({ ...spec, steps: [] }));

const secret: fc.Arbitrary<Secret> = fc.oneof(
  fc.record({ from: fc.constant('env' as const), name: fc.constantFrom('PGCHECK', 'A_B') }),
  fc.record({ from: fc.constant('file' as const), path: fc.constantFrom('/etc/a.password', '/tmp/x y') }),
  fc.constant({ from: 'file' as const, path: '/etc/a.json', key: 'password' }),
);

/** What each kind of role check may say. */
const login = {
  user: text,
  password: secret,
  tls: fc.constantFrom('off' as const, 'prefer' as const, 'require' as const),
};
const lag = { maxLagMs: ms, maxLagBytes: fc.oneof(small, fc.constantFrom(1024, 16 * 1024 ** 2, 3 * 1024 ** 3)) };
const want = { want: fc.constantFrom('primary' as const, 'replica' as const, 'any' as const), ...lag };
const common = { timeoutMs: ms, primaryAsFallback: fc.boolean() };
const roleCheck: fc.Arbitrary<Pick<CheckSpec, 'type' | 'steps' | 'role'>> = fc
  .oneof<fc.Arbitrary<Partial<RoleCheck>>[]>(
    some({ ...login, acceptDonor: fc.boolean(), acceptReadOnly: fc.boolean(), timeoutMs: ms }).map((each) => ({
      kind: 'galera' as const,
      ...each,
    })),
    some({ ...login, ...want, ...common, database: text, tlsCa: text }).map((each) => ({
      kind: 'mysql' as const,
      ...each,
    })),
    some({ ...login, ...want, ...common, database: text }).map((each) => ({ kind: 'postgres' as const, ...each })),
    some({ ...login, ...want, ...common }).map((each) => ({ kind: 'redis' as const, ...each })),
    some({ ...want, ...common, restPort: port }).map((each) => ({ kind: 'patroni' as const, ...each })),
    some({ command: fc.array(text, { minLength: 1, maxLength: 3 }), timeoutMs: ms }).map((each) => ({
      kind: 'exec' as const,
      ...each,
    })),
  )
  .map((role) => ({ type: 'role' as const, steps: [], role: role as RoleCheck }));

const check: fc.Arbitrary<CheckSpec> = fc
  .tuple(
    fc.oneof(
      fc.constant({ type: 'tcp' as const, steps: [] as CheckStep[] }),
      builtin,
      roleCheck,
      fc
        .tuple(fc.array(connect, { maxLength: 1 }), request, fc.array(expectStep, { maxLength: 2 }))
        .map(([first, second, others]) => ({
          type: 'http' as const,
          steps: [...first, second, ...others],
        })),
      fc
        .tuple(fc.array(connect, { maxLength: 2 }), fc.array(fc.oneof(send, expectStep, commentStep), { maxLength: 3 }))
        .map(([connects, steps]) => ({ type: 'script' as const, steps: [...connects, ...steps] })),
    ),
    some({ disableOn404: fc.constant(true), sendState: fc.constant(true) }),
  )
  .map(([spec, more]) => (spec.type === 'role' ? spec : { ...spec, ...more }));

/** Lines that have no effect, as the HAProxy reader notes them. */
const deferred = fc.subarray([
  {
    words: ['compression', 'algo', "it's # a:$x"],
    reason: 'bodies pass as they are: servers compress what they send',
  },
  {
    words: ['http-request', 'cache-use', 'x', 'if', '{', 'src', '10.0.0.9', '}'],
    reason: 'there is no cache: the request goes to a server',
  },
]);

type Front = 'maxconn' | 'backlog' | 'rateLimitSessions' | 'defaultBackend' | 'logFormatSd';
const front = some<Pick<Proxy, Front>>({
  maxconn: small,
  backlog: small,
  rateLimitSessions: small,
  defaultBackend: name,
  logFormatSd: text,
});
type Back =
  | 'fullconn'
  | 'balance'
  | 'hashType'
  | 'retries'
  | 'redispatch'
  | 'source'
  | 'serverStateFileName'
  | 'loadServerStateFrom'
  | 'flapDamping';
const back = some<Pick<Proxy, Back>>({
  fullconn: small,
  balance: fc.oneof(
    fc.record({ algorithm: fc.constantFrom('roundrobin' as const, 'leastconn' as const, 'source' as const) }),
    fc.record({ algorithm: fc.constant('random' as const), draws: small }),
    some({ failback: fc.constant(true) }).map((more) => ({ algorithm: 'single' as const, ...more })),
    fc.constantFrom<NonNullable<Proxy['balance']>>({
      algorithm: 'hash',
      expression: { fetch: 'src', args: [], converters: [] },
    }),
  ),
  hashType: fc
    .tuple(
      fc.constantFrom('map-based' as const, 'consistent' as const),
      some({ function: fc.constant('djb2' as const), avalanche: fc.constant(true), balanceFactor: small }),
    )
    .map(([method, more]) => ({ method, ...more })),
  retries: small,
  redispatch: fc.constantFrom(-1, 0, 2, -3),
  source: source(false),
  serverStateFileName: text,
  loadServerStateFrom: fc.constantFrom('global' as const, 'none' as const),
  flapDamping: fc.oneof(
    fc.constant(false as const),
    fc.record({
      flaps: fc.integer({ min: 1, max: 1000 }),
      windowMs: fc.constantFrom(1000, 60_000),
      holdMs: fc.constantFrom(1, 5000),
      maxHoldMs: fc.constantFrom(5000, 60_000),
    }),
  ),
});
const both = some<Pick<Proxy, 'description' | 'disabled' | 'logTag' | 'inspectDelayMs' | 'mode'>>({
  description: text,
  disabled: fc.boolean(),
  logTag: text,
  inspectDelayMs: ms,
  mode: fc.constantFrom('tcp' as const, 'http' as const),
});

const logStyle: fc.Arbitrary<Pick<Proxy, 'logStyle' | 'logFormat'>> = fc.oneof(
  fc.constant({}),
  fc.constantFrom(
    { logStyle: 'tcplog' as const },
    { logStyle: 'httplog' as const },
    { logStyle: 'httplog-clf' as const },
  ),
  text.map((logFormat) => ({ logStyle: 'format' as const, logFormat })),
);

const proxy: fc.Arbitrary<Proxy> = fc
  .constantFrom('frontend' as const, 'backend' as const, 'listen' as const)
  .chain((kind) => {
    const hasFront = kind !== 'backend';
    const hasBack = kind !== 'frontend';
    return fc
      .tuple(
        name,
        both,
        hasFront
          ? fc.record({
              front,
              logStyle,
              binds: fc.array(bind, { maxLength: 3 }),
              timeouts: some({ client: ms, clientFin: ms }),
              options: some({ dontlognull: fc.boolean(), clitcpka: fc.boolean(), clitcpkaIdleMs: ms }),
            })
          : fc.constant(undefined),
        hasBack
          ? fc.record({
              back,
              servers,
              check,
              timeouts: some({ connect: ms, server: ms, check: ms, tunnel: ms }),
              options: some({ allbackups: fc.boolean(), srvtcpkaCnt: small }),
            })
          : fc.constant(undefined),
        some({ nolinger: fc.boolean(), spliceAuto: fc.boolean() }),
        rules(hasFront, hasBack),
        fc.array(logTarget, { maxLength: 2 }),
        deferred,
        httpOf(hasFront, hasBack),
        stickOf(hasBack),
      )
      .map(([each, common, f, b, options, ruled, logs, later, http, stick]) => ({
        ...emptyProxy(kind, each, 0),
        ...common,
        ...f?.front,
        ...f?.logStyle,
        binds: f?.binds ?? [],
        ...b?.back,
        servers: b?.servers ?? [],
        check: b?.check ?? { type: 'tcp', steps: [] },
        timeouts: { ...f?.timeouts, ...b?.timeouts },
        options: { ...options, ...f?.options, ...b?.options },
        ...ruled,
        logs,
        deferred: structuredClone(later),
        http,
        ...stick,
      }));
  });

const global: fc.Arbitrary<Partial<Global>> = some<Omit<Global, 'deferred' | 'loc' | 'at'>>({
  externalCheck: fc.constant(true),
  insecureForkWanted: fc.boolean(),
  maxconn: small,
  maxconnrate: small,
  maxsessrate: small,
  nbthread: fc.integer({ min: 1, max: 64 }),
  user: text,
  group: text,
  uid: small,
  gid: small,
  chroot: text,
  pidfile: text,
  daemon: fc.boolean(),
  masterWorker: fc.boolean(),
  quiet: fc.boolean(),
  node: name,
  description: text,
  logs: fc.array(logTarget, { maxLength: 2 }),
  logTag: text,
  logSendHostname: fc.constantFrom('', 'db1'),
  statsSockets: fc.array(
    fc
      .tuple(
        listenAddress,
        fc.constantFrom('user' as const, 'operator' as const, 'admin' as const),
        some({ mode: fc.constant(0o600), user: name, exposeFdListeners: fc.constant(true) }),
      )
      .map(([address, level, more]) => ({ address, level, ...more })),
    { maxLength: 2 },
  ),
  statsTimeoutMs: ms,
  statsMaxconn: small,
  spreadChecks: fc.integer({ min: 0, max: 50 }),
  maxSpreadChecksMs: ms,
  ulimitN: small,
  hardStopAfterMs: ms,
  graceMs: ms,
  closeSpreadTimeMs: ms,
  noSplice: fc.boolean(),
  noReuseport: fc.boolean(),
  setDumpable: fc.boolean(),
  serverStateBase: text,
  serverStateFile: text,
  localpeer: text,
  tune: fc.constantFrom<Global['tune']>({ bufsize: 16384 }, { maxaccept: -1, pipesize: 65536 }),
});

const userlist: fc.Arbitrary<UserList> = fc
  .tuple(name, fc.uniqueArray(name, { minLength: 1, maxLength: 3 }), text, fc.boolean())
  .map(([each, users, password, insecure]) => ({
    name: each,
    groups: [{ name: 'g', users: users.slice(0, 1) }],
    users: users.map((user, i) => ({ name: user, password, insecure, groups: i === 0 ? ['g'] : [] })),
  }));

const control: Model['control'] = {
  address: { kind: 'inet', family: 4, host: '10.0.0.100', port: 8406 },
  token: { from: 'file', path: '/etc/fairlead/notify.token' },
};

/** Names are unique per side; ids are by place, or shuffled as after explicit `id` lines. */
export const model: fc.Arbitrary<Model> = fc
  .tuple(
    global,
    fc.array(proxy, { maxLength: 5 }),
    fc.uniqueArray(userlist, { maxLength: 2, selector: (list) => list.name }),
    fc.boolean(),
    fc.uniqueArray(fc.integer({ min: 2, max: 30 }), { minLength: 5, maxLength: 5 }),
  )
  .map(([settingsOfAll, proxies, userlists, isNumbered, ids]) => {
    const unique = proxies.filter(
      (each, i) => !proxies.slice(0, i).some((other) => other.name === each.name && sharesSide(other, each)),
    );
    const base = emptyModel();
    return {
      global: { ...base.global, ...settingsOfAll },
      userlists,
      httpErrors: [],
      patternFiles: [],
      agents: base.agents,
      ...(isNumbered ? { control } : {}),
      proxies: unique.map((each, i) => ({ ...each, id: isNumbered ? i + 2 : ids[i] })),
    };
  });

function sharesSide(a: Proxy, b: Proxy): boolean {
  return a.kind === b.kind || a.kind === 'listen' || b.kind === 'listen';
}
