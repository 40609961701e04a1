/** The faults of the pair, in order, each with its end. A primary that is lost returns as it was, then as a standby. */
import type { Fault } from '../support/fault.js';
import { cutOff, heal } from '../support/network.js';
import type { Proxy } from '../support/proxy.js';
import { sleep } from '../support/wait.js';
import type { Writer } from '../support/writer-process.js';
import type { PostgresNode } from './node.js';
import type { Pair } from './pair.js';

export interface Stage {
  readonly pair: Pair;
  readonly proxies: readonly Proxy[];
  /** The writer that goes straight to the database that survives. */
  readonly floor: Writer;
  readonly quick: boolean;
  /** Of Fairlead's check. */
  readonly intervalMs: number;
}

/** The bars, ms from the time that the new primary can take writes. */
const KILLED_MS = 50;
const SWITCHED_MS = 250;
/** For the primary to hear that commits wait for its standby again. */
const SYNCHRONOUS_MS = 500;
/** A planned pause: how long a drained primary refuses new sessions. */
const DRAIN_MS = 1500;

export function faults(stage: Stage): Fault[] {
  const [first, second] = stage.pair.nodes;
  if (stage.quick)
    return [steady(first, stage), ...killed(first, stage), ...frozen(second, stage), switched(first, stage)];
  return [
    steady(first, stage),
    ...killed(first, stage),
    ...cut(second, stage),
    ...frozen(first, stage),
    switched(second, stage),
    drained(first, stage),
  ];
}

/** How long writers are watched. With HAProxy: longer than the seed's `inter` × `fall` with its time limits (5 s × 3). */
function watchMs({ proxies, quick }: Stage): { loss: number; calm: number } {
  if (quick) return { loss: 3000, calm: 2500 };
  const seed = proxies.some((proxy) => proxy.name === 'haproxy');
  return seed ? { loss: 25_000, calm: 12_000 } : { loss: 8000, calm: 6000 };
}

function steady(node: PostgresNode, stage: Stage): Fault {
  return {
    name: 'none',
    server: node.name,
    begin: () => {
      stage.floor.aim(node.address);
      return undefined;
    },
    settle: () => sleep(watchMs(stage).calm),
    cause: null,
    bar: { failed: 0, heldFailed: 0 },
  };
}

function killed(node: PostgresNode, stage: Stage): Fault[] {
  return [
    lost('is killed (SIGKILL)', node, stage, () => node.end('SIGKILL'), {
      cause: /refused|reset|closed|broke/i,
      afterAbleMs: KILLED_MS,
    }),
    stale('starts again as it was', node, stage, () => node.start()),
    rejoins(node, stage),
  ];
}

function cut(node: PostgresNode, stage: Stage): Fault[] {
  return [
    lost('is cut off', node, stage, () => cutOff(node.namespace), silent(stage)),
    stale('is connected again as it was', node, stage, () => heal(node.namespace)),
    rejoins(node, stage),
  ];
}

function frozen(node: PostgresNode, stage: Stage): Fault[] {
  return [
    lost('is frozen (SIGSTOP)', node, stage, () => node.freeze(), silent(stage)),
    stale('goes on as it was (SIGCONT)', node, stage, () => node.thaw()),
    rejoins(node, stage),
  ];
}

interface Expected {
  readonly cause: RegExp;
  readonly afterAbleMs: number;
}

/** A host that says nothing: three checks run into their time limit. */
function silent({ intervalMs }: Stage): Expected {
  return { cause: /time|no answer|no greeting|unreachable/i, afterAbleMs: 3 * intervalMs + 100 };
}

function lost(
  what: string,
  node: PostgresNode,
  stage: Stage,
  happen: () => Promise<void> | void,
  { cause, afterAbleMs }: Expected,
): Fault {
  return {
    name: `${node.name} ${what}, the other is promoted`,
    server: node.name,
    begin: async () => {
      stage.floor.aim(stage.pair.standby.address);
      await happen();
      return stage.pair.failOver();
    },
    settle: () => sleep(watchMs(stage).loss),
    cause,
    bar: { afterAbleMs },
    isLoss: true,
  };
}

/** The old primary believes that it still is one. */
function stale(what: string, node: PostgresNode, stage: Stage, happen: () => void): Fault {
  return {
    name: `${node.name} ${what}: a stale primary`,
    server: node.name,
    begin: () => {
      happen();
      return undefined;
    },
    settle: async () => {
      await node.waitReady();
      await sleep(watchMs(stage).calm);
    },
    cause: /timeline|stale|newer|claim/i,
    bar: { failed: 0, heldFailed: 0 },
    isLoss: true,
  };
}

function rejoins(node: PostgresNode, stage: Stage): Fault {
  return {
    name: `${node.name} rejoins as a standby`,
    server: node.name,
    begin: async () => {
      await stage.pair.rebuildStandby();
      return undefined;
    },
    settle: () => sleep(watchMs(stage).calm),
    cause: /standby|recovery|replica/i,
    bar: { failed: 0, heldFailed: 0 },
  };
}

function switched(node: PostgresNode, stage: Stage): Fault {
  return {
    name: `roles change (${node.name} stops in good order)`,
    server: node.name,
    begin: async () => {
      stage.floor.aim(stage.pair.standby.address);
      return stage.pair.switchOver();
    },
    settle: async () => {
      await stage.pair.followAgain();
      await sleep(watchMs(stage).loss);
      // Only now, so that no commit waits for a standby that is still starting while the change is measured.
      stage.pair.primary.setSynchronous(true);
      await sleep(SYNCHRONOUS_MS);
    },
    cause: /closed|broke|refused|shut|standby|recovery|replica/i,
    bar: { afterAbleMs: SWITCHED_MS },
  };
}

/** The operator lets no new session in for a while; those that stand go on. */
function drained(node: PostgresNode, stage: Stage): Fault {
  const set = async (state: 'drain' | 'ready') => {
    for (const proxy of stage.proxies) await proxy.setState(node.name, state);
  };
  return {
    name: `${node.name} is drained for ${DRAIN_MS} ms`,
    server: node.name,
    begin: async () => {
      await set('drain');
      await sleep(DRAIN_MS);
      await set('ready');
      return Date.now();
    },
    settle: () => sleep(watchMs(stage).calm),
    cause: null,
    bar: { afterAbleMs: SWITCHED_MS, heldFailed: 0 },
  };
}
