/** Addresses and the proxy that serves on them, in one process: rights, successors, health, sessions, routes. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { REPOSITORY } from '../../lab/support/repository.js';
import { run } from '../../lab/support/sandbox.js';
import { sleep, until } from '../../lab/support/wait.js';
import { INTERFACE, type PlaceName } from '../../lab/vip/network.js';
import { systemTest } from '../support/peers.js';
import { type Router, Routers, VIP, VIP_NEEDS } from './vip-routers.js';

const NEEDS = { ...VIP_NEEDS, timeoutMs: 60_000 };
const WITHIN_MS = 6000;
const TENTHS: Router = { version: 3, family: 4, transport: 'multicast', intervalS: 0.1, priority: 100 };
const FAIRLEAD = join(REPOSITORY, 'bin', 'fairlead');

/** Answers with the name of its host, on the virtual address too. */
function proxyFile(place: PlaceName, more = ''): string {
  return `global
  nbthread 1
  stats socket /run/fairlead.sock mode 600 level admin
${more}defaults
  mode http
  timeout connect 1s
  timeout client 20s
  timeout server 20s
frontend web
  bind ${VIP[4]}:80
  http-request return status 200 content-type text/plain string "${place}\\n"
`;
}

function startWith(routers: Routers, place: PlaceName, name: string, text: string): ChildProcess {
  const path = routers.sandbox.path(`${place}-${name}`);
  writeFileSync(path, text);
  return routers.host(place).start(process.execPath, [FAIRLEAD, 'run', '-q', '-f', path], { log: `${place}.log` });
}

/** @returns who answers on the virtual address; '' for nobody */
function whoServes(routers: Routers): string {
  try {
    return routers
      .host('client')
      .run('curl', ['-s', '-m', '1', `http://${VIP[4]}/`])
      .trim();
  } catch {
    return '';
  }
}

async function untilServedBy(routers: Routers, place: PlaceName): Promise<void> {
  await until(`${place} serves`, WITHIN_MS, async () => (whoServes(routers) === place ? true : undefined), 50);
}

systemTest('a daemon that gave root away takes the address over, and gives it up', NEEDS, async (t) => {
  const routers = await Routers.open(t, ['a', 'b', 'client']);
  const files = (place: PlaceName) => proxyFile(place, '  user nobody\n  group nogroup\n');
  routers.start('a', 'fairlead', routers.fileFor('a', { ...TENTHS, priority: 120 }, []), files('a'));
  await untilServedBy(routers, 'a');
  routers.start('b', 'fairlead', routers.fileFor('b', TENTHS, []), files('b'));
  await routers.untilStatus('b', 'listens', WITHIN_MS, ({ state }) => state === 'BACKUP');
  routers.signal('a', 'fairlead alone', 'SIGTERM');
  await untilServedBy(routers, 'b');
  await routers.ended('a', 'fairlead');
  assert.deepEqual(routers.holders(), ['b']);
});

systemTest('a successor (-sf) takes the addresses where they are: not one packet is lost', NEEDS, async (t) => {
  const routers = await Routers.open(t, ['a', 'client']);
  const vip = routers.writeFile('a', routers.fileFor('a', TENTHS, []));
  const proxy = routers.sandbox.path('a-haproxy.cfg');
  writeFileSync(proxy, proxyFile('a'));
  const words = [FAIRLEAD, 'haproxy', '-db', '-f', proxy, '-f', vip, '-p', '/run/haproxy.pid'];
  const pid = () => routers.host('a').run('cat', ['/run/haproxy.pid']).trim();
  const start = (more: string[], log: string) =>
    routers.host('a').start(process.execPath, [...words, ...more], { log });
  start([], 'first.log');
  await untilServedBy(routers, 'a');
  const first = pid();
  const pinging = ['-i', '0.005', '-w', '8', '-q', VIP[4]];
  const ping = routers.host('client').start('ping', pinging, { log: 'ping.log', pipe: true });
  const summary = textOf(ping);
  await sleep(300);
  start(['-sf', first], 'second.log');
  await until('the successor is there', 20_000, async () => (pid() === first ? undefined : true), 50);
  assert.match(await summary, / 0% packet loss/);
  const { state, transitions } = routers.instance('a');
  assert.deepEqual([state, transitions.map(({ to }) => to)], ['MASTER', ['MASTER']]);
});

function textOf(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.on('data', (bytes) => {
    text += String(bytes);
  });
  return new Promise((resolve) => child.once('close', () => resolve(text)));
}

