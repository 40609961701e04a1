/** Servers that are down, silent, slow, senseless or somebody else: each check ends in time with a reason. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../lab/support/ports.js';
import type { RoleCheck } from '../../../src/config/model.js';
import { PASSWORD, type Place, session } from './sessions.js';

const KINDS = ['galera', 'mysql', 'postgres', 'redis', 'patroni'] as const;
const TIMEOUT_MS = 300;

async function server(t: TestContext, handle: (socket: Socket) => void): Promise<Place> {
  const sockets = new Set<Socket>();
  const listening = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    handle(socket);
  });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    listening.close();
  });
  return { host: '127.0.0.1', port: (listening.address() as AddressInfo).port };
}

for (const kind of KINDS)
  describe(kind, () => {
    const settings: Partial<RoleCheck> = { timeoutMs: TIMEOUT_MS };
    const open = (t: TestContext, place: Place) => session(t, kind, place, settings);

    test('nobody listens', async (t) => {
      const port = await freePort();
      const report = await open(t, { host: '127.0.0.1', port }).ask();
      const expected = `connection refused${kind === 'patroni' ? ` at REST port ${port}` : ''}`;
      assert.deepEqual([report.text, report.status, report.role], [expected, 8, 'unknown']);
    });

    test('a unix socket that is not there', async (t) =>
      assert.equal(
        await open(t, { host: '/nowhere/at-all', port: 0 }).outcome(),
        'L4CON there is no socket /nowhere/at-all',
      ));

    test('accepts and says nothing', async (t) => {
      const check = open(t, await server(t, () => {}));
      const report = await check.ask();
      assert.equal(report.status, 12, report.text);
      assert.match(report.text, /^(connected, and )?no .+ within 300 ms$/);
      assert.ok(report.durationMs >= TIMEOUT_MS && report.durationMs < TIMEOUT_MS + 2000, `${report.durationMs} ms`);
      assert.equal((await check.ask()).status, 12, 'and again');
    });

    test('sends one byte at a time', async (t) => {
      const place = await server(t, (socket) => {
        const timer = setInterval(() => socket.write(kind === 'patroni' ? 'H' : 'R'), 100);
        socket.on('close', () => clearInterval(timer));
      });
      const report = await open(t, place).ask();
      assert.ok([12, 13].includes(report.status), report.text);
      assert.ok(report.durationMs < TIMEOUT_MS + 2000, `${report.durationMs} ms`);
    });

    test('closes at once', async (t) => {
      const report = await open(t, await server(t, (socket) => socket.end())).ask();
      assert.match(report.text, /closed the connection|connection reset/);
      assert.equal(report.status, 13);
    });

    test('resets at once', async (t) => {
      const report = await open(t, await server(t, (socket) => socket.resetAndDestroy())).ask();
      assert.match(report.text, /connection reset|closed the connection|connection was closed/);
    });

    test('repeats what it is told', async (t) => {
      const report = await open(t, await server(t, (socket) => socket.pipe(socket))).ask();
      assert.ok(!report.text.includes(PASSWORD), report.text);
      assert.ok(report.status === 13 || report.status === 12 || report.status === 11, report.text);
    });

    test('floods', async (t) => {
      const flood = Buffer.alloc(1_000_000, 'x');
      const place = await server(t, (socket) => {
        socket.on('drain', () => socket.write(flood));
        socket.write(flood);
        socket.on('data', () => {});
      });
      const report = await open(t, place).ask();
      assert.equal(report.status, 13, report.text);
      assert.match(report.text, /xxxx/);
    });

    test('is heard of no more once closed', async (t) => {
      const check = open(t, await server(t, () => {}));
      let isAnswered = false;
      check.held.check(() => {
        isAnswered = true;
      });
      check.held.close();
      await sleep(TIMEOUT_MS + 100);
      assert.ok(!isAnswered);
      assert.equal(check.broken(), 0);
    });
  });

describe('whoever asks', () => {
  test('is never answered at once', async (t) => {
    const check = session(t, 'redis', { host: '127.0.0.1', port: await freePort() }, {}, null);
    let isSync = true;
    await new Promise<void>((resolve) => {
      check.held.check(() => {
        assert.ok(!isSync);
        resolve();
      });
      isSync = false;
    });
  });

  test('may not ask twice at a time', async (t) => {
    const check = session(t, 'redis', await server(t, () => {}), { timeoutMs: 100 }, null);
    const first = check.ask();
    assert.throws(() => check.held.check(() => {}), /a check is under way/);
    await first;
  });
});

describe('a second login that is refused while the session is asked', () => {
  test('is said when that check is over, and not before', async (t) => {
    const info = 'role:master\r\n';
    let connections = 0;
    const place = await server(t, (socket) => {
      if (++connections === 2) return void socket.resetAndDestroy();
      socket.on('data', () => setTimeout(() => socket.write(`$${info.length}\r\n${info}\r\n+PONG\r\n`), 100));
    });
    const check = session(t, 'redis', place, { timeoutMs: 500 }, null);
    assert.equal(await check.outcome(), 'L7OK primary');
    const answer = check.ask();
    check.held.renew();
    await sleep(50);
    assert.deepEqual([connections, check.broken()], [2, 0]);
    assert.equal((await answer).text, 'primary');
    assert.equal(check.broken(), 1);
  });
});

describe('a server whose login takes longer than a check may', () => {
  test('is taken up by the next check instead of being asked anew', async (t) => {
    let connections = 0;
    const info = 'role:master\r\n';
    const place = await server(t, (socket) => {
      connections++;
      socket.once('data', async () => {
        await sleep(450);
        socket.on('data', () => socket.write(`$${info.length}\r\n${info}\r\n+PONG\r\n`));
        socket.write('+OK\r\n');
      });
    });
    const check = session(t, 'redis', place, { timeoutMs: 300 });
    assert.match(await check.outcome(), /^L7TOUT connected, and no answer to AUTH within 300 ms$/);
    assert.equal(await check.outcome(), 'L7OK primary');
    assert.equal(connections, 1);
  });
});

test('a password that the server says back, in whatever field, is in no report', async (t) => {
  for (const [info, ping] of [
    ['role:master\r\n', `+${PASSWORD}`],
    [`role:${PASSWORD}\r\n`, '+PONG'],
    [`role:master\r\nconnected_slaves:${PASSWORD}\r\n`, '+PONG'],
  ]) {
    const place = await server(t, (socket) => {
      socket.once('data', () => {
        socket.on('data', () => socket.write(`$${info.length}\r\n${info}\r\n${ping}\r\n`));
        socket.write('+OK\r\n');
      });
    });
    const { text } = await session(t, 'redis', place).ask();
    assert.match(text, /\*\*\*/);
    assert.ok(!text.includes(PASSWORD), text);
  }
});
