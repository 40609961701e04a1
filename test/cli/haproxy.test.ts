/**
 * HAProxy's command line: the same call to the real HAProxy 2.6 and to Fairlead must end with the same exit code and,
 * where scripts look, say the same words.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AF_UNIX, MSG_DONTWAIT, SOCK_DGRAM } from '../../src/linux/constants.js';
import { NativeBuffer } from '../../src/linux/memory.js';
import { SockAddr } from '../../src/linux/sockaddr.js';
import { bindSocket, close, recv, socket } from '../../src/linux/syscalls.js';
import { ask, BIN, file, freePort, listenConfig, nameServer, start, until, workDirectory } from '../daemon/program.js';
import { systemTest } from '../support/peers.js';

/** A directory with `haproxy` (Fairlead under HAProxy's name) and some configurations. */
async function setUp(t: TestContext) {
  const directory = workDirectory(t);
  const fairlead = join(directory, 'haproxy');
  symlinkSync(BIN, fairlead);
  const [port, server] = [await freePort(), await nameServer(t, 'one')];
  const good = listenConfig(port, [server]);
  file(directory, 'good.cfg', good);
  file(directory, 'bad.cfg', good.replace('mode tcp', 'mood tcp'));
  file(directory, 'warn.cfg', good.replace(/^ {2}timeout.*\n/gm, ''));
  file(directory, 'none.cfg', 'defaults\n  mode tcp\n');
  mkdirSync(join(directory, 'conf.d'));
  file(directory, 'conf.d/10.cfg', good);
  return { directory, fairlead, port, server, good };
}

// Arguments that end by themselves; {…} of standard output that must be equal.
const CALLS: { args: string; stdout?: boolean }[] = [
  { args: '-c -f good.cfg', stdout: true },
  { args: '-c -q -f good.cfg', stdout: true },
  { args: '-c -V -f good.cfg', stdout: true },
  { args: '-c -- good.cfg', stdout: true },
  { args: '-c -f conf.d', stdout: true },
  { args: '-c -f bad.cfg', stdout: true },
  { args: '-c -q -f bad.cfg', stdout: true },
  { args: '-c -f warn.cfg', stdout: true },
  { args: '-c -dW -f warn.cfg', stdout: true },
  { args: '-c -f none.cfg', stdout: true },
  { args: '-c -f /dev/null', stdout: true },
  { args: '-c -f missing.cfg', stdout: true },
  { args: '-c -n 10 -N 5 -m 100 -L me -dM -dr -dS -f good.cfg', stdout: true },
  { args: '-C / -c -f good.cfg' },
  { args: '-C /nonexistent -c -f good.cfg' },
  { args: '-db -f none.cfg', stdout: true },
  { args: '-db -f bad.cfg', stdout: true },
  { args: '-D -f bad.cfg', stdout: true },
  { args: '-v' },
  { args: '-vv' },
  { args: '' },
  { args: '-sf' },
  { args: '-y' },
  { args: 'good.cfg' },
  { args: '-f' },
  { args: '-cc version_atleast(2.4)', stdout: true },
  { args: '-cc version_atleast(99)', stdout: true },
  { args: '-cc nonsense(', stdout: true },
];

systemTest('exit codes and answers of calls that end by themselves', { commands: ['haproxy'] }, async (t) => {
  const { directory, fairlead } = await setUp(t);
  for (const { args, stdout } of CALLS) {
    const words = args.split(' ').filter((word) => word !== '');
    const options = { cwd: directory, encoding: 'utf8' as const, timeout: 20_000 };
    const real = spawnSync('haproxy', words, options);
    const ours = spawnSync(fairlead, words, options);
    assert.equal(ours.status, real.status, `haproxy ${args}\n${ours.stderr}`);
    if (stdout) assert.equal(ours.stdout, real.stdout, `haproxy ${args}`);
    assert.equal(ours.stderr === '', real.stderr === '', `haproxy ${args}: silence\n${ours.stderr}\n${real.stderr}`);
  }
});

