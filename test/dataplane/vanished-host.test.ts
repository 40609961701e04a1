/**
 * A host that is cut off without a word. What was sent to it and not acknowledged waits in the kernel: after the host is
 * marked down nothing of it may arrive when the host returns, for somebody else is the primary by then.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemTest } from '../support/peers.js';
import { Client, freePort, serve, startProxy } from '../support/proxy.js';
import { VanishingHost } from '../support/vanishing-host.js';

const NEEDS = { commands: ['ip', 'nft'], root: true, timeoutMs: 60_000 };

/** Two ports of one host: sessions to `cut` are shut when it is marked down, those to `kept` are not. */
function config(address: string, [cut, kept]: readonly number[], ports: readonly number[]): string {
  return `global
  nbthread 2
  stats socket {SOCK} level admin
defaults
  mode tcp
  timeout connect 2s
  timeout client 60s
  timeout server 60s
listen cut
  bind 127.0.0.1:${ports[0]}
  server a ${address}:${cut} on-marked-down shutdown-sessions
listen kept
  bind 127.0.0.1:${ports[1]}
  server a ${address}:${kept}
`;
}

const heard = async (host: VanishingHost, port: number) => host.tell(`heard ${port}`);

async function hears(host: VanishingHost, port: number, text: string): Promise<void> {
  for (const end = Date.now() + 20_000; !(await heard(host, port)).includes(text); await sleep(20))
    assert.ok(Date.now() < end, `port ${port} never heard '${text}'`);
}

systemTest('bytes queued for a host that vanished do not reach it when it returns', NEEDS, async (t) => {
  const host = new VanishingHost();
  t.after(() => host.remove());
  const [cut, kept] = [5001, 5002];
  for (const port of [cut, kept]) assert.equal(await host.tell(`record ${host.address} ${port}`), 'listening');
  const ports = [await freePort(), await freePort()];
  const proxy = await startProxy('fairlead', config(host.address, [cut, kept], ports), ports);
  t.after(() => proxy.stop());
  const clients = ports.map((port) => new Client(port).send('before'));
  await hears(host, cut, 'before');
  await hears(host, kept, 'before');

  host.vanish();
  for (const client of clients) client.send('late');
  await proxy.ask('show info'); // the worker has had its turn
  const began = performance.now();
  for (const name of ['cut', 'kept']) await proxy.ask(`set server ${name}/a state maint`);
  await clients[0].over();
  assert.ok(performance.now() - began < 1000, 'the client sees the end at once');
  assert.equal(clients[0].error, '');

  host.comeBack();
  // The other session shows that the way is free again, and that what is not aborted does arrive.
  await hears(host, kept, 'late');
  assert.equal(await heard(host, cut), 'before');
  for (const client of clients) client.destroy();
});

systemTest(
  'bulk data for a host that vanished is discarded too, in the kernel and on the way there',
  NEEDS,
  async (t) => {
    const host = new VanishingHost(1);
    t.after(() => host.remove());
    for (const port of [5001, 5002]) await host.tell(`record ${host.address} ${port}`);
    const ports = [await freePort(), await freePort()];
    const proxy = await startProxy('fairlead', config(host.address, [5001, 5002], ports), ports);
    t.after(() => proxy.stop());
    const [client, other] = ports.map((port) => new Client(port).send('x'.repeat(100_000)));
    for (const port of [5001, 5002])
      for (const end = Date.now() + 20_000; (await heard(host, port)).length < 100_000; await sleep(20))
        assert.ok(Date.now() < end, 'the first part arrives');
    host.vanish();
    client.send(Buffer.alloc(8 << 20, 'y')); // more than the kernel takes: some of it is in the pipe of splice(2)
    other.send('later');
    await sleep(100);
    await proxy.ask('set server cut/a state maint');
    await client.over();
    host.comeBack();
    await hears(host, 5002, 'later');
    assert.equal((await heard(host, 5001)).includes('y'), false);
    client.destroy();
    other.destroy();
  },
);

systemTest('tcp-ut: a silent host is given up after that time, whatever the other limits', NEEDS, async (t) => {
  const host = new VanishingHost(2);
  t.after(() => host.remove());
  await host.tell(`record ${host.address} 5001`);
  const port = await freePort();
  const lines = ['listen l', `bind 127.0.0.1:${port}`, `server a ${host.address}:5001 tcp-ut 1s`];
  const limits = 'defaults\n mode tcp\n timeout connect 2s\n timeout client 50s\n timeout server 50s\n';
  const proxy = await startProxy('fairlead', `${limits}${lines.join('\n ')}`, [port]);
  t.after(() => proxy.stop());
  const client = new Client(port).send('before');
  await hears(host, 5001, 'before');
  host.vanish();
  const began = performance.now();
  await client.send('late').over(20_000);
  const tookMs = performance.now() - began;
  assert.ok(tookMs > 900 && tookMs < 10_000, `${tookMs} ms`);
  client.destroy();
});

systemTest(
  'a connection that is being made to a vanished host is made elsewhere once that is marked down',
  NEEDS,
  async (t) => {
    const host = new VanishingHost(3);
    t.after(() => host.remove());
    await host.tell(`serve ${host.address} 5001 a`);
    const other = await serve((socket) => void socket.write('b\n'));
    t.after(() => other.close());
    const port = await freePort();
    const text = `global
  nbthread 2
  stats socket {SOCK} level admin
defaults
  mode tcp
  timeout connect 30s
  timeout client 30s
  timeout server 30s
listen l
  bind 127.0.0.1:${port}
  # fairlead: balance single
  server a ${host.address}:5001
  server b 127.0.0.1:${other.port}
`;
    const proxy = await startProxy('fairlead', text, [port]);
    t.after(() => proxy.stop());
    await new Client(port).text('a\n');
    host.vanish();
    const clients = Array.from({ length: 10 }, () => new Client(port).send('hello'));
    for (const end = Date.now() + 10_000; !/^l,a,0,0,1[01],/m.test(await proxy.ask('show stat')); await sleep(10))
      assert.ok(Date.now() < end, await proxy.ask('show stat'));
    const began = performance.now();
    await proxy.ask('set server l/a state maint');
    for (const client of clients) await client.text('b\n');
    assert.ok(performance.now() - began < 1000, 'at once');
    for (const client of clients) client.destroy();
  },
);
