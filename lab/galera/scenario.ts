/** The faults of the cluster, in order, each with its end. A stretch of time belongs to the fault that began it. */
import type { Bar, Fault } from '../support/fault.js';
import { cutOff, heal } from '../support/network.js';
import type { Proxy } from '../support/proxy.js';
import { sleep } from '../support/wait.js';
import type { Writer } from '../support/writer-process.js';
import { NODES } from './cluster.js';
import type { GaleraNode } from './node.js';

export interface Scene {
  readonly nodes: readonly GaleraNode[];
  readonly proxies: readonly Proxy[];
  /** The writer that goes straight to a node that survives. */
  readonly floor: Writer;
  readonly quick: boolean;
  /** Of Fairlead's check. */
  readonly intervalMs: number;
}

/** The bars: ms from the time that the surviving nodes take writes again, or from a change of state. */
const KILLED_MS = 50;
const CHANGED_MS = 250;
/** A drained node's last statements: then it stops. */
const DRAIN_MS = 1000;

export function faults(scene: Scene): Fault[] {
  const [first, second, third] = scene.nodes;
  const short = [
    steady(first, scene),
    killed(second, scene),
    returns('comes back after the kill (IST)', second, scene, () => second.start('recover')),
    desynced(first, scene),
    returns('is synced again', first, scene, () => setDesync(first, false)),
    drained(second, scene),
    readyAgain(second, scene),
  ];
  if (scene.quick)
    return [...short, cut(third, scene), returns('is connected again', third, scene, () => heal(third.namespace))];
  return [
    ...short,
    cut(third, scene),
    returns('is connected again', third, scene, () => heal(third.namespace)),
    frozen(second, scene),
    returns('goes on (SIGCONT)', second, scene, () => second.thaw()),
    stopped(second, scene),
    returns('comes back (IST)', second, scene, () => second.start('join')),
    wiped(third, scene),
    donates(second, third, scene),
  ];
}

/** How long writers are watched. With HAProxy: longer than its checks' `inter` × `fall`, each with a time limit of 5 s. */
function watchMs({ proxies, quick }: Scene): { loss: number; silence: number; calm: number } {
  if (quick) return { loss: 3500, silence: 4500, calm: 2500 };
  const seed = proxies.some((proxy) => proxy.name === 'haproxy');
  return seed ? { loss: 12_000, silence: 20_000, calm: 8000 } : { loss: 6000, silence: 8000, calm: 5000 };
}

/** A fault of `node`, while the floor writes to another. */
function fault(
  node: GaleraNode,
  scene: Scene,
  what: string,
  rest: { begin: () => Promise<void> | void; forMs: number; cause: RegExp | null; bar: Bar; isLoss?: boolean },
): Fault {
  return {
    name: `${node.name} ${what}`,
    server: node.name,
    begin: async () => {
      const survivor = scene.nodes.find((one) => one !== node)!;
      scene.floor.aim(survivor.address());
      await rest.begin();
      return undefined;
    },
    settle: () => sleep(rest.forMs),
    cause: rest.cause,
    bar: rest.bar,
    isLoss: rest.isLoss ?? true,
  };
}

function steady(node: GaleraNode, scene: Scene): Fault {
  const forMs = watchMs(scene).calm;
  return {
    ...fault(node, scene, '', {
      begin: () => undefined,
      forMs,
      cause: null,
      bar: { failed: 0, heldFailed: 0 },
      isLoss: false,
    }),
    name: 'none',
  };
}

function killed(node: GaleraNode, scene: Scene): Fault {
  const cause = /refused|reset|closed|broke/i;
  return fault(node, scene, 'is killed (SIGKILL)', {
    begin: () => node.kill(),
    forMs: watchMs(scene).loss,
    cause,
    bar: { afterAbleMs: KILLED_MS },
  });
}

function cut(node: GaleraNode, scene: Scene): Fault {
  return silent(node, scene, 'is cut off', () => cutOff(node.namespace));
}

