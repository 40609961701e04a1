/**
 * `lab postgres`: a real primary and its streaming standby, Fairlead and the seed's HAProxy in front of the same pair at
 * the same time, a writer through each and one straight to the database, faults; then the last primary is asked for
 * every write.
 */
import type { Way } from '../support/fault.js';
import { lostWrites, staleWrites } from '../support/measure.js';
import { startProxy } from '../support/proxy.js';
import type { WayTotal } from '../support/report.js';
import type { Sandbox } from '../support/sandbox.js';
import { type LabOptions, runLab, type Stage } from '../support/scenario-run.js';
import type { Attempt } from '../support/writer.js';
import { startWriter } from '../support/writer-process.js';
import { fairleadFile, SEED_FILE, SERVICE, SERVICE_PORT } from './files.js';
import { DATABASE_PORT, PROXY_ADDRESS, postgresNetwork } from './network.js';
import { ACCOUNTS } from './node-config.js';
import { Pair } from './pair.js';
import { faults } from './scenario.js';

export function runPostgres(options: LabOptions): Promise<number> {
  return runLab('postgres', options, async (sandbox, say) => {
    say('making a primary and its standby');
    const namespaces = postgresNetwork(sandbox);
    const pair = new Pair(sandbox, namespaces);
    const names = [...options.proxies, 'floor'] as const;
    await pair.start(names.map(tableOf));
    const proxies = options.proxies.map((name) => {
      const file =
        name === 'haproxy' ? SEED_FILE : fairleadFile(sandbox, options.files, pair.password, options.interval);
      // `write:` and `read:` of fairlead.yaml are two proxies.
      const service = file.endsWith('.yaml') ? `${SERVICE}-write` : SERVICE;
      return startProxy(sandbox, namespaces.get(name)!, name, file, service);
    });
    const ways = names.map((name) => openWay(sandbox, namespaces.get('client')!, name, pair));
    const floor = ways[ways.length - 1].writer;
    const script = faults({ pair, proxies, floor, quick: options.quick, intervalMs: options.interval });
    return { ways, proxies, faults: script, judge: (way) => judge(way, pair) } satisfies Stage;
  });
}

function tableOf(way: string): string {
  return `lab.${way}`;
}

function openWay(sandbox: Sandbox, namespace: string, name: Way['name'], pair: Pair): Way {
  const straight = { host: pair.primary.address, port: DATABASE_PORT };
  const where = name === 'floor' ? straight : { host: PROXY_ADDRESS[name], port: SERVICE_PORT };
  const login = { user: ACCOUNTS.writer, password: '', table: tableOf(name) };
  const writer = startWriter(sandbox, namespace, { database: 'postgres', ...where, ...login }, `writer-${name}.log`);
  return { name, writer };
}

/** SQLSTATE read_only_sql_transaction: the write reached a standby. */
const READ_ONLY = '25006';

function isRefusedByStandby({ error }: Attempt): boolean {
  return error?.startsWith(READ_ONLY) === true;
}

async function judge(
  { name, writer: { attempts } }: Way,
  pair: Pair,
): Promise<Pick<WayTotal, 'lostWrites' | 'nonPrimaryWrites' | 'staleWrites'>> {
  const stale = staleWrites(attempts, pair.reigns).length;
  return {
    lostWrites: lostWrites(attempts, await pair.heldIds(tableOf(name))).length,
    nonPrimaryWrites: attempts.filter(isRefusedByStandby).length + stale,
    staleWrites: stale,
  };
}
