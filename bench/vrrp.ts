/**
 * `bench vrrp`: what a hundred virtual routers cost, as master and as backup, and how late an advertisement is at worst
 * while every core is busy; Fairlead beside keepalived, on hosts of their own.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from '../lab/support/repository.js';
import type { Sandbox } from '../lab/support/sandbox.js';
import { formatTable } from '../lab/support/table.js';
import { sleep } from '../lab/support/wait.js';
import { buildNetwork, type PlaceName } from '../lab/vip/network.js';
import type { Program } from '../lab/vip/programs.js';
import { type BenchOptions, runBench } from './support/session.js';
import { type Standstill, standstillWithin, watchStandstills } from './support/standstill.js';
import { atMost, type Verdict } from './support/verdict.js';
import {
  type Advert,
  captureAdverts,
  endRouters,
  figuresOf,
  ownWorstDelayMs,
  type Routers,
  startRouters,
  untilMaster,
} from './support/vrrp-hosts.js';

const ROUTERS = 100;
const PERCENT_MAX = 3;
const DELAY_MS_MAX = 20;
/** Code is compiled and the garbage of the start is collected; announcements of the start are over. */
const SETTLE_MS = 20_000;

export interface VrrpOptions extends BenchOptions {
  readonly programs: readonly Program[];
  readonly minutes: number;
}

interface Cost {
  readonly program: Program;
  readonly role: 'master' | 'backup';
  /** Of one core, all processes. */
  readonly percent: number;
  readonly rssKib: number;
}

interface Delay {
  readonly name: string;
  readonly program: Program;
  readonly intervalMs: number;
  readonly adverts: number;
  /** Longest time between two advertisements, less the interval. */
  readonly worstMs: number;
  /** The same, without what the machine itself stood still meanwhile. */
  readonly ownWorstMs: number;
  readonly p99Ms: number;
  /** What the program says itself; null where it does not. */
  readonly saysMs: number | null;
}

export function benchVrrp(options: VrrpOptions): Promise<number> {
  if (process.getuid?.() !== 0) throw new Error('this benchmark makes network namespaces: run it as root');
  return runBench('vrrp', options, async (sandbox, say) => {
    const costs = await measureCosts(sandbox, options, say);
    const { delays, standstillMs } = await measureDelays(sandbox, options, say);
    const still = `the machine itself stood still for ${standstillMs.toFixed(2)} ms at most`;
    const text = `${costTable(costs)}\n\n${delayTable(delays)}\n${still}`;
    return { figures: { costs, delays, standstillMs }, text, verdicts: verdicts(costs, delays) };
  });
}

function verdicts(costs: readonly Cost[], delays: readonly Delay[]): Verdict[] {
  const isOurs = ({ program }: { program: Program }) => program === 'fairlead';
  return [
    ...costs
      .filter(isOurs)
      .map(({ role, percent }) => atMost(`${ROUTERS} routers as ${role} at 1 s`, percent, PERCENT_MAX, '% of a core')),
    ...delays
      .filter(isOurs)
      .map(({ intervalMs, ownWorstMs }) =>
        atMost(`worst delay of its own at ${intervalMs} ms, every core busy`, ownWorstMs, DELAY_MS_MAX, 'ms'),
      ),
  ];
}

async function measureCosts(sandbox: Sandbox, options: VrrpOptions, say: (text: string) => void): Promise<Cost[]> {
  const network = await buildNetwork(sandbox, ['a', 'b']);
  const ids = Array.from({ length: ROUTERS }, (_, n) => n + 1);
  const costs: Cost[] = [];
  for (const program of options.programs) {
    say(`${program}: ${ROUTERS} routers on each of two hosts`);
    const high: Routers = { version: 2, intervalMs: 1000, priority: 200, ids };
    const master = startRouters(network, 'a', program, high);
    await untilMaster(master, high);
    const backup = startRouters(network, 'b', program, { ...high, priority: 100 });
    await sleep(SETTLE_MS);
    const seconds = options.quick ? 20 : 60;
    const before = [master, backup].map((host) => figuresOf(host, program));
    const begunMs = performance.now();
    await sleep(seconds * 1000);
    const elapsedMs = performance.now() - begunMs;
    for (const [n, role] of (['master', 'backup'] as const).entries()) {
      const after = figuresOf([master, backup][n], program);
      const percent = ((after.cpuMs - before[n].cpuMs) / elapsedMs) * 100;
      costs.push({ program, role, percent, rssKib: after.rssKib });
    }
    await untilMaster(master, high); // a master that lost its addresses meanwhile has had less to do
    for (const host of [master, backup]) endRouters(host, program);
    await sleep(1000);
  }
  return costs;
}

interface Sender {
  readonly name: string;
  readonly program: Program;
  readonly place: PlaceName;
  readonly routers: Routers;
}