/** fairlead.yaml: the address follows the health of what is served on it. */
function yamlFile(place: PlaceName, priority: number, more = ''): string {
  return `global: { stats-sockets: [ { address: /run/fairlead.sock, level: admin } ] }
services:
  web:
    bind: ${VIP[4]}:80
    check: { type: tcp, interval: 100ms, fall: 2, rise: 2 }
    servers: { ${place}: '127.0.0.1:8000' }
vips:
  web: { address: ${VIP[4]}/8, interface: ${INTERFACE}, id: 51, priority: ${priority}, interval: 100ms${more} }
`;
}

const SERVER = `
const { createServer } = require('node:http');
createServer((request, response) => response.end(process.argv[1] + '\\n')).listen(8000, '127.0.0.1');
`;

function startServer(routers: Routers, place: PlaceName): ChildProcess {
  return routers.host(place).start(process.execPath, ['-e', SERVER, place], { log: `${place}-server.log` });
}

systemTest('fairlead.yaml: no usable server behind the address, and it moves; it comes back', NEEDS, async (t) => {
  const routers = await Routers.open(t, ['a', 'b', 'client']);
  const [server] = [startServer(routers, 'a'), startServer(routers, 'b')];
  startWith(routers, 'a', 'fairlead.yaml', yamlFile('a', 120));
  await untilServedBy(routers, 'a');
  startWith(routers, 'b', 'fairlead.yaml', yamlFile('b', 110));
  await sleep(1500);
  const [pid] = routers.host('a').pids(/createServer/);
  process.kill(pid, 'SIGKILL');
  await untilServedBy(routers, 'b');
  assert.notEqual(server.pid, undefined);
  startServer(routers, 'a');
  await untilServedBy(routers, 'a');
});

/** A client that reads from the address until it is told that there is nothing more. */
const READER = `
const socket = require('node:net').connect(80, process.argv[1]);
socket.on('connect', () => console.log('open'));
socket.on('error', () => undefined);
socket.on('close', () => console.log('closed'));
`;

for (const [onLoss, count] of [
  ['close', 0],
  ['keep', 1],
] as const)
  systemTest(`on-loss: ${onLoss}: ${count} sessions left on an address that went away`, NEEDS, async (t) => {
    const routers = await Routers.open(t, ['a', 'client']);
    startServer(routers, 'a');
    startWith(routers, 'a', 'fairlead.yaml', yamlFile('a', 120, `, on-loss: ${onLoss}`));
    await untilServedBy(routers, 'a');
    routers.host('client').start(process.execPath, ['-e', READER, VIP[4]], { log: 'reader.log' });
    await until('the session is there', WITHIN_MS, async () => (sessions(routers) === 1 ? true : undefined), 50);
    routers.fairlead('a', ['vip', 'failover']);
    await routers.untilHeldBy([], WITHIN_MS);
    if (count === 0) await until('it ends', WITHIN_MS, async () => (sessions(routers) === 0 ? true : undefined), 50);
    await sleep(200);
    assert.equal(sessions(routers), count);
  });

function sessions(routers: Routers): number {
  const rows = JSON.parse(routers.fairlead('a', ['status', '--json'])) as { svname: string; scur: number }[];
  return rows.find(({ svname }) => svname === 'FRONTEND')?.scur ?? -1;
}

async function silenced(t: TestContext, arbiter: 'warn' | 'wait'): Promise<Routers> {
  const routers = await Routers.open(t, ['a', 'b', 'client']);
  startServer(routers, 'a');
  startServer(routers, 'b');
  startWith(routers, 'a', 'fairlead.yaml', yamlFile('a', 120));
  await untilServedBy(routers, 'a');
  startWith(routers, 'b', 'fairlead.yaml', yamlFile('b', 110, `, arbiter: ${arbiter}`));
  await routers.untilStatus('b', 'listens', WITHIN_MS, ({ state, owner }) => state === 'BACKUP' && owner !== null);
  // Advertisements alone are lost: the host itself answers as before.
  const rules = 'table ip cut {\nchain out { type filter hook output priority 0; ip protocol 112 drop; }\n}\n';
  run('ip', ['netns', 'exec', routers.host('a').namespace, 'nft', '-f', '-'], rules);
  return routers;
}

systemTest('arbiter: wait: nothing is taken from a router whose own address still answers', NEEDS, async (t) => {
  const routers = await silenced(t, 'wait');
  await sleep(1500);
  assert.deepEqual(routers.holders(), ['a']);
  routers.network.switch.cutOff('a');
  await routers.untilHeldBy(['a', 'b'], WITHIN_MS); // now nobody answers: the host may be gone
});

