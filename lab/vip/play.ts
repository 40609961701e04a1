/** One contestant: its hosts, its client, every fault as often as asked, and what was seen of each. */

import { join } from 'node:path';
import type { Host } from '../support/host.js';
import { REPOSITORY } from '../support/repository.js';
import type { Sandbox } from '../support/sandbox.js';
import { sleep, until } from '../support/wait.js';
import { BACKEND_PORTS, type Protocol } from './files.js';
import { isBy, type Seen, seenBetween } from './measure.js';
import { buildNetwork, type Network, type PlaceName } from './network.js';
import type { Program } from './programs.js';
import { type Recorder, startRecorder } from './recorder.js';
import { type Bar, type Fault, faultsOf, type Half } from './scenario.js';
import { makeStack, type Stack } from './stack.js';

export interface Contestant {
  readonly name: string;
  /** What host `a`, which has the higher priority, and host `b` run. */
  readonly programs: readonly [Program, Program];
  readonly protocol: Protocol;
}

/** One half of a fault, all rounds of it. */
export interface Row {
  readonly half: string;
  readonly bar: Bar;
  readonly rounds: Seen[];
}

const PROXIES = ['a', 'b'] as const;
/** From the start of both until the first holds the address and answers. */
const START_TIMEOUT_MS = 60_000;
/** keepalived needs up to 43 s to be reachable again after a split, and clients of it are watched until then. */
const SETTLE_TIMEOUT_MS = 60_000;
/** Attempts that have not ended by then have run into their time limit. */
const OUTCOME_MS = 520;

export async function play(
  sandbox: Sandbox,
  contestant: Contestant,
  rounds: number,
  say: (text: string) => void,
): Promise<Row[]> {
  say(`${contestant.name}: starts`);
  const network = await buildNetwork(sandbox, ['a', 'b', 'backend', 'client']);
  const backend = network.hosts.get('backend')!;
  const words = ['vip-backend', '--ports', ...BACKEND_PORTS.map(String)];
  backend.start(process.execPath, [join(REPOSITORY, 'dist', 'lab', 'main.js'), ...words], { log: 'backend.log' });
  const recorder = startRecorder(network, PROXIES);
  const stacks = PROXIES.map((name, n) => stackOn(network, contestant, name, n));
  for (const stack of stacks) stack.start();
  await until(`${contestant.name} serves (see its logs with --keep)`, START_TIMEOUT_MS, async () =>
    isCalm(recorder, 'a', 1000) ? true : undefined,
  );
  const scene = { a: stacks[0], b: stacks[1], switch: network.switch, protocol: contestant.protocol };
  const rows = await playRounds(scene.protocol, faultsOf(scene), recorder, rounds, (text) =>
    say(`${contestant.name}: ${text}`),
  );
  recorder.stop();
  return rows;
}

function stackOn({ hosts }: Network, { programs, protocol }: Contestant, name: PlaceName, n: number): Stack {
  const peers = PROXIES.filter((other) => other !== name);
  return makeStack(programs[n], { host: hosts.get(name) as Host, name, peers, protocol });
}

async function playRounds(
  protocol: Protocol,
  faults: readonly Fault[],
  recorder: Recorder,
  rounds: number,
  say: (text: string) => void,
): Promise<Row[]> {
  const rows = faults.flatMap(({ halves }) =>
    halves.map(({ name, bar }) => ({ half: name, bar, rounds: [] as Seen[] })),
  );
  for (let round = 0; round < rounds; round++) {
    let at = 0;
    for (const one of faults.flatMap(({ halves }) => halves)) {
      say(`round ${round + 1} of ${rounds}: ${one.name.trim()}`);
      rows[at++].rounds.push(await watch(one, protocol, recorder));
    }
  }
  return rows;
}

/** Until clients have been served well for a while by the one that should. */
async function watch(half: Half, protocol: Protocol, { record }: Recorder): Promise<Seen> {
  const askedMs = Date.now();
  await half.begin();
  const fromMs = half.isRemedy ? Date.now() : askedMs;
  const isSlow = protocol.intervalMs >= 1000;
  await sleep(isSlow ? 6000 : 1500); // a takeover by silence has begun by then
  const end = Date.now() + SETTLE_TIMEOUT_MS;
  while (Date.now() < end && !isCalm({ record }, half.expected, isSlow ? 2000 : 500)) await sleep(200);
  const toMs = Date.now() - OUTCOME_MS;
  return seenBetween(record, { fromMs, toMs }, half.expected);
}

/** That two hosts hold the address may last as long as the fault does; the clients have their answers meanwhile. */
function isCalm({ record }: Pick<Recorder, 'record'>, expected: PlaceName | null, forMs: number): boolean {
  const toMs = Date.now() - OUTCOME_MS;
  const recent = record.attempts.filter(({ startedAt }) => startedAt >= toMs - forMs && startedAt < toMs);
  return recent.length > 0 && recent.every((one) => one.error === '' && isBy(one, expected));
}