function frozen(node: GaleraNode, scene: Scene): Fault {
  return silent(node, scene, 'is frozen (SIGSTOP)', () => node.freeze());
}

/** A node that says nothing: three checks run into their time limit. */
function silent(node: GaleraNode, scene: Scene, what: string, begin: () => void): Fault {
  const bar = { afterAbleMs: 3 * scene.intervalMs + 100 };
  return fault(node, scene, what, {
    begin,
    forMs: watchMs(scene).silence,
    cause: /time|no answer|no greeting|unreachable/i,
    bar,
  });
}

function desynced(node: GaleraNode, scene: Scene): Fault {
  return fault(node, scene, 'is desynced', {
    begin: () => setDesync(node, true),
    forMs: watchMs(scene).loss,
    cause: /donor|desync/i,
    bar: { failed: 0, heldFailed: 0, usedForMs: CHANGED_MS },
  });
}

async function setDesync(node: GaleraNode, on: boolean): Promise<void> {
  await node.query(`SET GLOBAL wsrep_desync = ${on ? 'ON' : 'OFF'}`);
}

/** In good order, and nobody told the proxy. */
function stopped(node: GaleraNode, scene: Scene): Fault {
  return fault(node, scene, 'is stopped in good order', {
    begin: () => node.stop(),
    forMs: watchMs(scene).loss,
    cause: /refused|reset|closed|broke|shut/i,
    bar: {},
  });
}

/** In good order, and the proxy was told: no new connection meets the end. */
function drained(node: GaleraNode, scene: Scene): Fault {
  return fault(node, scene, 'is drained, then stopped', {
    begin: async () => {
      await setState(scene, node, 'drain');
      await sleep(DRAIN_MS);
      await node.stop();
    },
    forMs: watchMs(scene).loss,
    cause: null,
    bar: { failed: 0, usedForMs: CHANGED_MS },
  });
}

async function setState({ proxies }: Scene, node: GaleraNode, state: 'drain' | 'ready'): Promise<void> {
  for (const proxy of proxies) await proxy.setState(node.name, state);
}

function readyAgain(node: GaleraNode, scene: Scene): Fault {
  return returns('comes back (IST) and is ready', node, scene, async () => {
    node.start('join');
    await node.waitSynced(NODES);
    await setState(scene, node, 'ready');
  });
}

function returns(what: string, node: GaleraNode, scene: Scene, begin: () => Promise<void> | void): Fault {
  const { calm } = watchMs(scene);
  const bar = { failed: 0, heldFailed: 0 };
  const settle = async () => {
    await node.waitSynced(NODES);
    await node.waitCheck(200);
    await sleep(calm);
  };
  return { ...fault(node, scene, what, { begin, forMs: calm, cause: /synced/i, bar, isLoss: false }), settle };
}

/** Killed, and its disk is gone. */
function wiped(node: GaleraNode, scene: Scene): Fault {
  return fault(node, scene, 'loses its disk', {
    begin: async () => {
      await node.kill();
      node.wipeData();
    },
    forMs: watchMs(scene).loss,
    cause: /refused|reset|closed|broke/i,
    bar: { afterAbleMs: KILLED_MS },
  });
}

/** A node without a disk takes a full copy (SST) from `donor`, which is not fit to take the traffic meanwhile. */
function donates(donor: GaleraNode, joiner: GaleraNode, scene: Scene): Fault {
  const { calm } = watchMs(scene);
  const settle = async () => {
    await joiner.waitSynced(NODES);
    await joiner.waitCheck(200);
    await sleep(calm);
  };
  const begin = () => joiner.start('join', donor.name);
  return {
    ...fault(donor, scene, `feeds ${joiner.name} (donor, SST)`, {
      begin,
      forMs: calm,
      cause: /donor/i,
      bar: {},
      isLoss: false,
    }),
    settle,
  };
}