// Mode and signal; who waits for the process must see the same end.
const ENDINGS = [
  ['-db', 'SIGTERM'],
  ['-db', 'SIGINT'],
  ['-db', 'SIGUSR1'],
  ['-W', 'SIGTERM'],
  ['-W', 'SIGINT'],
  ['-W', 'SIGUSR1'],
  ['-Ws', 'SIGTERM'],
] as const;

systemTest('how it ends on a signal', { commands: ['haproxy'], timeoutMs: 90_000 }, async (t) => {
  const { directory, fairlead, port } = await setUp(t);
  for (const [mode, signal] of ENDINGS) {
    const ends: unknown[] = [];
    for (const program of ['haproxy', fairlead]) {
      const running = start(t, [program, mode, '-f', join(directory, 'good.cfg')]);
      await until(`${program} ${mode}`, async () => (await ask(port)) === 'one\n');
      await sleep(100);
      running.child.kill(signal);
      ends.push(await running.ended);
    }
    assert.equal(ends[1], ends[0], `${mode} ${signal}`);
  }
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false; // ESRCH, or the entry in /proc vanished while we looked
  }
}

test('-D returns when the daemon serves; the pid file names it; -sf replaces it', { timeout: 60_000 }, async (t) => {
  const { directory, fairlead, port } = await setUp(t);
  const pidfile = join(directory, 'pid');
  const run = (...args: string[]) => spawnSync(fairlead, args, { cwd: directory, encoding: 'utf8', timeout: 20_000 });
  const pid = () => Number(readFileSync(pidfile, 'utf8'));
  assert.equal(run('-D', '-p', pidfile, '-f', 'good.cfg').status, 0);
  const first = pid();
  t.after(() => alive(first) && process.kill(first, 'SIGKILL'));
  assert.equal(await ask(port), 'one\n');
  assert.equal(run('-D', '-p', pidfile, '-f', 'good.cfg', '-sf', String(first)).status, 0);
  const second = pid();
  t.after(() => alive(second) && process.kill(second, 'SIGKILL'));
  assert.notEqual(second, first);
  await until('the first has gone', () => !alive(first));
  assert.equal(await ask(port), 'one\n');
  // A wrong file: the launcher fails, and the running daemon is untouched.
  const failed = run('-D', '-p', pidfile, '-f', 'bad.cfg', '-sf', String(second));
  assert.equal(failed.status, 1);
  assert.match(failed.stderr, /^\[ALERT\] {4}\(\d+\) : config : parsing \[bad\.cfg:\d+\] : .*mood/m);
  assert.equal(pid(), second);
  assert.equal(await ask(port), 'one\n');
  process.kill(second, 'SIGTERM');
  await until('the second has gone', () => !alive(second));
});

test('-D: a port that is taken fails in the launching process, with the words of HAProxy', {
  timeout: 30_000,
}, async (t) => {
  const { directory, fairlead, server, good, port } = await setUp(t);
  file(directory, 'taken.cfg', good.replace(`bind 127.0.0.1:${port}`, `bind 127.0.0.1:${server}`));
  const result = spawnSync(fairlead, ['-D', '-f', 'taken.cfg'], { cwd: directory, encoding: 'utf8', timeout: 20_000 });
  assert.equal(result.status, 1);
  const words =
    /Binding \[taken\.cfg:\d+\] for proxy a: cannot bind socket \(Address already in use\) for \[127\.0\.0\.1:\d+\]/;
  assert.match(result.stderr, words);
});

