/** The write and the read address of a service in front of a real Redis primary and its replica, through faults. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { fairlead, file, until, workDirectory } from '../daemon/program.js';
import { startRedis, startRedisReplica } from '../support/databases.js';
import { systemTest } from '../support/peers.js';
import { Client, freePort } from '../support/proxy.js';

const NEEDS = { commands: ['redis-server'], timeoutMs: 60_000 };

/** A session that has asked which role its server has. */
class Asker {
  readonly client: Client;

  constructor(port: number) {
    this.client = new Client(port);
  }

  /** @returns `master`, `slave`, or `none` where the session ended */
  async role(): Promise<string> {
    this.client.data = Buffer.alloc(0);
    this.client.send('ROLE\r\n');
    await this.client.until(
      (c) => /\r\n(master|slave)\r\n/.test(c.data.toString()) || c.ended || c.error !== '',
      15_000,
    );
    return /\r\n(master|slave)\r\n/.exec(this.client.data.toString())?.[1] ?? 'none';
  }
}

async function ask(port: number): Promise<string> {
  const asker = new Asker(port);
  try {
    return await asker.role();
  } finally {
    asker.client.destroy();
  }
}

systemTest('writers meet the primary, readers a replica, and the primary where none is fit', NEEDS, async (t) => {
  const first = await startRedis();
  t.after(() => first.close());
  const second = await startRedisReplica(first);
  t.after(() => second.close());
  const [write, read] = [await freePort(), await freePort()];
  const text = `global: { threads: 2 }
services:
  kv:
    timeouts: { connect: 2s, client: 30s, server: 30s }
    check: { type: redis, interval: 100ms }
    servers: { one: '127.0.0.1:${first.port}', two: '127.0.0.1:${second.port}' }
    write: 127.0.0.1:${write}
    read: { bind: '127.0.0.1:${read}', primary-as-fallback: true }
`;
  const running = fairlead(t, 'run', '-f', file(workDirectory(t), 'fairlead.yaml', text));
  const serves = (port: number, role: string) =>
    until(
      `${role} on ${port === write ? 'write' : 'read'}\n${running.output()}`,
      async () => (await ask(port)) === role,
    );

  await t.test('from the start', async () => {
    await serves(write, 'master');
    await serves(read, 'slave');
    for (let i = 0; i < 4; i++) assert.deepEqual([await ask(write), await ask(read)], ['master', 'slave']);
  });

  await t.test('the replica goes: readers go to the primary, and back', async () => {
    await second.stop();
    await serves(read, 'master');
    await second.start();
    await serves(read, 'slave');
  });

  await t.test('the primary dies: the other one is promoted, writers follow, their sessions end', async () => {
    const held = new Asker(write);
    assert.equal(await held.role(), 'master');
    await first.kill();
    assert.equal(await held.role(), 'none');
    await second.command('REPLICAOF', 'NO', 'ONE');
    const able = performance.now();
    let tries = 0;
    while ((await ask(write)) !== 'master') {
      tries++;
      await sleep(10);
    }
    const tookMs = performance.now() - able;
    assert.ok(tookMs < 1000, `${tookMs} ms and ${tries} failed attempts`);
    t.diagnostic(`${Math.round(tookMs)} ms after the promotion, ${tries} failed attempts`);
    await serves(read, 'master');
  });

  await t.test('a demoted primary loses its sessions', async () => {
    const held = new Asker(write);
    assert.equal(await held.role(), 'master');
    await second.command('REPLICAOF', '127.0.0.1', '1');
    await held.client.over();
    held.client.destroy();
  });
});
