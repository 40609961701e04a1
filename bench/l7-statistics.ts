/** The CSV of 1,000 servers: how long it takes, and what traffic feels of it, next to HAProxy. */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../lab/support/ports.js';
import type { Sandbox } from '../lab/support/sandbox.js';
import { formatTable } from '../lab/support/table.js';
import { startOnFile } from './support/contestants.js';
import { median } from './support/statistics.js';
import { wrk } from './support/wrk.js';

export interface Page {
  readonly medianMs: number;
  readonly worstMs: number;
  readonly bytes: number;
  /** p99 of keep-alive requests beside it, without and with a reader. */
  readonly quietP99Ms: number;
  readonly loadedP99Ms: number;
}

const SERVERS = 1000;
const READS = 21;
/** A scraper in a hurry: ten times a second. */
const PAUSE_MS = 100;
const SECONDS = 6;
/** Some 1,700 requests a second: a machine that is busy to the brim would delay them whatever the proxy does. */
const CONNECTIONS = 8;
const THINK_MS = 4;

export async function measurePage(sandbox: Sandbox, name: 'fairlead' | 'haproxy', backend: number): Promise<Page> {
  const port = await freePort();
  const proxy = await startOnFile(sandbox, name, file(port, backend), port);
  await read(port);
  const times: number[] = [];
  let bytes = 0;
  for (let n = 0; n < READS; n++) {
    const begun = performance.now();
    bytes = await read(port);
    times.push(performance.now() - begun);
  }
  const script = sandbox.path('think.lua');
  writeFileSync(script, `function delay() return ${THINK_MS} end\n`);
  const load = { port, connections: CONNECTIONS, seconds: SECONDS, script };
  await wrk({ ...load, seconds: 1 });
  const quiet = await wrk(load);
  const [loaded] = await Promise.all([wrk(load), readFor(port, SECONDS * 1000)]);
  proxy.process.kill('SIGKILL');
  return {
    medianMs: median(times),
    worstMs: Math.max(...times),
    bytes,
    quietP99Ms: quiet.p99Ms,
    loadedP99Ms: loaded.p99Ms,
  };
}

async function readFor(port: number, ms: number): Promise<void> {
  for (const end = performance.now() + ms; performance.now() < end; await sleep(PAUSE_MS)) await read(port);
}

async function read(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/stats;csv`);
  const text = await response.text();
  if (!text.includes(`many,s${SERVERS},`)) throw new Error(`not the statistics of ${SERVERS} servers`);
  return text.length;
}

function file(port: number, backend: number): string {
  const servers = Array.from({ length: SERVERS }, (_, i) => `  server s${i + 1} 127.0.0.1:${backend}\n`);
  return `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
listen bench
  bind 127.0.0.1:${port}
  stats uri /stats
  server s1 127.0.0.1:${backend}
backend many
${servers.join('')}`;
}

export function pageTable(pages: ReadonlyMap<string, Page>): string {
  const header = [`CSV of ${SERVERS} servers`, 'KiB', 'median ms', 'worst ms', 'p99 ms of traffic', 'while it is read'];
  const rows = [...pages].map(([name, { bytes, medianMs, worstMs, quietP99Ms, loadedP99Ms }]) => [
    name,
    (bytes / 1024).toFixed(0),
    medianMs.toFixed(1),
    worstMs.toFixed(1),
    quietP99Ms.toFixed(2),
    loadedP99Ms.toFixed(2),
  ]);
  return formatTable(header, rows);
}
