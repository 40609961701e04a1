/** Many who ask for the largest page and do not read it: memory stays bounded, and everybody else is served. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { freePort, startProxy } from '../support/proxy.js';
import { eventually } from '../support/side-by-side.js';

const SERVERS = 1000;
/** Of each, about 12 MB of JSON. */
const READERS = 60;
const MEGABYTE = 1024 * 1024;

const origin = createServer((_, response) => void response.end('ok'));
after(() => origin.close());

function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

function lazyReader(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  socket.pause();
  socket.write('GET /stats;json HTTP/1.1\r\nHost: a\r\n\r\n');
  return socket;
}

test('readers of the largest page that do not read', { timeout: 60_000 }, async (t) => {
  const [stats, site, web] = [await freePort(), await freePort(), await freePort()];
  origin.listen(web, '127.0.0.1');
  const many = Array.from({ length: SERVERS }, (_, i) => `  server s${i} 127.0.0.1:${web}`);
  const text = `global
  nbthread 1
  stats socket {SOCK} level admin
defaults
  mode http
  timeout connect 1s
  timeout client 30s
  timeout server 30s
listen statistics
  bind 127.0.0.1:${stats}
  stats enable
  stats uri /stats
listen site
  bind 127.0.0.1:${site}
  server w 127.0.0.1:${web}
backend many
${many.join('\n')}
`;
  const proxy = await startProxy('fairlead', text, [stats, site]);
  t.after(() => proxy.stop());
  const before = residentBytes(proxy.child.pid!);
  const readers = Array.from({ length: READERS }, () => lazyReader(stats));
  t.after(() => readers.forEach((socket) => void socket.destroy()));
  await eventually(async () => / hrsp_5xx=[1-9]/.test(await answered()), 30_000);
  const grown = residentBytes(proxy.child.pid!) - before;
  assert.ok(grown < 500 * MEGABYTE, `${Math.round(grown / MEGABYTE)} MB more than before`);
  assert.equal(await (await fetch(`http://127.0.0.1:${site}/`)).text(), 'ok');
  for (const socket of readers) socket.destroy();
  await eventually(async () => (await fetch(`http://127.0.0.1:${stats}/stats;json`)).status === 200, 20_000);

  async function answered(): Promise<string> {
    const [header, ...rows] = (await proxy.ask('show stat 2 1 -1')).split('\n');
    const at = header.split(',').indexOf('hrsp_5xx');
    return ` hrsp_5xx=${rows.find((row) => row.startsWith('statistics,FRONTEND'))?.split(',')[at]}`;
  }
});
