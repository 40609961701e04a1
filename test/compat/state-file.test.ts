/** Server state files, and limits on the rate of sessions, the same on the real HAProxy and on Fairlead. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseStat } from '../../src/control/stats-client.js';
import { Client, type RunningProxy, serve } from '../support/proxy.js';
import { HEAD, same } from '../support/side-by-side.js';

const dir = mkdtempSync(join(tmpdir(), 'fl-state-'));
after(() => rmSync(dir, { recursive: true }));
const server = await serve((s) => s.end('x'));
server.server.unref();

/** id, name, operational and administrative state, weight, initial weight, seconds, check state, port */
type Line = readonly [number, string, number, number, number, number, number, number, number];

function stateFile(name: string, backend: string, lines: readonly Line[], version = '1'): void {
  const rows = lines.map(
    ([id, srv, op, admin, weight, initial, since, check, port]) =>
      `2 ${backend} ${id} ${srv} 127.0.0.1 ${op} ${admin} ${weight} ${initial} ${since} 6 3 4 ${check} 0 0 0 - ${port} - 0 0 - - 0`,
  );
  writeFileSync(join(dir, name), `${[version, '# be_id be_name …', ...rows].join('\n')}\n`);
}

const P = server.port;
const LINES: Line[] = [
  [1, 'a', 0, 0, 1, 1, 100, 6, P],
  [2, 'b', 2, 8, 1, 1, 200, 6, P],
  [3, 'c', 2, 0, 5, 10, 300, 0, P],
  [4, 'd', 2, 1, 1, 1, 400, 6, P],
  [5, 'e', 2, 0, 5, 20, 500, 0, P],
  [6, 'f', 2, 0, 1, 1, 600, 0, 9],
  [7, 'g', 2, 4, 1, 1, 700, 0, P],
  [8, 'gone', 0, 1, 1, 1, 800, 0, P],
];
stateFile('all', 'l', LINES);
stateFile('l', 'l', LINES);
stateFile('old', 'l', LINES, '7');

const head = (text: string) => HEAD.replace('defaults\n', `  ${text}\ndefaults\n`);
const SERVERS = [
  'a check inter 60s',
  'b check inter 60s',
  'c weight 10',
  'd check inter 60s',
  'e weight 10',
  'f',
  'g disabled',
].map((text) => `  server ${text.replace(' ', ` 127.0.0.1:${P} `).replace(/^(\w)$/, `$1 127.0.0.1:${P}`)}\n`);
const listen = (port: number, line: string) => `listen l\n  bind 127.0.0.1:${port}\n  ${line}\n${SERVERS.join('')}`;

/** Name, states, weights and port of each server; the states without what a first check may have changed. */
async function states(proxy: RunningProxy): Promise<string[]> {
  const rows = (await proxy.ask('show servers state')).split('\n').filter((row) => row.startsWith('2 '));
  return rows.map((row) => {
    const f = row.split(' ');
    return [f[3], f[5], f[6], f[7], f[8], Math.round(Number(f[9]) / 50), Number(f[13]) & 7, f[18]].join(' ');
  });
}

for (const [name, text, line] of [
  ['the file of all backends', `server-state-file ${dir}/all`, 'load-server-state-from-file global'],
  ['a file below a base', `server-state-base ${dir}\n  server-state-file all`, 'load-server-state-from-file global'],
  ['a file of its own, named after the backend', `server-state-base ${dir}`, 'load-server-state-from-file local'],
  ['a file of its own', `server-state-base ${dir}`, 'load-server-state-from-file local\n  server-state-file-name all'],
  ['a file that nobody asked for', `server-state-file ${dir}/all`, 'load-server-state-from-file none'],
  ['a file that is not there', `server-state-file ${dir}/none`, 'load-server-state-from-file global'],
  ['a file of another version', `server-state-file ${dir}/old`, 'load-server-state-from-file global'],
] as const)
  same(
    `server states: ${name}`,
    (port) => listen(port, line),
    async ({ proxy }) => states(proxy),
    { head: head(text) },
  );

same(
  'maxsessrate makes sessions wait for the next second',
  (port) => `listen l\n  bind 127.0.0.1:${port}\n  server s 127.0.0.1:${P}\n`,
  async ({ proxy, port }) => {
    const before = (await proxy.ask('show info')).match(/SessRateLimit: .*/)?.[0];
    const change = await proxy.ask('set rate-limit sessions global 2');
    await sleep(1000 - (Date.now() % 1000) + 50);
    const clients = Array.from({ length: 5 }, () => new Client(port));
    await sleep(400);
    const soon = clients.filter((c) => c.data.length > 0).length;
    for (const c of clients) await c.over();
    const limit = (await proxy.ask('show info')).match(/SessRateLimit: .*/)?.[0];
    return [before, change, soon <= 2, limit];
  },
  { head: head('maxsessrate 50') },
);

same(
  'a chain of servers that follow each other names the one that is followed directly',
  (port) =>
    `listen l\n  bind 127.0.0.1:${port}\n  server a 127.0.0.1:${P} check inter 60s\nbackend k\n  server b 127.0.0.1:${P} track l/a\nbackend j\n  server c 127.0.0.1:${P} track k/b\n`,
  async ({ proxy }) => {
    await proxy.ask('set server l/a state maint');
    await sleep(300);
    const rows = parseStat(await proxy.ask('show stat'));
    const said = proxy
      .output()
      .split('\n')
      .filter((line) => /MAINT|maintenance|available/.test(line));
    return [rows.map((row) => `${row.svname} ${row.status}`), said.map((line) => line.replace(/\(\d+\)/, '')).sort()];
  },
);
