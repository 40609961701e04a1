/**
 * `bench l7`: mode http next to HAProxy. The path is looked at by ten ACLs, the last of which holds, and the request
 * leaves with X-Forwarded-For; then idle keep-alive connections, and the statistics of 1,000 servers under load.
 */

import { freePort } from '../lab/support/ports.js';
import type { Sandbox } from '../lab/support/sandbox.js';
import { measurePage, type Page, pageTable } from './l7-statistics.js';
import { startBackend } from './support/backend.js';
import { type Running, startOnFile } from './support/contestants.js';
import { type Cost, costTable, measureCosts } from './support/costs.js';
import { type Idle, idleTable, measureIdle } from './support/idle.js';
import { type BenchOptions, runBench } from './support/session.js';
import { atMost, type Verdict } from './support/verdict.js';

type Program = 'fairlead' | 'haproxy';

interface L7Options extends BenchOptions {
  readonly proxies: readonly string[];
}

interface Figures {
  readonly costs: Map<string, Cost>;
  readonly idle: Map<string, Idle>;
  readonly pages: Map<string, Page>;
}

const ROUTES = 10;
const CONNECTIONS_MAX = 9500;
const IDLE_CONNECTIONS = { quick: 2000, full: 9000 };

export function benchL7(options: L7Options): Promise<number> {
  const programs = options.proxies.filter((name): name is Program => name === 'fairlead' || name === 'haproxy');
  return runBench('l7', options, async (sandbox, say) => {
    const backend = await startBackend(sandbox);
    const running: Running[] = [];
    for (const name of programs) running.push(await startRouter(sandbox, name, backend));
    const costs = await measureCosts(running, options.quick, say, `/route${ROUTES}/items?page=2`);
    const idle = new Map<string, Idle>();
    for (const proxy of running) {
      say(`${proxy.name}: idle keep-alive connections`);
      idle.set(proxy.name, await measureIdle(proxy, IDLE_CONNECTIONS[options.quick ? 'quick' : 'full'], true));
      proxy.process.kill('SIGKILL');
    }
    const pages = new Map<string, Page>();
    for (const name of programs) {
      say(`${name}: the statistics of 1,000 servers`);
      pages.set(name, await measurePage(sandbox, name, backend));
    }
    return report({ costs, idle, pages });
  });
}

async function startRouter(sandbox: Sandbox, name: Program, backend: number): Promise<Running> {
  const port = await freePort();
  const routes = Array.from({ length: ROUTES }, (_, i) => i + 1);
  const text = `global
  maxconn ${CONNECTIONS_MAX}
  nbthread 1
defaults
  mode http
  option forwardfor
  timeout connect 5s
  timeout client 600s
  timeout server 600s
frontend bench
  bind 127.0.0.1:${port}
${routes.map((n) => `  acl route${n} path_beg /route${n}/\n`).join('')}${routes.map((n) => `  use_backend b${n} if route${n}\n`).join('')}  default_backend rest
backend rest
  server s1 127.0.0.1:${backend}
${routes.map((n) => `backend b${n}\n  server s1 127.0.0.1:${backend}\n`).join('')}`;
  return startOnFile(sandbox, name, text, port);
}

function report({ costs, idle, pages }: Figures) {
  const text = [costTable('one worker, http', costs), '', idleTable(idle), '', pageTable(pages)];
  return {
    figures: { costs: Object.fromEntries(costs), idle: Object.fromEntries(idle), pages: Object.fromEntries(pages) },
    text: text.join('\n'),
    verdicts: verdicts({ costs, idle, pages }),
  };
}

function verdicts({ costs, idle, pages }: Figures): Verdict[] {
  const found: Verdict[] = [];
  const [ours, base] = [costs.get('fairlead'), costs.get('haproxy')];
  const unit = '× HAProxy';
  if (ours !== undefined && base !== undefined)
    found.push(
      atMost('CPU per keep-alive request', ours.requestUs / base.requestUs, 1.1, unit),
      atMost('p99 latency', ours.p99Ms / base.p99Ms, 1.1, unit),
      atMost('CPU per new connection and request', ours.connectionUs / base.connectionUs, 1.1, unit),
      atMost('CPU per GB of bodies', ours.gigabyteMs / base.gigabyteMs, 0.5, unit),
    );
  if (ours !== undefined) found.push(atMost('errors', ours.errors, 0, 'in all rounds'));
  const each = idle.get('fairlead');
  if (each !== undefined) found.push(atMost('an idle keep-alive connection', each.perConnectionKib, 3, 'KiB'));
  const [page, theirs] = [pages.get('fairlead'), pages.get('haproxy')];
  if (page !== undefined) found.push(atMost('CSV of 1,000 servers', page.medianMs, 50, 'ms'));
  if (page !== undefined && theirs !== undefined)
    found.push(atMost('p99 of traffic while the CSV is read', page.loadedP99Ms / theirs.loadedP99Ms, 1.1, unit));
  return found;
}
