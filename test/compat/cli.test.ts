/**
 * The life of the process as whoever starts it sees it, on the real HAProxy 2.6 and on Fairlead: conditions, the daemon's
 * pid file, the master CLI, and a soft stop that waits. Exit codes of other calls are compared in test/cli.
 *
 * What differs, on purpose: Fairlead is one process, which answers as master and as worker: `show proc` names the same
 * pid twice.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Bed, named, same, who } from '../support/both.js';
import { systemTest } from '../support/peers.js';
import { Client, freePort } from '../support/proxy.js';

const FAIRLEAD = fileURLToPath(new URL('../../../bin/fairlead', import.meta.url));
const PROGRAMS = { haproxy: ['haproxy'], fairlead: [process.execPath, FAIRLEAD, 'haproxy'] };

function config(port: number, server: number): string {
  return `defaults\n  mode tcp\n  timeout connect 1s\n  timeout client 5s\n  timeout server 5s
listen l\n  bind 127.0.0.1:${port}\n  server s1 127.0.0.1:${server}\n`;
}

const CONDITIONS = [
  'true',
  'false',
  '1',
  '0',
  '',
  '!0',
  '!(version_atleast(99.0))',
  'version_before(99.0)',
  'defined(PATH)',
  'defined(NO_SUCH_VARIABLE)',
  'streq(a,a)',
  'streq(a,b)',
  'strneq(a,b)',
  'version_atleast(2.0)&&streq(a,a)',
  'streq(a,b)||streq(c,c)',
  'feature(NO_SUCH_FEATURE)',
  'nonsense',
];

systemTest('-cc: conditions', { commands: ['haproxy'] }, () => {
  const run = ([command, ...words]: string[], condition: string) => {
    const { status, stdout } = spawnSync(command, [...words, '-cc', condition], { encoding: 'utf8', timeout: 20_000 });
    return [condition, status, stdout];
  };
  for (const condition of CONDITIONS)
    assert.deepEqual(run(PROGRAMS.fairlead, condition), run(PROGRAMS.haproxy, condition));
});

function alive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

async function gone(pid: number): Promise<boolean> {
  for (const end = Date.now() + 8_000; alive(pid) && Date.now() < end; ) await sleep(20);
  return !alive(pid);
}

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'fl-cli-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

systemTest(
  '-D -p: the launcher returns 0, the pid file names the daemon, SIGUSR1 ends it',
  { commands: ['haproxy'] },
  async (t) => {
    const outcomes: unknown[] = [];
    for (const [command, ...words] of Object.values(PROGRAMS)) {
      const [dir, port, server] = [directory(t), await freePort(), await named('one')];
      writeFileSync(join(dir, 'a.cfg'), config(port, server.port));
      const pidfile = join(dir, 'pid');
      const args = [...words, '-D', '-p', pidfile, '-f', join(dir, 'a.cfg')];
      const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', timeout: 20_000 });
      const text = readFileSync(pidfile, 'utf8');
      t.after(() => alive(Number(text)) && process.kill(Number(text), 'SIGKILL'));
      const answer = await who(port);
      process.kill(Number(text), 'SIGUSR1');
      outcomes.push([status, stdout, text.replace(/\d+/, 'PID'), answer, await gone(Number(text)), await who(port)]);
    }
    assert.deepEqual(outcomes[1], outcomes[0]);
  },
);

async function lingering({ proxy, port }: Bed, signal: NodeJS.Signals) {
  const client = await new Client(port).text('one');
  proxy.child.kill(signal);
  await sleep(400);
  const meanwhile = [proxy.child.exitCode, await who(port)];
  if (signal === 'SIGUSR1') await client.send('still here').text('still here');
  client.end();
  await client.over();
  for (const end = Date.now() + 5_000; proxy.child.exitCode === null && Date.now() < end; ) await sleep(20);
  return [meanwhile, proxy.child.exitCode, proxy.child.signalCode];
}

for (const signal of ['SIGUSR1', 'SIGTERM', 'SIGINT'] as const)
  same({
    name: `-db, ${signal} while a client is connected`,
    prepare: async (port) => ({ text: config(port, (await named('one')).port), state: null }),
    scenario: (bed) => lingering(bed, signal),
  });

systemTest(
  '-W -S: show proc, a command of the worker, and reload on the master CLI',
  { commands: ['haproxy'] },
  async (t) => {
    const shapes: unknown[] = [];
    for (const [command, ...words] of Object.values(PROGRAMS)) {
      const [dir, port, server] = [directory(t), await freePort(), await named('one')];
      writeFileSync(join(dir, 'a.cfg'), config(port, server.port));
      const master = join(dir, 'm.sock');
      const pidfile = join(dir, 'pid');
      const args = [...words, '-W', '-D', '-S', master, '-p', pidfile, '-f', join(dir, 'a.cfg')];
      const { status } = spawnSync(command, args, { encoding: 'utf8', timeout: 20_000 });
      const pid = Number(readFileSync(pidfile, 'utf8').split('\n')[0]);
      t.after(() => alive(pid) && process.kill(pid, 'SIGKILL'));
      await sleep(500); // the real master listens a moment before it answers
      const ask = async (line: string) => (await new Client(master).send(`${line}\n`).end().over()).data.toString();
      const processes = (await ask('show proc')).replace(/\d+/g, 'N').replace(/ +/g, ' ');
      const version = (await ask('@1 show info')).split('\n')[0].split(':')[0];
      await ask('reload');
      await sleep(700);
      const answer = await who(port);
      process.kill(pid, 'SIGTERM');
      const table = processes.split('\n').map((line) => line.replace(/N\.N\S*/, 'VERSION').trim());
      shapes.push([status, table, version, answer, await gone(pid)]);
    }
    assert.deepEqual(shapes[1], shapes[0]);
  },
);
