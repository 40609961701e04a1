/** The faults, in order, each with its end. A stretch of time belongs to the fault that began it. */
import { sleep } from '../support/wait.js';
import { NODES } from './cluster.js';
import { cutOff, heal } from './network.js';
import type { GaleraNode } from './node.js';

export interface Fault {
  readonly name: string;
  /** Node it happens to. */
  readonly node: GaleraNode;
  /** What the proxy should come to say of that server; null where it need not say anything. */
  readonly becomes: 'UP' | 'DOWN' | null;
  /** Makes it happen. */
  readonly begin: () => Promise<void> | void;
  /** Resolves when what it sets off is over; the writer is watched until then. */
  readonly settle: () => Promise<void>;
}

interface Pace {
  /** How long the writer is watched after a fault: longer than the checks' `inter` × `fall` (2 s × 3). */
  readonly watchMs: number;
  /** How long after a node answers 200 again: longer than `inter` × `rise` (2 s × 2). */
  readonly returnMs: number;
}

const QUICK: Pace = { watchMs: 7500, returnMs: 5000 };
const FULL: Pace = { watchMs: 12_000, returnMs: 8000 };

export function faults(nodes: readonly GaleraNode[], quick: boolean): Fault[] {
  const pace = quick ? QUICK : FULL;
  const [first, second, third] = nodes;
  const list = [
    steady(first, pace),
    killed(second, pace),
    returns('comes back after the kill (IST)', second, pace, () => second.start('recover')),
    { ...gone('is cut off', third, silent(pace)), begin: () => cutOff(third.namespace) },
    returns('is connected again', third, pace, () => heal(third.namespace)),
    { ...gone('is desynced', first, pace), begin: () => setDesync(first, true) },
    returns('is synced again', first, pace, () => setDesync(first, false)),
    { ...gone('is stopped in good order', second, pace), begin: () => second.stop() },
    returns('comes back (IST)', second, pace, () => second.start('join')),
  ];
  return quick ? list : [...list, ...newDisk(third, pace)];
}

/** A vanished host is noticed later than a refused connection: each check then runs into its time limit. */
function silent(pace: Pace): Pace {
  return { ...pace, watchMs: pace.watchMs + 5000 };
}

function steady(node: GaleraNode, pace: Pace): Fault {
  return { name: 'none', node, becomes: null, begin: () => undefined, settle: () => sleep(pace.returnMs) };
}

function killed(node: GaleraNode, pace: Pace): Fault {
  return { ...gone('is killed (SIGKILL)', node, pace), begin: () => node.kill() };
}

function gone(what: string, node: GaleraNode, pace: Pace): Omit<Fault, 'begin'> {
  return { name: `${node.name} ${what}`, node, becomes: 'DOWN', settle: () => sleep(pace.watchMs) };
}

function returns(what: string, node: GaleraNode, pace: Pace, begin: () => Promise<void> | void): Fault {
  const settle = async () => {
    await node.waitSynced(NODES);
    await node.waitCheck(200);
    await sleep(pace.returnMs);
  };
  return { name: `${node.name} ${what}`, node, becomes: 'UP', begin, settle };
}

/** A node that lost its disk takes a full copy from another, which is a Donor for that time. */
function newDisk(node: GaleraNode, pace: Pace): Fault[] {
  const wipe = async () => {
    await node.kill();
    node.wipeData();
  };
  return [
    { ...gone('loses its disk', node, pace), begin: wipe },
    returns('comes back empty (SST)', node, pace, () => node.start('join')),
  ];
}

async function setDesync(node: GaleraNode, on: boolean): Promise<void> {
  await node.query(`SET GLOBAL wsrep_desync = ${on ? 'ON' : 'OFF'}`);
}
