/**
 * `lab galera`: three real Galera nodes, Fairlead and the seed's HAProxy in front of them at the same time, a writer
 * through each and one straight to a node, faults; then every node is asked for every write.
 */
import type { Way } from '../support/fault.js';
import { lostWrites } from '../support/measure.js';
import { startProxy } from '../support/proxy.js';
import type { FaultRow, WayTotal } from '../support/report.js';
import type { Sandbox } from '../support/sandbox.js';
import { type LabOptions, runLab } from '../support/scenario-run.js';
import type { Attempt } from '../support/writer.js';
import { startWriter } from '../support/writer-process.js';
import { heldIds, NODES, startCluster, WRITER } from './cluster.js';
import { fairleadFile, SEED_FILE, SERVICE } from './files.js';
import { clientHost, galeraNetwork, nodeHost, SERVICE_ADDRESS } from './network.js';
import type { GaleraNode } from './node.js';
import { DATABASE_PORT } from './node-config.js';
import { faults } from './scenario.js';
import { StateLog } from './state-log.js';

/** The floor meets the loss of the group at its next attempt, which may wait for a while before it is refused. */
const GROUP_LOST_MS = 1000;

export interface GaleraOptions extends LabOptions {
  readonly suspectSeconds: number;
}

export function runGalera(options: GaleraOptions): Promise<number> {
  return runLab('galera', options, async (sandbox, say) => {
    const namespaces = galeraNetwork(sandbox, NODES);
    const hosts = Array.from({ length: NODES }, (_, n) => namespaces.get(nodeHost(n))!);
    const names = [...options.proxies, 'floor'] as const;
    const nodes = await startCluster(sandbox, hosts, options.suspectSeconds, names.map(tableOf), say);
    const proxies = options.proxies.map((name) => {
      const file = name === 'haproxy' ? SEED_FILE : fairleadFile(sandbox, options.files, options.interval);
      return startProxy(sandbox, namespaces.get(name)!, name, file, SERVICE);
    });
    const ways = names.map((name) => openWay(sandbox, namespaces, name, nodes));
    const floor = ways[ways.length - 1].writer;
    const log = new StateLog(nodes);
    return {
      ways,
      proxies,
      faults: faults({ nodes, proxies, floor, quick: options.quick, intervalMs: options.interval }),
      finish: () => log.stop(),
      judge: (way) => judge(way, nodes, floor.attempts),
      notes: (rows) => whyAttemptsFailed(rows, log),
    };
  });
}

function tableOf(way: string): string {
  return `lab.${way}`;
}

function openWay(
  sandbox: Sandbox,
  namespaces: ReadonlyMap<string, string>,
  name: Way['name'],
  nodes: readonly GaleraNode[],
): Way {
  const straight = { host: nodes[0].address(), from: clientHost('fairlead') };
  const { host, from } = name === 'floor' ? straight : { host: SERVICE_ADDRESS, from: clientHost(name) };
  const target = { database: 'mysql', host, port: DATABASE_PORT, ...WRITER, table: tableOf(name) } as const;
  return { name, writer: startWriter(sandbox, namespaces.get(from)!, target, `writer-${name}.log`) };
}

/**
 * ER_UNKNOWN_COM_ERROR: `WSREP has not yet prepared node for application use`. Of new connections alone: the seed's file
 * does not ask to end the sessions of a server that went down, so a held one meets this in its own time.
 */
function isRefusedByGroup({ kind, error }: Attempt): boolean {
  return kind === 'new' && error?.startsWith('ER_UNKNOWN_COM_ERROR') === true;
}

async function judge(
  { name, writer: { attempts } }: Way,
  nodes: readonly GaleraNode[],
  floor: readonly Attempt[],
): Promise<Pick<WayTotal, 'lostWrites' | 'nonPrimaryWrites' | 'staleWrites'>> {
  const lost = new Set<number>();
  for (const node of nodes) for (const id of lostWrites(attempts, await heldIds(node, tableOf(name)))) lost.add(id);
  // A node outside the primary component acknowledges nothing: there are no stale writes in Galera but lost ones.
  const refused = attempts.filter((attempt) => isRefusedByGroup(attempt) && !isGroupLost(floor, attempt));
  return { lostWrites: lost.size, nonPrimaryWrites: refused.length, staleWrites: 0 };
}

/** The floor failed as well: for a moment there was no primary component, and no node to choose instead. */
function isGroupLost(floor: readonly Attempt[], { startedAt, endedAt }: Attempt): boolean {
  const isNear = (one: Attempt) => one.endedAt >= startedAt - GROUP_LOST_MS && one.startedAt <= endedAt + GROUP_LOST_MS;
  return floor.some((one) => !one.acknowledged && isNear(one));
}

/** For each fault that cost an attempt where none should: what every node said of itself meanwhile. */
function whyAttemptsFailed(rows: readonly FaultRow[], log: StateLog): string[] {
  return rows
    .filter((row) => Object.values(row.ways).some((way) => way.fresh.failed > 0))
    .flatMap((row) => [
      `${row.fault}: what the nodes said`,
      ...log.between(row.fromMs, row.fromMs + row.seconds * 1000),
      '',
    ]);
}
