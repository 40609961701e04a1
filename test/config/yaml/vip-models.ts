/** Generated virtual addresses, as any reader could have yielded them. */
import fc from 'fast-check';
import type {
  Notifications,
  Program,
  Tracked,
  Tracking,
  VipConfig,
  VirtualAddress,
  VirtualRoute,
  VirtualRule,
  VrrpInstance,
} from '../../../src/config/model.js';

/** An object with some of the fields; what is not drawn is absent. */
function some<T>(fields: { [K in keyof T]-?: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  return fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
}

const yes = fc.constant(true as const);
const int = (min: number, max: number) => fc.integer({ min, max });
const name = fc.stringMatching(/^[A-Za-z0-9_.-]{1,12}$/).filter((each) => each !== '__proto__');
const dev = fc.constantFrom('eth0', 'bond0.12', 'wlan-x', 'p33p1', 'yes', '12');
const path = fc.constantFrom('/run/a', '/tmp/two words', '/x#y', '/a!b', '/q"uote', "/it's");
const ipv4 = fc.ipV4();
const ipv6 = fc.constantFrom('2001:db8::10', 'fe80::1', '2001:db8:0:0:1::2');
const ms = fc.oneof(int(1, 100_000), fc.constantFrom(0.5, 1000, 60_000, 2.125));

const program: fc.Arbitrary<Program> = fc
  .tuple(
    fc.array(fc.oneof(path, fc.string({ minLength: 1, maxLength: 8 })), { minLength: 1, maxLength: 3 }),
    some<{ user: string; group: string }>({ user: name, group: name }),
  )
  .map(([command, as]) => ({ command, ...as }));

const tracked = (limit: number): fc.Arbitrary<Tracked> =>
  fc
    .tuple(name, some<{ weight: number; reverse: boolean }>({ weight: int(-limit, limit), reverse: fc.boolean() }))
    .map(([each, rest]) => ({ name: each, ...rest }));
const trackedList = (limit: number) => fc.uniqueArray(tracked(limit), { maxLength: 2, selector: (each) => each.name });
/** A frontend has its weight written in any case. */
const frontend = fc.tuple(name, int(-253, 253)).map(([each, weight]): Tracked => ({ name: each, weight }));

const tracking: fc.Arbitrary<Tracking> = fc.record({
  interfaces: trackedList(253),
  scripts: trackedList(253),
  files: trackedList(254),
  processes: trackedList(254),
  frontends: fc.uniqueArray(frontend, { maxLength: 2, selector: (each) => each.name }),
});

const notify: fc.Arbitrary<Notifications> = fc
  .tuple(
    fc.array(program, { maxLength: 2 }),
    some<Omit<Notifications, 'any'>>({
      master: program,
      backup: program,
      fault: program,
      stop: program,
      deleted: program,
      masterRxLowerPri: program,
      priorityChanges: fc.boolean(),
      saysDeleted: fc.boolean(),
    }),
  )
  .map(([any, rest]) => ({ any, ...rest }));

function address(family: 4 | 6): fc.Arbitrary<VirtualAddress> {
  const full = family === 4 ? 32 : 128;
  const options = some<Omit<VirtualAddress, 'ip' | 'prefixLength' | 'loc' | 'at'>>({
    interface: dev,
    broadcast: family === 4 ? ipv4 : fc.constant(undefined as unknown as string),
    label: fc.constantFrom('eth0:1', 'a-label'),
    scope: int(0, 255),
    peer: family === 4 ? ipv4 : ipv6,
    usesVmac: yes,
    home: yes,
    noDad: yes,
    manageTempAddress: yes,
    noPrefixRoute: yes,
    autojoin: yes,
    preferredLifetimeS: fc.constantFrom(0, 300, Number.POSITIVE_INFINITY),
    track: fc.constant(false),
  });
  return fc
    .tuple(family === 4 ? ipv4 : ipv6, int(0, full), options)
    .map(([ip, prefixLength, rest]) => ({ ip, prefixLength, ...rest }));
}

const hop = some<{ via: string; interface: string; onlink: true }>({ via: ipv4, interface: dev, onlink: yes });

const route: fc.Arbitrary<VirtualRoute> = fc
  .tuple(
    fc.constantFrom('unicast' as const, 'blackhole' as const, 'unreachable' as const, 'local' as const),
    fc.oneof(
      fc.record({ family: fc.constant(4 as const), destination: ipv4, prefixLength: int(1, 32) }),
      fc.record({ family: fc.constant(6 as const), destination: ipv6, prefixLength: int(1, 128) }),
      fc.constant({ family: 4 as const, destination: '0.0.0.0', prefixLength: 0 }),
      fc.constant({ family: 6 as const, destination: '::', prefixLength: 0 }),
    ),
    hop,
    fc.option(
      fc.array(
        fc.tuple(hop, int(1, 256)).map(([each, weight]) => ({ ...each, weight })),
        { minLength: 2, maxLength: 3 },
      ),
      { nil: undefined },
    ),
    some<Pick<VirtualRoute, 'source' | 'table' | 'metric' | 'scope' | 'protocol' | 'tos' | 'mtu' | 'advmss' | 'track'>>(
      {
        source: ipv4,
        table: int(0, 0xffffffff),
        metric: int(0, 0xffffffff),
        scope: int(0, 255),
        protocol: int(0, 255),
        tos: int(0, 255),
        mtu: int(0, 9000),
        advmss: int(0, 9000),
        track: fc.constant(false),
      },
    ),
  )
  .map(([type, to, own, nexthops, rest]) => ({
    type,
    ...to,
    ...rest,
    ...(nexthops === undefined ? own : { nexthops }),
  }));

const network = fc.oneof(fc.tuple(ipv4, int(0, 32)).map(([ip, length]) => `${ip}/${length}`));
const rule: fc.Arbitrary<VirtualRule> = fc
  .tuple(
    fc.constantFrom('table' as const, 'blackhole' as const, 'prohibit' as const, 'goto' as const),
    fc.constantFrom(4 as const, 6 as const),
    network,
    int(1, 40_000),
    some<Pick<VirtualRule, 'not' | 'fwmark' | 'tos' | 'iif' | 'oif' | 'preference' | 'track'>>({
      not: yes,
      fwmark: int(0, 0xffffffff),
      tos: int(0, 255),
      iif: dev,
      oif: dev,
      preference: int(0, 40_000),
      track: fc.constant(false),
    }),
  )
  .map(([action, family, net, number, rest]) => ({
    action,
    family,
    ...rest,
    ...(family === 4 ? { from: net } : {}),
    ...(action === 'table' ? { table: number } : {}),
    ...(action === 'goto' ? { goto: number } : {}),
  }));

type Optional = Pick<
  VrrpInstance,
  | 'trackSourceIp'
  | 'unicastTtl'
  | 'checkUnicastSource'
  | 'accept'
  | 'strict'
  | 'downTimerAdverts'
  | 'lowerPrioNoAdvert'
  | 'higherPrioSendAdvert'
  | 'skipCheckAdvAddr'
  | 'trackPrimary'
  | 'promoteSecondaries'
  | 'onLoss'
  | 'arbiter'
  | 'vmac'
>;

const optional = some<Optional>({
  trackSourceIp: yes,
  unicastTtl: int(0, 255),
  checkUnicastSource: fc.boolean(),
  accept: fc.boolean(),
  strict: fc.boolean(),
  downTimerAdverts: int(1, 100),
  lowerPrioNoAdvert: fc.boolean(),
  higherPrioSendAdvert: fc.boolean(),
  skipCheckAdvAddr: fc.boolean(),
  trackPrimary: fc.boolean(),
  promoteSecondaries: fc.boolean(),
  onLoss: fc.constantFrom('keep' as const, 'close' as const),
  arbiter: fc.constantFrom('off' as const, 'warn' as const, 'wait' as const),
  vmac: some<NonNullable<VrrpInstance['vmac']>>({
    name: dev,
    mac: fc.constant('02:00:00:00:00:01'),
    transmitsOnBase: yes,
    alsoForAddresses: yes,
  }),
});

const garp = some<VrrpInstance['garp']>({
  masterDelayMs: fc.constantFrom(0, 5000, 1500),
  masterRepeat: int(1, 9),
  lowerPrioDelayMs: fc.constantFrom(0, 60_000),
  lowerPrioRepeat: int(1, 9),
  masterRefreshMs: fc.constantFrom(0, 1000),
  masterRefreshRepeat: int(1, 9),
  garpIntervalUs: int(0, 1_000_000),
  gnaIntervalUs: int(0, 1_000_000),
  extraInterfaceMs: fc.constantFrom(0, 100_000),
  extraInterfaceAll: yes,
});

/** Either of version 2, or of version 3 and with any family. */
const protocol = fc.oneof(
  fc.record(
    {
      version: fc.constant(2 as const),
      family: fc.constant(4 as const),
      advertIntervalMs: int(1, 255).map((s) => s * 1000),
      password: fc.constant({ from: 'env' as const, name: 'VRRP' }),
    },
    { requiredKeys: ['version', 'family', 'advertIntervalMs'] },
  ),
  fc.record({
    version: fc.constant(3 as const),
    family: fc.constantFrom(4 as const, 6 as const),
    advertIntervalMs: int(1, 4095).map((cs) => cs * 10),
  }),
);

/** Who starts as master neither waits nor yields. */
const preemption = fc.oneof(
  fc.constant({}),
  fc.constant({ initialState: 'MASTER' as const }),
  some<Pick<VrrpInstance, 'initialState' | 'preempt' | 'preemptDelayMs'>>({
    initialState: fc.constant('BACKUP' as const),
    preempt: fc.boolean(),
    preemptDelayMs: ms,
  }),
);

const instance: fc.Arbitrary<VrrpInstance> = protocol.chain(({ family, ...own }) =>
  fc
    .record({
      name,
      virtualRouterId: int(1, 255),
      priority: int(1, 255),
      addresses: fc.uniqueArray(address(family), { minLength: 1, maxLength: 3, selector: (each) => each.ip }),
      excludedAddresses: fc.array(fc.oneof(address(4), address(6)), { maxLength: 2 }),
      routes: fc.array(route, { maxLength: 2 }),
      rules: fc.array(rule, { maxLength: 2 }),
      garp,
      track: tracking,
      notify,
      interface: dev,
      preemption,
      optional,
      peers: fc.option(
        fc.array(fc.record({ ip: family === 4 ? ipv4 : ipv6, minTtl: int(0, 255) }, { requiredKeys: ['ip'] }), {
          minLength: 1,
          maxLength: 2,
        }),
        { nil: undefined },
      ),
      sourceIp: fc.option(family === 4 ? ipv4 : ipv6, { nil: undefined }),
    })
    .map(({ preemption: when, optional: rest, peers, sourceIp, ...base }) => {
      const vmac = rest.vmac && { vmac: peers ? { ...rest.vmac, transmitsOnBase: true as const } : rest.vmac };
      const optionals = { ...(peers && { unicastPeers: peers }), ...(sourceIp && { sourceIp }), ...vmac };
      // Strict mode has chosen these.
      const strict = rest.strict ? { accept: false, lowerPrioNoAdvert: true, downTimerAdverts: 3 } : {};
      return { ...own, family, ...base, ...when, ...rest, ...strict, ...optionals } as VrrpInstance;
    }),
);

const byName = <T extends { name: string }>(item: fc.Arbitrary<T>) =>
  fc.uniqueArray(item, { maxLength: 2, selector: (each) => each.name });

const settings = fc
  .tuple(
    fc.uniqueArray(
      fc
        .tuple(
          path,
          some<{ user: string; group: string; script: Program }>({ user: name, group: name, script: program }),
        )
        .map(([at, rest]) => ({ path: at, ...rest })),
      { maxLength: 2, selector: (each) => each.path },
    ),
    some<Omit<VipConfig['settings'], 'notifyFifos' | 'loc' | 'at'>>({
      routerId: name,
      instanceName: name,
      rtPriority: int(0, 99),
      noSwap: fc.boolean(),
      startupDelayMs: ms,
      startupScript: fc.tuple(program, fc.boolean()).map(([each, is]) => (is ? { ...each, timeoutMs: 20_000 } : each)),
      shutdownScript: program,
      scriptUser: fc.record({ user: name, group: name }, { requiredKeys: ['user'] }),
      scriptSecurity: fc.boolean(),
      logUnknownVrids: fc.boolean(),
      vmacPrefix: dev,
    }),
  )
  .map(([notifyFifos, rest]) => ({ notifyFifos, ...rest }));

const script = fc
  .tuple(
    name,
    program,
    some<Omit<VipConfig['scripts'][number], 'name' | 'program' | 'loc' | 'at'>>({
      means: fc.constant('proxy' as const),
      intervalMs: ms,
      timeoutMs: ms,
      weight: int(-253, 253),
      reverse: fc.boolean(),
      rise: int(1, 9),
      fall: int(1, 9),
      initFail: fc.boolean(),
    }),
  )
  .map(([each, run, rest]) => ({ name: each, program: run, ...rest }));

const file = fc
  .tuple(
    name,
    path,
    some<Omit<VipConfig['files'][number], 'name' | 'path' | 'loc' | 'at'>>({
      weight: int(-2_147_483_647, 2_147_483_647),
      reverse: fc.boolean(),
      init: fc.record({ value: int(-9, 9), overwrite: fc.boolean() }),
    }),
  )
  .map(([each, at, rest]) => ({ name: each, path: at, ...rest }));

const process = fc
  .tuple(
    name,
    fc.array(path, { minLength: 1, maxLength: 3 }),
    some<Omit<VipConfig['processes'][number], 'name' | 'command' | 'loc' | 'at'>>({
      paramMatch: fc.constantFrom('initial' as const, 'partial' as const, 'exact' as const),
      weight: int(-254, 254),
      reverse: fc.boolean(),
      quorum: int(1, 9),
      quorumMax: int(0, 9),
      forkDelayMs: ms,
      terminateDelayMs: ms,
      fullCommand: fc.boolean(),
    }),
  )
  .map(([each, command, rest]) => ({ name: each, command, ...rest }));

const group = fc
  .tuple(
    name,
    fc.uniqueArray(name, { maxLength: 3 }),
    tracking,
    notify,
    some<{ trackingWeight: boolean; globalTracking: boolean }>({
      trackingWeight: fc.boolean(),
      globalTracking: fc.boolean(),
    }),
  )
  .map(([each, instances, track, told, rest]) => ({ name: each, instances, track, notify: told, ...rest }));

export const vipConfig: fc.Arbitrary<VipConfig> = fc.record({
  settings,
  instances: byName(instance),
  groups: byName(group),
  scripts: byName(script),
  files: byName(file),
  processes: byName(process),
  staticAddresses: fc.array(
    fc.tuple(address(4), dev).map(([each, at]) => ({ ...each, interface: at })),
    { maxLength: 2 },
  ),
  staticRoutes: fc.array(route, { maxLength: 2 }),
  staticRules: fc.array(rule, { maxLength: 2 }),
});
