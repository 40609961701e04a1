/** `option external-check`: what programs are told, and what their ends mean, on the real HAProxy and on Fairlead. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { healthLog, named, same } from '../support/both.js';
import { systemTest } from '../support/peers.js';
import { freePort, type RunningProxy, startProxy } from '../support/proxy.js';

/** Writes what it was told, then ends as its server's name says. */
const PROGRAM = `#!/bin/sh
{
  echo "args $# [$1] [$2] [$3] [$4]"
  /usr/bin/env | /usr/bin/sort
} > "\${0%/*}/told.$HAPROXY_PROXY_NAME.$HAPROXY_SERVER_NAME.tmp"
/bin/mv "\${0%/*}/told.$HAPROXY_PROXY_NAME.$HAPROXY_SERVER_NAME.tmp" "\${0%/*}/told.$HAPROXY_PROXY_NAME.$HAPROXY_SERVER_NAME"
case "$HAPROXY_SERVER_NAME" in
  fails) exit 3 ;;
  hangs) exec /bin/sleep 7 ;;
  killed) kill -9 $$ ;;
esac
exit 0
`;

interface Place {
  dir: string;
  listen: number;
  plain: number;
}

function prepared(): { dir: string; program: string } {
  const dir = mkdtempSync(join(tmpdir(), 'fl-external-'));
  const program = join(dir, 'check');
  writeFileSync(program, PROGRAM);
  chmodSync(program, 0o755);
  return { dir, program };
}

const config = (port: number, { dir, listen, plain }: Place) => `global
  stats socket {SOCK} level admin
  log {LOG} local0
  external-check
  insecure-fork-wanted
  max-spread-checks 200
defaults
  mode tcp
  log global
  option log-health-checks
  timeout connect 900ms
  timeout client 1s
  timeout server 1s
  timeout check 700ms
  option external-check
  external-check command ${dir}/check
  external-check path /usr/bin:/bin
  default-server inter 20s
frontend f
  bind 127.0.0.1:${port}
listen l
  bind 127.0.0.1:${listen}
  bind ${dir}/second.sock
  server passes 127.0.0.1:${plain} check maxconn 7
listen u
  bind ${dir}/first.sock
  server passes 127.0.0.1:${plain} check port 99 addr 127.0.0.9
backend b
  server fails 127.0.0.1:${plain} check
  server hangs 127.0.0.1:${plain} check
  server killed [::1]:4 check
  server passes ${dir}/server.sock check
backend none
  external-check command /nonexistent/program
  server passes 127.0.0.1:${plain} check`;

async function verdicts(proxy: RunningProxy): Promise<string[][]> {
  const lines = (await proxy.ask('show stat')).split('\n').map((line) => line.split(','));
  return lines
    .filter(([, name]) => name !== undefined && !['FRONTEND', 'BACKEND', 'svname'].includes(name))
    .map((fields) => [0, 1, 17, 36, 37, 56, 65, 69].map((i) => fields[i]));
}

async function decided(proxy: RunningProxy): Promise<string[][]> {
  for (let i = 0; i < 200; i++) {
    const rows = await verdicts(proxy);
    if (rows.every(([, , , status]) => !status.includes('INI'))) return rows;
    await sleep(50);
  }
  return verdicts(proxy);
}

/** Lines come in the order in which programs end, which is nobody's. */
const sorted = (lines: string[]) => lines.filter((line) => /^Health check/.test(line)).sort();

same<Place>({
  name: 'arguments, environment, ends and limits of time',
  prepare: async (port) => {
    const { dir } = prepared();
    const [listen, server] = [await freePort(), await named('s')];
    const place = { dir, listen, plain: server.port };
    return { text: config(port, place), state: place };
  },
  scenario: async ({ proxy }, { dir, listen, plain }) => {
    try {
      const rows = await decided(proxy);
      const told = ['l.passes', 'u.passes', 'b.fails', 'b.killed', 'b.passes'].map((name) => {
        const text = readFileSync(join(dir, `told.${name}`), 'utf8');
        return [
          name,
          text
            .replaceAll(dir, 'DIR')
            .replaceAll(String(listen), 'LISTEN')
            .replaceAll(String(plain), 'PLAIN')
            .replace(/^(PWD|_|OLDPWD|SHLVL)=.*\n/gm, ''),
        ];
      });
      return [rows, told, sorted(await healthLog(proxy))];
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
});

systemTest('a program that hangs is ended, and holds nobody up', { commands: [], timeoutMs: 30_000 }, async () => {
  const { dir } = prepared();
  const port = await freePort();
  const server = await named('s');
  const text = `global
  external-check
  insecure-fork-wanted
  stats socket {SOCK} level admin
defaults
  mode tcp
  timeout connect 1s
  timeout client 1s
  timeout server 1s
listen f
  bind 127.0.0.1:${port}
  server s 127.0.0.1:${server.port} check inter 100ms
backend b
  option external-check
  external-check command ${dir}/hang
  server a 127.0.0.1:${server.port} check inter 300ms fall 1
  server b 127.0.0.1:${server.port} check inter 300ms fall 1`;
  writeFileSync(join(dir, 'hang'), `#!/bin/sh\ntrap '' TERM\necho $$ >> ${dir}/pids\nwhile :; do /bin/sleep 1; done\n`);
  chmodSync(join(dir, 'hang'), 0o755);
  const proxy = await startProxy('fairlead', text, [port]);
  try {
    const find = async (name: string) => (await verdicts(proxy)).find((row) => row[0] + row[1] === name);
    for (let i = 0; i < 200 && (await find('bb'))?.[2] !== 'DOWN'; i++) await sleep(50);
    assert.deepEqual((await find('bb'))?.slice(2, 5), ['DOWN', 'PROCTOUT', '0']);
    assert.equal((await find('fs'))?.[3].replace('* ', ''), 'L4OK', 'others are checked meanwhile');
  } finally {
    await proxy.stop();
  }
  const pids = existsSync(join(dir, 'pids')) ? readFileSync(join(dir, 'pids'), 'utf8').trim().split('\n') : [];
  assert.ok(pids.length >= 2);
  for (let i = 0; i < 100 && pids.some(isAlive); i++) await sleep(30);
  assert.deepEqual(pids.filter(isAlive), [], 'nothing is left running');
  rmSync(dir, { recursive: true, force: true });
});

function isAlive(pid: string): boolean {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false; // gone
  }
}