function senders(programs: readonly Program[]): Sender[] {
  const slow = (id: number) => ({ version: 2, intervalMs: 1000, priority: 200, ids: [id] }) as const;
  const fast = (id: number) => ({ version: 3, intervalMs: 20, priority: 200, ids: [id] }) as const;
  const realTime = '  vrrp_rt_priority 50\n';
  const all: Sender[] = [
    { name: 'fairlead', program: 'fairlead', place: 'a', routers: slow(1) },
    { name: 'fairlead', program: 'fairlead', place: 'b', routers: fast(2) },
    { name: 'keepalived', program: 'keepalived', place: 'c', routers: slow(3) },
    { name: 'keepalived', program: 'keepalived', place: 'd', routers: fast(4) },
    {
      name: 'keepalived, vrrp_rt_priority',
      program: 'keepalived',
      place: 'e',
      routers: { ...slow(5), global: realTime },
    },
    {
      name: 'keepalived, vrrp_rt_priority',
      program: 'keepalived',
      place: 'f',
      routers: { ...fast(6), global: realTime },
    },
  ];
  return all.filter(({ program }) => programs.includes(program));
}

/** All at the same time: they meet the same load. */
async function measureDelays(
  sandbox: Sandbox,
  options: VrrpOptions,
  say: (text: string) => void,
): Promise<{ delays: Delay[]; standstillMs: number }> {
  const chosen = senders(options.programs);
  const network = await buildNetwork(sandbox, [...chosen.map(({ place }) => place), 'client']);
  for (const { place, program, routers } of chosen) {
    say(`${program} starts, an advertisement every ${routers.intervalMs} ms`);
    await untilMaster(startRouters(network, place, program, routers), routers);
  }
  const seconds = Math.ceil((options.quick ? Math.min(0.5, options.minutes) : options.minutes) * 60);
  const standstills = watchStandstills(sandbox, seconds + SETTLE_MS / 1000);
  await sleep(SETTLE_MS / 4);
  say(`every core busy for ${seconds} s`);
  const capture = captureAdverts(network.hosts.get('client')!);
  for (let n = 0; n < availableParallelism(); n++) burn(sandbox, seconds);
  await sleep(seconds * 1000);
  const adverts = await capture.read();
  const still = await standstills();
  return {
    delays: chosen.map((sender) => delayOf(sender, adverts, still, saidDelay(network, sender))),
    standstillMs: Math.max(0, ...still.map(({ fromMs, toMs }) => toMs - fromMs)),
  };
}

function saidDelay(
  { hosts }: { hosts: ReadonlyMap<PlaceName, Parameters<typeof ownWorstDelayMs>[0]> },
  sender: Sender,
) {
  return sender.program === 'fairlead' ? ownWorstDelayMs(hosts.get(sender.place)!) : null;
}

function burn(sandbox: Sandbox, seconds: number): void {
  const words = [join(REPOSITORY, 'dist', 'lab', 'main.js'), 'burn', '--seconds', String(seconds)];
  sandbox.start(process.execPath, words, { log: 'burn.log' });
}

function delayOf(
  { name, program, routers: { ids, intervalMs } }: Sender,
  adverts: readonly Advert[],
  still: readonly Standstill[],
  saysMs: number | null,
): Delay {
  const times = adverts.filter(({ id }) => id === ids[0]).map(({ atMs }) => atMs);
  if (times.length < 2) throw new Error(`${name} at ${intervalMs} ms: ${times.length} advertisements were seen`);
  const late = times.slice(1).map((at, i) => at - times[i] - intervalMs);
  const own = late.map((ms, i) => ms - standstillWithin(still, times[i] + intervalMs, times[i + 1]));
  const p99Ms = [...late].sort((a, b) => a - b)[Math.floor(late.length * 0.99)];
  const [worstMs, ownWorstMs] = [greatest(late), greatest(own)];
  return { name, program, intervalMs, adverts: times.length, worstMs, ownWorstMs, p99Ms, saysMs };
}

/** `Math.max` takes no list of any length. */
function greatest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
}

function costTable(costs: readonly Cost[]): string {
  const header = [`${ROUTERS} routers at 1 s`, 'role', '% of a core', 'resident KiB'];
  return formatTable(
    header,
    costs.map(({ program, role, percent, rssKib }) => [program, role, percent.toFixed(2), String(rssKib)]),
  );
}

function delayTable(delays: readonly Delay[]): string {
  const header = [
    'every core busy',
    'interval ms',
    'adverts',
    'worst delay ms',
    'its own ms',
    'p99 ms',
    'says itself ms',
  ];
  return formatTable(
    header,
    delays.map(({ name, intervalMs, adverts, worstMs, ownWorstMs, p99Ms, saysMs }) => [
      name,
      String(intervalMs),
      String(adverts),
      worstMs.toFixed(2),
      ownWorstMs.toFixed(2),
      p99Ms.toFixed(2),
      saysMs === null ? '-' : saysMs.toFixed(2),
    ]),
  );
}
