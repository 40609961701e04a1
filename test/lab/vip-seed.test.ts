/**
 * The ClusterControl installation's keepalived.conf on three hosts, unmodified but for what its text says to change on
 * each: the addresses and the priority. The middle host runs Fairlead, its neighbours HAProxy and keepalived; then the
 * other way round.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { REPOSITORY } from '../../lab/support/repository.js';
import { sleep } from '../../lab/support/wait.js';
import { addressOf, type PlaceName } from '../../lab/vip/network.js';
import type { Program } from '../../lab/vip/programs.js';
import { systemTest } from '../support/peers.js';
import { Routers, VIP_NEEDS } from './vip-routers.js';

const NEEDS = { ...VIP_NEEDS, commands: [...VIP_NEEDS.commands, 'haproxy', 'killall'], timeoutMs: 150_000 };

const SEED = join(REPOSITORY, 'test', 'config', 'keepalived', 'seeds', 'clustercontrol-vip.conf');
const PLACES = ['a', 'b', 'c'] as const;
const PRIORITY = { a: 102, b: 101, c: 100 } as const;
/** Three intervals of 1 s and the skew, a check every 2 s, and patience for a busy machine. */
const WITHIN_MS = 25_000;

systemTest('the seed file on three hosts: Fairlead between two keepalived', NEEDS, (t) =>
  goesRound(t, { a: 'keepalived', b: 'fairlead', c: 'keepalived' }),
);

systemTest('the seed file on three hosts: keepalived between two Fairlead', NEEDS, (t) =>
  goesRound(t, { a: 'fairlead', b: 'keepalived', c: 'fairlead' }),
);

type Programs = { readonly [place in (typeof PLACES)[number]]: Program };

async function goesRound(t: TestContext, programs: Programs): Promise<void> {
  const routers = await Routers.open(t, [...PLACES, 'backend']);
  for (const place of PLACES) startHost(routers, place, programs[place]);
  await routers.untilHeldBy(['a'], WITHIN_MS);
  await sleep(3000);
  assert.deepEqual(routers.holders(), ['a'], 'it stays with the highest priority');

  const killedMs = await proxyDies(routers, 'a', programs.a, 'b');
  const secondMs = await proxyDies(routers, 'b', programs.b, 'c');
  t.diagnostic(`proxies killed: ${programs.a} moved after ${killedMs} ms, ${programs.b} after ${secondMs} ms`);
  startHost(routers, 'b', programs.b);
  await routers.untilHeldBy(['b'], WITHIN_MS);
  startHost(routers, 'a', programs.a);
  await routers.untilHeldBy(['a'], WITHIN_MS);
}

/** @returns ms until the next host alone has the address */
async function proxyDies(routers: Routers, place: PlaceName, program: Program, next: PlaceName): Promise<number> {
  routers.signal(place, program === 'fairlead' ? 'fairlead alone' : 'haproxy', 'SIGKILL');
  return routers.untilHeldBy([next], WITHIN_MS);
}

function startHost(routers: Routers, place: (typeof PLACES)[number], program: Program): void {
  const proxy = seedProxy(place);
  if (program === 'keepalived') {
    const path = routers.sandbox.path(`${place}-seed.cfg`);
    routers.host(place).run('sh', ['-c', 'cat > "$0"', path], proxy);
    routers.host(place).start('haproxy', ['-db', '-f', path], { log: `${place}-haproxy.log` });
    if (routers.host(place).pids(/^keepalived /).length > 0) return;
  }
  routers.start(place, program, seedFile(place), proxy);
}

/** "IP addresses have to be configured properly and priority should be different on all of the nodes." */
function seedFile(place: (typeof PLACES)[number]): string {
  const text = readFileSync(SEED, 'utf8');
  const others = PLACES.filter((other) => other !== place).map((other) => addressOf(other));
  const file = text
    .replace('priority 102', `priority ${PRIORITY[place]}`)
    .replace('unicast_src_ip 10.0.0.101', `unicast_src_ip ${addressOf(place)}`)
    .replace('10.0.0.102\n10.0.0.103', others.join('\n'));
  assert.ok(place === 'a' ? file === text : file !== text, 'the file is the one that this test knows');
  return file;
}

/** That of the same installation, without what names accounts and fixed files of a machine. */
function seedProxy(place: PlaceName): string {
  return `global
  stats socket /run/fairlead.sock mode 600 level admin
  node haproxy_${addressOf(place)}
  maxconn 8192
  spread-checks 3
defaults
  mode tcp
  option dontlognull
  retries 3
  option redispatch
  maxconn 8192
  timeout check 10s
  timeout queue 3500ms
  timeout connect 3500ms
  timeout client 10800s
  timeout server 10800s
listen haproxy_${addressOf(place)}_81
  bind *:81
  mode tcp
  balance leastconn
  option httpchk
  default-server port 9201 inter 20s downinter 30s rise 2 fall 2 slowstart 60s maxconn 64 maxqueue 128 weight 100
  server 10.0.0.101 10.0.0.101:443 check
  server 10.0.0.102 10.0.0.102:443 check
  server 10.0.0.103 10.0.0.103:443 check
`;
}
