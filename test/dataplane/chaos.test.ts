/**
 * Servers that come, go, refuse and reset while an operator changes his mind and many clients knock: whatever happens,
 * nothing leaks (every gauge is back at zero when the clients have gone), and the proxy serves on. SEED=n replays.
 */
import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseStat } from '../../src/control/stats-client.js';
import { Client, freePort, type RunningProxy, startProxy } from '../support/proxy.js';

const SEED = Number(process.env.SEED ?? 1);
const CLIENTS = 30;
const FAULTS = 40;

/** mulberry32. */
function generator(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A server that can be away (refuses), and whose sessions can be reset. */
class Fickle {
  private server: Server | null = null;
  private readonly sockets = new Set<Socket>();

  private constructor(
    readonly name: string,
    readonly port: number,
  ) {}

  static async start(name: string): Promise<Fickle> {
    const fickle = new Fickle(name, await freePort());
    fickle.come();
    return fickle;
  }

  come(): void {
    if (this.server !== null) return;
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      socket.write(`${this.name}\n`);
      socket.pipe(socket);
    });
    this.server.on('error', () => undefined); // the port may still be busy for a moment: it is away then
    this.server.listen(this.port, '127.0.0.1');
  }

  /** As when the process is killed. */
  go(): void {
    this.server?.close();
    this.server = null;
    this.reset();
  }

  reset(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  get isThere(): boolean {
    return (this.server?.address() as AddressInfo | null) != null;
  }
}

function config(balance: string, servers: readonly Fickle[], port: number): string {
  const lines = servers.map((s) => `  server ${s.name} 127.0.0.1:${s.port} maxconn 8`);
  return `global
  nbthread 2
  stats socket {SOCK} level admin
defaults
  mode tcp
  timeout connect 1s
  timeout client 5s
  timeout server 5s
  timeout queue 500ms
listen l
  bind 127.0.0.1:${port}
  ${balance}
  default-server check inter 40 fall 1 rise 1 on-marked-down shutdown-sessions
${lines.join('\n')}`;
}

async function knock(port: number, seed: number, isOver: () => boolean): Promise<number> {
  const random = generator(seed);
  let served = 0;
  while (!isOver()) {
    const client = new Client(port);
    await client.until((c) => c.data.length > 0 || c.ended || c.error !== '' || isOver(), 15_000);
    if (client.data.length > 0) served++;
    if (client.data.length > 0 && random() < 0.5) client.send('x'.repeat(Math.floor(random() * 200_000)));
    await sleep(random() * 60);
    if (random() < 0.3) client.reset();
    else client.destroy();
  }
  return served;
}

async function upset(servers: readonly Fickle[], proxy: RunningProxy, random: () => number): Promise<void> {
  const server = servers[Math.floor(random() * servers.length)];
  const act = Math.floor(random() * 7);
  if (act === 0) server.go();
  else if (act === 1) server.reset();
  else if (act < 4) server.come();
  else if (act === 4) await proxy.ask(`set server l/${server.name} state maint`);
  else if (act === 5) await proxy.ask(`set server l/${server.name} state ready`);
  else await proxy.ask(`choose server l/${server.name}`);
  await sleep(random() * 80);
}

/** Gauges of all rows that are not zero. */
async function gauges(proxy: RunningProxy): Promise<string[]> {
  const rows = parseStat(await proxy.ask('show stat'));
  return rows
    .filter((row) => Number(row.scur) + Number(row.qcur || 0) !== 0)
    .map((row) => `${row.svname} ${row.scur}/${row.qcur}`);
}

// The last one calls its servers fit whatever they do: connections find out, and go where they can.
for (const balance of [
  '# fairlead: balance single',
  '# fairlead: balance single failback',
  'balance leastconn\n  # fairlead: check exec command=/bin/true interval=200ms',
])
  test(`${balance.replace('\n ', ',')} (SEED=${SEED})`, { timeout: 60_000 }, async (t) => {
    const servers = await Promise.all(['a', 'b', 'c'].map((name) => Fickle.start(name)));
    const port = await freePort();
    const proxy = await startProxy('fairlead', config(balance, servers, port), [port]);
    t.after(() => proxy.stop());
    const random = generator(SEED);
    let isOver = false;
    const knocking = Array.from({ length: CLIENTS }, (_, i) => knock(port, SEED * 1000 + i, () => isOver));
    for (let n = 0; n < FAULTS; n++) await upset(servers, proxy, random);
    isOver = true;
    const served = (await Promise.all(knocking)).reduce((sum, each) => sum + each, 0);
    assert.ok(served > CLIENTS, `${served} were served`);
    for (const end = Date.now() + 10_000; (await gauges(proxy)).length > 0; await sleep(50))
      assert.ok(Date.now() < end, `left: ${await gauges(proxy)}`);
    for (const server of servers) {
      await proxy.ask(`set server l/${server.name} state ready`);
      for (const end = Date.now() + 10_000; !server.isThere; await sleep(20)) {
        server.come();
        assert.ok(Date.now() < end);
      }
    }
    for (const end = Date.now() + 10_000; !/^l,BACKEND,.*,UP,/m.test(await proxy.ask('show stat')); await sleep(50))
      assert.ok(Date.now() < end);
    for (let i = 0; i < 10; i++) (await new Client(port).text('\n')).destroy();
    for (const server of servers) server.go();
    assert.equal(proxy.child.exitCode, null, proxy.output());
    assert.doesNotMatch(proxy.output(), /Error|stopped unexpectedly/);
  });