systemTest('arbiter: warn: it is taken, and the log says that the other one lives', NEEDS, async (t) => {
  const routers = await silenced(t, 'warn');
  await routers.untilHeldBy(['a', 'b'], WITHIN_MS);
  const events = routers.fairlead('b', ['events']);
  assert.match(events, /BACKUP -> MASTER/);
});

systemTest(
  'routes and rules come with the address, and go with it; a macvlan answers with the virtual MAC',
  NEEDS,
  async (t) => {
    const routers = await Routers.open(t, ['a', 'client']);
    const more = `  use_vmac
  virtual_routes {
    192.168.77.0/24 via 10.0.0.200
  }
  virtual_rules {
    from 192.168.77.0/24 table 77 preference 7700
  }`;
    routers.start('a', 'fairlead', routers.fileFor('a', { ...TENTHS, more, addresses: [`${VIP[4]}/8`] }, []));
    await routers.untilHeldBy(['a'], WITHIN_MS);
    const ip = (...words: string[]) => run('ip', ['-n', routers.host('a').namespace, ...words]);
    assert.match(ip('route'), /192\.168\.77\.0\/24 via 10\.0\.0\.200/);
    assert.match(ip('rule'), /7700:\s+from 192\.168\.77\.0\/24 lookup 77/);
    routers.host('client').run('ping', ['-c', '1', '-W', '1', VIP[4]]);
    const neighbours = run('ip', ['-n', routers.host('client').namespace, 'neigh', 'show', VIP[4]]);
    assert.match(neighbours, /00:00:5e:00:01:33/);
    ip('route', 'del', '192.168.77.0/24');
    await until(
      'the route is back',
      WITHIN_MS,
      async () => (ip('route').includes('192.168.77') ? true : undefined),
      50,
    );
    routers.signal('a', 'fairlead alone', 'SIGTERM');
    await routers.ended('a', 'fairlead');
    assert.doesNotMatch(`${ip('route')}${ip('rule')}${ip('-br', 'link')}`, /192\.168\.77|vrrp/);
  },
);

systemTest('the helper is killed: another one takes its place', NEEDS, async (t) => {
  const routers = await Routers.open(t, ['a']);
  routers.start('a', 'fairlead', routers.fileFor('a', TENTHS, []));
  await routers.untilHeldBy(['a'], WITHIN_MS);
  const [helper] = routers.host('a').pids(/\/vip\/helper\//);
  process.kill(helper, 'SIGKILL');
  await until('another helper', WITHIN_MS, async () => {
    const [now] = routers.host('a').pids(/\/vip\/helper\//);
    return now !== undefined && now !== helper && routers.status('a').thread.watchdogPid > 0 ? now : undefined;
  });
  await sleep(500);
  routers.signal('a', 'fairlead alone', 'SIGKILL');
  await routers.untilHeldBy([], 1000);
});

systemTest(
  'a reload takes a router away, and its program hears of it; the other one stays master',
  NEEDS,
  async (t) => {
    const routers = await Routers.open(t, ['a']);
    const heard = routers.sandbox.path('heard');
    const script = routers.sandbox.path('notify.sh');
    writeFileSync(script, `#!/bin/sh\necho "$@" >> ${heard}\n`, { mode: 0o755 });
    const one = routers.fileFor('a', TENTHS, []);
    const second = `vrrp_instance VI_2 {
  interface ${INTERFACE}
  virtual_router_id 52
  priority 100
  advert_int 0.1
  notify "${script}"
  virtual_ipaddress {
    10.0.0.131
  }
}
`;
    routers.start('a', 'fairlead', `${one}${second}`);
    await routers.untilHeldBy(['a'], WITHIN_MS);
    await routers.untilHeldBy(['a'], WITHIN_MS, '10.0.0.131');
    const since = routers.instance('a').sinceMs;
    routers.writeFile('a', one);
    routers.signal('a', 'fairlead alone', 'SIGHUP');
    await routers.untilHeldBy([], WITHIN_MS, '10.0.0.131');
    const lines = await until('the program hears', WITHIN_MS, async () => {
      const text = readFileSync(heard, 'utf8');
      return text.includes('FAULT') ? text.trim().split('\n') : undefined;
    });
    assert.deepEqual(
      lines,
      ['BACKUP', 'MASTER', 'FAULT'].map((state) => `INSTANCE VI_2 ${state} 100`),
    );
    assert.deepEqual(routers.holders(), ['a']);
    assert.equal(routers.instance('a').sinceMs, since);
  },
);
