/** Redis behind a write and a read address: one session for both, no use of an address that was not asked, two masters. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Redis, startRedis, startRedisReplica } from '../support/databases.js';
import { systemTest } from '../support/peers.js';
import { freePort, type RunningProxy, startProxy } from '../support/proxy.js';

const NEEDS = { commands: ['redis-server'] };
const PATIENCE_MS = 10_000;
let r1: Redis;
let r2: Redis;
let proxy: RunningProxy;
let writePort = 0;
let readPort = 0;

before(async () => {
  r1 = await startRedis({ password: 'geheim' });
  r2 = await startRedisReplica(r1, { password: 'geheim' });
  writePort = await freePort();
  readPort = await freePort();
  proxy = await startProxy('fairlead', configuration(), [writePort, readPort]);
  await until('r1 takes writes', async () => (await who(writePort)) === r1.port);
  await until('r2 serves readers', async () => (await who(readPort)) === r2.port);
});

/** @param more lines of servers of the write address */
function configuration(more = ''): string {
  const servers = ` server r1 127.0.0.1:${r1.port} check\n server r2 127.0.0.1:${r2.port} check\n`;
  return `global
 stats socket {SOCK} level admin
 log {LOG} local0
defaults
 mode tcp
 log global
 timeout connect 1s
 timeout client 10s
 timeout server 10s
listen write
 bind 127.0.0.1:${writePort}
 # fairlead: check redis password=geheim
${servers}${more}listen read
 bind 127.0.0.1:${readPort}
 # fairlead: check redis role=replica primary-as-fallback password=geheim
${servers}`;
}

async function reload(text: string): Promise<void> {
  const filled = text.replaceAll('{SOCK}', proxy.socket).replace(/^ log \{LOG\}.*\n/m, '');
  writeFileSync(join(proxy.dir, 'haproxy.cfg'), `${filled}\n`);
  assert.match(await proxy.ask('reload'), /Configuration reloaded/);
}

after(async () => {
  await proxy?.stop();
  await r1?.close();
  await r2?.close();
});

/** @returns the port of the server that answers there, 0 when nobody does */
async function who(port: number): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  let answer = '';
  socket.on('data', (bytes) => {
    answer += bytes;
    if (/\r\nport\r\n\$\d+\r\n\d+\r\n/.test(answer)) socket.destroy();
  });
  socket.setTimeout(1000, () => socket.destroy());
  socket.write('AUTH geheim\r\nCONFIG GET port\r\n');
  await new Promise((resolve) => socket.once('close', resolve));
  return Number(/\r\nport\r\n\$\d+\r\n(\d+)/.exec(answer)?.[1] ?? 0);
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(10)) if (await holds()) return;
  throw new Error(`waited in vain: ${what}\n${proxy.logs.join('\n')}\n${proxy.output()}`);
}

systemTest('a read and a write address over one set of servers share one session with each', NEEDS, async () => {
  const clients = (await r2.command('CLIENT', 'LIST'))
    .split('\n')
    .filter((line) => /flags=N .*cmd=(info|ping)/.test(line));
  assert.equal(clients.length, 1, clients.join('\n'));
  assert.doesNotMatch(`${await proxy.ask('show stat')}${proxy.logs.join()}${proxy.output()}`, /geheim/);
});

systemTest('the primary serves readers while no replica does', NEEDS, async () => {
  await proxy.ask('set server read/r2 state maint');
  await until('the primary stands in', async () => (await who(readPort)) === r1.port);
  await proxy.ask('set server read/r2 state ready');
  await until('the replica serves again', async () => (await who(readPort)) === r2.port);
});

systemTest('a server at another address is not used before it was asked there', NEEDS, async () => {
  const moved = who(writePort);
  await proxy.ask(`set server write/r1 addr 127.0.0.1 port ${r2.port}`);
  await moved;
  for (const end = Date.now() + 500; Date.now() < end; ) assert.equal(await who(writePort), 0);
  await proxy.ask(`set server write/r1 addr 127.0.0.1 port ${r1.port}`);
  await until('r1 takes writes again', async () => (await who(writePort)) === r1.port);
});

systemTest(
  'a former primary that comes back with a history of its own stays out, until it is settled',
  NEEDS,
  async () => {
    await r1.kill();
    await r2.command('REPLICAOF', 'NO', 'ONE');
    await until('r2 takes writes', async () => (await who(writePort)) === r2.port);
    await r1.start();
    await proxy.log(/write\/r1 says it may take writes and is kept out: stale primary: r2 took over/);
    assert.match(proxy.output(), /^\[ALERT\] .*write\/r1 says it may take writes/m);
    for (let i = 0; i < 20; i++) {
      assert.equal(await who(writePort), r2.port);
      await sleep(10);
    }
    assert.match(await proxy.ask('settle backend nosuch'), /No such backend/);
    assert.match(await proxy.ask('settle backend write server r1'), /^\s*$/);
    await until('r1 takes writes, as decided', async () => (await who(writePort)) === r1.port);
    for (let i = 0; i < 10; i++) assert.equal(await who(writePort), r1.port);
  },
);

systemTest('a reload keeps what is known of claims, and nobody it adds is used unasked', NEEDS, async () => {
  const strange = await startRedis({ password: 'geheim' });
  const dead = await freePort();
  try {
    const answers: number[] = [];
    const during = (async () => {
      for (const end = Date.now() + 800; Date.now() < end; ) answers.push(await who(writePort));
    })();
    await reload(configuration(` server r3 127.0.0.1:${strange.port} check\n server r4 127.0.0.1:${dead} check\n`));
    await during;
    assert.deepEqual([...new Set(answers)], [r1.port]);
  } finally {
    await strange.close();
  }
});
