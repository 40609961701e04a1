/** Two workers against one. The load and the backend share the machine's cores, so work per request says more than speed. */

import { freePort } from '../lab/support/ports.js';
import type { Sandbox } from '../lab/support/sandbox.js';
import { haproxyFile, startOnFile } from './support/contestants.js';
import { cpuMs, threadCpuMs } from './support/process-figures.js';
import { wrk } from './support/wrk.js';

interface Workers {
  readonly perSecond: number;
  readonly requestUs: number;
  /** Share of the CPU time that the busiest thread used, 0..1. */
  readonly busiestShare: number;
}

export interface Scaling {
  readonly one: Workers;
  readonly two: Workers;
}

export async function measureScaling(sandbox: Sandbox, backend: number, seconds: number): Promise<Scaling> {
  return { one: await withWorkers(sandbox, backend, seconds, 1), two: await withWorkers(sandbox, backend, seconds, 2) };
}

async function withWorkers(sandbox: Sandbox, backend: number, seconds: number, workers: number): Promise<Workers> {
  const port = await freePort();
  const proxy = await startOnFile(sandbox, 'fairlead', haproxyFile(port, workers, backend), port);
  await wrk({ port, connections: 64, seconds: 1, close: false });
  const before = cpuMs(proxy.pid);
  const threadsBefore = threadCpuMs(proxy.pid);
  const { requests, perSecond } = await wrk({ port, connections: 64, seconds, close: false });
  const ms = cpuMs(proxy.pid) - before;
  const busiest = Math.max(...[...threadCpuMs(proxy.pid)].map(([tid, now]) => now - (threadsBefore.get(tid) ?? 0)));
  proxy.process.kill('SIGKILL');
  return { perSecond, requestUs: (ms * 1000) / requests, busiestShare: busiest / ms };
}

export function scalingText({ one, two }: Scaling): string {
  const speed = `${Math.round(two.perSecond)} requests/s against ${Math.round(one.perSecond)}`;
  const cost = `${two.requestUs.toFixed(2)} µs CPU per request against ${one.requestUs.toFixed(2)}`;
  return `two workers: ${speed}; ${cost}; the busier does ${(two.busiestShare * 100).toFixed(0)} % of the work`;
}