/** Receives on a unix datagram socket, which Node cannot. @returns all that came so far, a line feed after each */
function datagrams(t: TestContext, path: string): () => string {
  const fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  t.after(() => close(fd));
  const address = new SockAddr();
  address.setUnix(path);
  assert.equal(bindSocket(fd, address.ptr, address.length), 0);
  const buffer = new NativeBuffer(4096);
  let text = '';
  return () => {
    for (let n = recv(fd, buffer.ptr, 4096, MSG_DONTWAIT); n > 0; n = recv(fd, buffer.ptr, 4096, MSG_DONTWAIT))
      text += `${Buffer.from(buffer.bytes.slice(0, n)).toString()}\n`;
    return text;
  };
}

test('-Ws tells the service manager; SIGUSR2 reloads the same process', { timeout: 30_000 }, async (t) => {
  const { directory, fairlead, port, good } = await setUp(t);
  const two = await nameServer(t, 'two');
  const lines = datagrams(t, join(directory, 'n.sock'));
  const running = start(t, [fairlead, '-Ws', '-f', join(directory, 'good.cfg')], {
    NOTIFY_SOCKET: join(directory, 'n.sock'),
  });
  await until('ready', () => lines().includes(`READY=1\nMAINPID=${running.pid}\n`));
  file(directory, 'good.cfg', `${good}  server s2 127.0.0.1:${two}\n`);
  running.child.kill('SIGUSR2');
  await until('reloading, ready', () => /RELOADING=1[\s\S]*READY=1/.test(lines()));
  await until('the new server', async () => (await ask(port)) === 'two\n');
  running.child.kill('SIGTERM');
  assert.equal(await running.ended, 0);
  assert.match(lines(), /STOPPING=1/);
});

test('the hot reconfiguration script: pause, start, stop the old, or resume it', { timeout: 60_000 }, async (t) => {
  const { directory, fairlead, port, good } = await setUp(t);
  const two = await nameServer(t, 'two');
  const script = file(directory, 'reconfigure.sh', SCRIPT);
  const run = () => spawnSync('bash', [script, fairlead], { cwd: directory, encoding: 'utf8', timeout: 20_000 });
  const pid = () => Number(readFileSync(join(directory, 'haproxy.pid'), 'utf8'));
  const kill = () => existsSync(join(directory, 'haproxy.pid')) && alive(pid()) && process.kill(pid(), 'SIGKILL');
  t.after(kill);
  file(directory, 'config', `${good.replace('nbthread 2', 'nbthread 2\n  daemon')}`);
  assert.equal(spawnSync(fairlead, ['-p', 'haproxy.pid', '-f', 'config'], { cwd: directory }).status, 0);
  const first = pid();
  file(directory, 'config.new', readFileSync(join(directory, 'config'), 'utf8').replace('mode tcp', 'mood tcp'));
  assert.match(run().stdout, /resuming previous one/);
  assert.equal(pid(), first);
  assert.equal(await ask(port), 'one\n');
  const text = readFileSync(join(directory, 'config'), 'utf8');
  file(directory, 'config.new', text.replace(/server s1 .*/, `server s1 127.0.0.1:${two}`));
  assert.match(run().stdout, /successfully loaded/);
  assert.notEqual(pid(), first);
  await until('the old one has gone', () => !alive(first));
  assert.equal(await ask(port), 'two\n');
  process.kill(pid(), 'SIGTERM');
  await until('the new one has gone', () => !alive(pid()));
});

/** After the seed document, with its paths and without its swapped exit codes. */
const SCRIPT = `
haproxy=$1
mv config config.old
mv haproxy.pid haproxy.pid.old
mv config.new config
kill -TTOU $(cat haproxy.pid.old)
if $haproxy -p haproxy.pid -f config; then
  echo "New instance successfully loaded, stopping previous one."
  kill -USR1 $(cat haproxy.pid.old)
  rm -f haproxy.pid.old
else
  echo "New instance failed to start, resuming previous one."
  kill -TTIN $(cat haproxy.pid.old)
  rm -f haproxy.pid
  mv haproxy.pid.old haproxy.pid
  mv config config.new
  mv config.old config
fi
`;
