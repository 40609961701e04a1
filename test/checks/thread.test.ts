/** The health thread in a running Fairlead: bad servers, unix sockets, reloads under way, sessions shut by a marked-down server. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, freePort, type RunningProxy, serve, startProxy } from '../support/proxy.js';

const GLOBAL = `global
  log {LOG} local0 debug
  stats socket {SOCK} level admin
  max-spread-checks 50
defaults
  mode tcp
  log global
  timeout connect 1s
  timeout client 10s
  timeout server 10s
  timeout check 2s
`;

/** Columns of one row of `show stat`, by name. */
async function stat(proxy: RunningProxy, name: string): Promise<{ [column: string]: string }> {
  const [head, ...lines] = (await proxy.ask('show stat')).split('\n').map(fieldsOf);
  const row = lines.find((fields) => `${fields[0]}/${fields[1]}` === name);
  assert.ok(row, `${name} is not in show stat`);
  return Object.fromEntries(head.map((column, i) => [column.replace('# ', ''), row[i]]));
}

function fieldsOf(line: string): string[] {
  return [...line.matchAll(/("(?:[^"]|"")*"|[^,]*),/g)].map((match) => match[1]);
}

async function until(proxy: RunningProxy, name: string, wanted: RegExp, timeoutMs = 8000): Promise<void> {
  let seen = '';
  for (const end = Date.now() + timeoutMs; Date.now() < end; await sleep(20)) {
    const row = await stat(proxy, name);
    seen = `${row.status} ${row.check_status} ${row.last_chk}`;
    if (wanted.test(seen)) return;
  }
  throw new Error(`${name} is '${seen}', not ${wanted}`);
}

function residentKiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

/** Writes for as long as somebody reads. */
function flood(socket: Socket): void {
  const chunk = Buffer.alloc(65_536, 'x');
  const more = () => {
    while (socket.writable && socket.write(chunk));
  };
  socket.on('drain', more);
  more();
}

test('endless answers: a verdict after a buffer, and no growth', { timeout: 60_000 }, async () => {
  const server = await serve(flood);
  const front = await freePort();
  const servers = Array.from({ length: 40 }, (_, i) => `  server s${i} 127.0.0.1:${server.port} check inter 100ms`);
  const proxy = await startProxy(
    'fairlead',
    `${GLOBAL}listen front
  bind 127.0.0.1:${front}
  option tcp-check
  tcp-check connect
  tcp-check expect string never
${servers.join('\n')}`,
    [front],
  );
  try {
    await until(proxy, 'front/s39', /^DOWN (\* )?L7RSP TCPCHK did not match content 'never' at step 2/);
    const before = residentKiB(proxy.child.pid!);
    await sleep(3000);
    assert.ok(residentKiB(proxy.child.pid!) - before < 40_000, 'resident memory grows under endless answers');
  } finally {
    await proxy.stop();
    server.close();
  }
});

test('a unix socket is checked like any other server', { timeout: 60_000 }, async () => {
  const front = await freePort();
  const path = `/tmp/fl-check-${process.pid}.sock`;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\n'));
  });
  server.listen(path);
  await once(server, 'listening');
  const proxy = await startProxy(
    'fairlead',
    `${GLOBAL}listen front
  bind 127.0.0.1:${front}
  option httpchk
  server u unix@${path} check inter 200ms
  server gone unix@${path}.gone check inter 200ms`,
    [front],
  );
  try {
    await until(proxy, 'front/u', /^UP (\* )?L7OK/);
    await until(proxy, 'front/gone', /^DOWN (\* )?L4CON No such file or directory/);
    server.close();
    await until(proxy, 'front/u', /^DOWN (\* )?L4CON/);
  } finally {
    await proxy.stop();
    server.close();
  }
});

test('marked down: its sessions end at once', { timeout: 60_000 }, async () => {
  let isWell = true;
  const server = await serve((socket) => {
    socket.on('data', (data) => {
      if (String(data).startsWith('OPTIONS')) socket.end(`HTTP/1.0 ${isWell ? 200 : 503} x\r\n\r\n`);
      else socket.write('hello');
    });
  });
  const front = await freePort();
  const proxy = await startProxy(
    'fairlead',
    `${GLOBAL}listen front
  bind 127.0.0.1:${front}
  option httpchk
  server a 127.0.0.1:${server.port} check inter 100ms fall 2 on-marked-down shutdown-sessions`,
    [front],
  );
  try {
    await until(proxy, 'front/a', /^UP (\* )?L7OK/);
    const client = await new Client(front).send('hi').text('hello');
    isWell = false;
    await client.over(3000);
    await until(proxy, 'front/a', /^DOWN/);
  } finally {
    await proxy.stop();
    server.close();
  }
});

/** Servers of which the second one holds its checks for good. */
function reloaded(front: number, ports: number[], names: string): string {
  const servers = [...names].map((name, i) => `  server ${name} 127.0.0.1:${ports[i]} check inter 300ms`);
  return `listen front\n  bind 127.0.0.1:${front}\n  option httpchk\n${servers.join('\n')}\n`;
}

test('reload: health and counters stay, a check of a server that left is cancelled', { timeout: 60_000 }, async () => {
  const sick = await serve((socket) => void socket.on('data', () => socket.end('HTTP/1.0 503 Sick\r\n\r\n')));
  const holding = await serve(() => undefined);
  const front = await freePort();
  const body = (names: string) => reloaded(front, [sick.port, holding.port], names);
  const proxy = await startProxy('fairlead', GLOBAL + body('ab'), [front]);
  const file = join(proxy.dir, 'haproxy.cfg');
  try {
    await until(proxy, 'front/a', /^DOWN (\* )?L7STS Sick/);
    for (const end = Date.now() + 3000; holding.sockets.size === 0 && Date.now() < end; ) await sleep(10);
    assert.equal(holding.sockets.size, 1, 'a check of b is under way');
    const before = await stat(proxy, 'front/a');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.slice(0, text.indexOf('listen front')) + body('a'));
    const logsBefore = proxy.logs.length;
    proxy.child.kill('SIGHUP');
    for (const end = Date.now() + 5000; Date.now() < end; await sleep(20))
      if (!(await proxy.ask('show stat')).includes('front,b,')) break;
    await sleep(200);
    const after = await stat(proxy, 'front/a');
    for (const column of ['status', 'chkfail', 'chkdown', 'check_status', 'check_health', 'last_chk'])
      assert.equal(after[column].replace('* ', ''), before[column].replace('* ', ''), column);
    assert.equal(holding.sockets.size, 0, 'the check of b is gone');
    assert.equal(proxy.logs.slice(logsBefore).filter((line) => / is (UP|DOWN)/.test(line)).length, 0);
  } finally {
    await proxy.stop();
    sick.close();
    holding.close();
  }
});
