/** Clients and servers that misbehave: memory stays bounded, a line says what happened, the others are served. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, freePort, type RunningProxy, serve, startProxy } from '../support/proxy.js';

const echo = await serve((s) => {
  s.pipe(s);
});
echo.server.unref();

function config(port: number, backend: number, extra = '', global = ''): string {
  return `global
  nbthread 2
  maxconn 2000
  stats socket {SOCK} level admin
  log {LOG} local0
  ${global}
defaults
  mode tcp
  log global
  option tcplog
  timeout connect 1s
  timeout client 10s
  timeout server 10s
  timeout check 1s
listen l
  bind 127.0.0.1:${port}
  server s1 127.0.0.1:${backend}
  ${extra}
`;
}

async function withProxy(
  text: (port: number) => string,
  body: (proxy: RunningProxy, port: number) => Promise<void>,
): Promise<void> {
  const port = await freePort();
  const proxy = await startProxy('fairlead', text(port), [port]);
  try {
    await body(proxy, port);
  } finally {
    await proxy.stop();
  }
}

function residentKiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]);
}

async function isServed(port: number, within = 15_000): Promise<void> {
  const c = await new Client(port).send('alive?').until((x) => x.data.includes('alive?'), within);
  c.destroy();
}

test('clients that never read do not make memory grow, and the others are served', { timeout: 60_000 }, async () => {
  const pour = await serve((s) => {
    s.unref();
    const chunk = Buffer.alloc(65_536, 'x');
    const more = () => {
      while (s.writable && s.write(chunk));
    };
    s.on('drain', more);
    s.once('data', (d) => (d.includes('pour') ? more() : s.end(d)));
  });
  pour.server.unref();
  await withProxy(
    (port) => config(port, pour.port),
    async (proxy, port) => {
      await sleep(200);
      const before = residentKiB(proxy.child.pid!);
      const deaf: Socket[] = [];
      for (let i = 0; i < 50; i++) {
        const socket = connect(port, '127.0.0.1');
        socket.pause();
        socket.on('error', () => undefined);
        socket.write('pour');
        deaf.push(socket);
      }
      await sleep(1500);
      await isServed(port);
      const grown = residentKiB(proxy.child.pid!) - before;
      for (const socket of deaf) socket.destroy();
      assert.ok(grown < 60_000, `memory grew by ${grown} KiB for 50 clients that do not read`);
    },
  );
  pour.close();
});

test('a server that accepts and says nothing costs its session alone', { timeout: 30_000 }, async () => {
  const silent = await serve((s) => {
    s.unref();
  });
  silent.server.unref();
  await withProxy(
    (port) => config(port, silent.port, 'timeout server 500ms'),
    async (proxy, port) => {
      const c = await new Client(port).send('hello').over();
      assert.equal(c.data.length, 0);
      await proxy.log(/ sD /);
    },
  );
  silent.close();
});

test('hundreds of half-open clients are cheap, and end at the time limit', { timeout: 30_000 }, async () => {
  await withProxy(
    (port) => config(port, echo.port, 'timeout client 1s'),
    async (proxy, port) => {
      const idle = Array.from({ length: 500 }, () => new Client(port));
      await isServed(port);
      await Promise.all(idle.map((c) => c.over(8000)));
      const stat = await proxy.ask('show stat');
      const frontend = stat.split('\n').find((line) => line.startsWith('l,FRONTEND'))!;
      assert.equal(frontend.split(',')[4], '0', 'sessions left over');
      for (const c of idle) c.destroy();
    },
  );
});

test('descriptors run out: the proxy says so, serves who is in, and recovers', { timeout: 60_000 }, async () => {
  await withProxy(
    (port) => config(port, echo.port),
    async (proxy, port) => {
      await isServed(port);
      const inside = await new Client(port).send('inside').text('inside');
      const used = Number(spawnSync('sh', ['-c', `ls /proc/${proxy.child.pid}/fd | wc -l`]).stdout);
      spawnSync('prlimit', ['--pid', String(proxy.child.pid), `--nofile=${used + 20}:${used + 20}`]);
      const crowd = Array.from({ length: 60 }, () => new Client(port).send('x'));
      await sleep(500);
      inside.send(' still').text(' still');
      await inside.text('still');
      assert.match(proxy.output() + proxy.logs.join('\n'), /descriptors/);
      for (const c of crowd) c.destroy();
      await sleep(300);
      await isServed(port, 5000);
      inside.destroy();
    },
  );
});

test('a port that is taken is named, and the program exits with 1', { timeout: 30_000 }, async () => {
  await assert.rejects(startProxy('fairlead', config(echo.port, echo.port), [await freePort()]), (error: Error) => {
    assert.match(error.message, /exited with 1/);
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${echo.port}`));
    return true;
  });
});
