/**
 * keepalived's command line: the same call to the real keepalived 2.2 and to Fairlead ends with the same exit code and
 * speaks on the same stream; what it prints for programs is the same.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type KeepalivedArgs, parseArgs } from '../../src/cli/keepalived/args.js';
import { logsOf } from '../../src/cli/keepalived/logs.js';
import { PidFiles } from '../../src/cli/keepalived/pid-files.js';
import { BIN, file, start, until, workDirectory } from '../daemon/program.js';
import { systemTest } from '../support/peers.js';

const CONFIG = `global_defs {
    router_id lb1
    script_user root
    enable_script_security
}
vrrp_script chk {
    script "/usr/bin/test -e /run"
    interval 2
    weight 2
}
vrrp_instance VI_1 {
    interface eth1
    state MASTER
    virtual_router_id 51
    priority 101
    advert_int 1
    virtual_ipaddress {
        10.0.0.130
    }
    track_script {
        chk
    }
}
`;

// ── Words ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function argsOf(...words: string[]): KeepalivedArgs {
  const parsed = parseArgs(words);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.args;
}

// words, options
for (const [words, expected] of [
  ['-nlD', { 'dont-fork': '', 'log-console': '', 'log-detail': '' }],
  ['-f /a -P', { 'use-file': '/a', vrrp: '' }],
  ['-f/a', { 'use-file': '/a' }],
  ['--use-file=/a --dont-fork', { 'use-file': '/a', 'dont-fork': '' }],
  ['--use-file /a', { 'use-file': '/a' }],
  ['--dont-f --pi /p', { 'dont-fork': '', pid: '/p' }],
  ['-t -f /a', { 'config-test': '', 'use-file': '/a' }],
  ['-t/log', { 'config-test': '/log' }],
  ['--config-test=/log', { 'config-test': '/log' }],
  ['-M%e.core', { 'core-dump-pattern': '%e.core' }],
  ['stray -n -- -l', { 'dont-fork': '' }],
  ['-p /1 -p /2', { pid: '/2' }],
] as const)
  test(`options: ${words}`, () => assert.deepEqual(Object.fromEntries(argsOf(...words.split(' '))), expected));

// words, what is wrong with them
for (const [words, message] of [
  ['-y', 'Unknown option -y'],
  ['-ny', 'Unknown option -y'],
  ['--nonsense', 'Unknown option --nonsense'],
  ['--dont', 'Unknown option --dont'],
  ['--vrrp=1', 'Unknown option --vrrp=1'],
  ['-f', 'Missing parameter for option -f'],
  ['--pid', 'Missing parameter for option --pid'],
] as const)
  test(`options: ${words} is refused`, () => assert.deepEqual(parseArgs(words.split(' ')), { ok: false, message }));

// option, facility; undefined: no syslog
for (const [words, facility] of [
  ['-n', 'daemon'],
  ['-S 3', 'local3'],
  ['-S local0', 'local0'],
  ['-S user', 'user'],
  ['-S 9', 'daemon'],
  ['-G', undefined],
] as const)
  test(`syslog: ${words}`, () => assert.equal(logsOf(argsOf(...words.split(' ')))[0]?.facility, facility));

test('pid files: by default, in a namespace, and by option', (t) => {
  const [first, second] = ['a.pid', 'b.pid'].map((name) => join(workDirectory(t), name));
  assert.equal(new PidFiles(argsOf('-n')).main, '/run/keepalived.pid');
  const files = new PidFiles(argsOf('-p', first, '-r', second));
  assert.equal(files.main, first);
  assert.equal(files.running(), null);
  files.write(() => assert.fail());
  assert.equal(readFileSync(second, 'utf8'), `${process.pid}\n`);
  files.remove();
  assert.equal(existsSync(second), false);
});

test('pid files: who runs is told by what it is, not by its number alone', async (t) => {
  const directory = workDirectory(t);
  const files = new PidFiles(argsOf('-p', join(directory, 'a'), '-r', join(directory, 'b')));
  const other = start(t, [process.execPath, '-e', 'setInterval(() => 0, 1000)']);
  writeFileSync(join(directory, 'a'), `${other.pid}\n`);
  assert.equal(files.running(), null);
  const keepalived = start(t, [process.execPath, '-e', 'setInterval(() => 0, 1000)', 'keepalived']);
  writeFileSync(join(directory, 'b'), `${keepalived.pid}\n`);
  assert.equal(files.running(), keepalived.pid);
  writeFileSync(join(directory, 'b'), 'nonsense\n');
  assert.equal(files.running(), null);
});

// ── Against keepalived ──────────────────────────────────────────────────────────────────────────────────────────────

/** A directory with `keepalived` (Fairlead under that name) and configurations. */
function setUp(t: TestContext): { directory: string; ours: string } {
  const directory = workDirectory(t);
  const ours = join(directory, 'keepalived');
  symlinkSync(BIN, ours);
  file(directory, 'good.conf', CONFIG);
  file(directory, 'absent.conf', CONFIG.replace('eth1', 'eth77'));
  file(directory, 'unknown.conf', CONFIG.replace('router_id 51', 'router_idd 51'));
  file(directory, 'no-id.conf', CONFIG.replace(/ +virtual_router_id.*\n/, ''));
  file(directory, 'insecure.conf', CONFIG.replace(/ +enable_script_security\n/, ''));
  file(directory, 'empty.conf', '\n');
  file(directory, 'include.conf', `include ${directory}/nothing.conf\n${CONFIG}`);
  return { directory, ours };
}

/** In a network namespace of its own with an interface, and with nothing of this host's /run and /tmp. */
function alone(command: string, directory: string, args: readonly string[]) {
  const prepare =
    'ip link add eth1 type veth peer name eth2 && ip link set eth2 up && ip addr add 10.0.0.101/24 dev eth1 && ip link set eth1 up';
  const words = [
    '--net',
    '--mount',
    'sh',
    '-c',
    `${prepare} && mount -t tmpfs none /run && exec "$@"`,
    'sh',
    command,
    ...args,
  ];
  return spawnSync('unshare', words, { cwd: directory, encoding: 'utf8', timeout: 20_000 });
}

// Arguments of calls that end by themselves; exit code
const CALLS: readonly (readonly [args: string, code: number])[] = [
  ['-t -f good.conf', 0],
  ['--config-test -f good.conf', 0],
  ['-t -f absent.conf', 5],
  ['-t -f unknown.conf', 5],
  ['-t -f no-id.conf', 5],
  ['-t -f insecure.conf', 6],
  ['-t -f empty.conf', 0],
  ['-t -f missing.conf', 0],
  ['-t -e -f missing.conf', 4],
  ['-t -f include.conf', 0],
  ['-t -e -f include.conf', 6],
  ['-n -l -f missing.conf', 6],
  ['-v', 0],
  ['--version', 0],
  ['-h', 0],
  ['-y', 1],
  ['--nonsense', 1],
  ['-f', 1],
  ['--signum=TDATAX', 1],
  ...['STOP', 'RELOAD', 'DATA', 'STATS', 'STATS_CLEAR', 'JSON'].map((name) => [`--signum=${name}`, 0] as const),
];

systemTest(
  'exit codes, streams and signal numbers',
  { commands: ['keepalived', 'ip', 'unshare'], root: true, timeoutMs: 200_000 },
  (t) => {
    const { directory, ours } = setUp(t);
    for (const [args, code] of CALLS) {
      const words = args.split(' ');
      const real = alone('keepalived', directory, words);
      const found = alone(ours, directory, words);
      assert.equal(real.status, code, `real keepalived ${args}: ${real.stderr}`);
      assert.equal(found.status, code, `keepalived ${args}: ${found.stderr}`);
      assert.equal(found.stdout, real.stdout, `keepalived ${args}`);
      if (!args.includes('include'))
        assert.equal(found.stderr === '', real.stderr === '', `keepalived ${args}: ${found.stderr}`);
    }
  },
);

test('-t=FILE: complaints go there, and say where and what to write', (t) => {
  const { directory, ours } = setUp(t);
  const { status, stderr } = spawnSync(ours, [`-t${directory}/log`, '-f', 'unknown.conf'], {
    cwd: directory,
    encoding: 'utf8',
  });
  assert.deepEqual([status, stderr], [5, '']);
  assert.match(
    readFileSync(join(directory, 'log'), 'utf8'),
    /^\(unknown\.conf: Line 14\) unknown keyword 'virtual_router_idd' .*did you mean 'virtual_router_id'\?$/m,
  );
});

// What keepalived does and we do not, each with a word on it
for (const [args, code, said] of [
  ['-n -l -C -f good.conf', 2, /^-C runs the health checks of IPVS/],
  ['-T', 2, /^-T is genhash/],
  ['-n -l -f empty.conf', 2, /no proxy|no vrrp_instance/],
  ['-n -l -f unknown.conf', 2, /virtual_router_idd/],
  ['-s nonexistent -n -f good.conf', 2, /^cannot enter network namespace nonexistent: ENOENT/],
] as const)
  test(`keepalived ${args}`, (t) => {
    const { directory, ours } = setUp(t);
    const { status, stderr } = spawnSync(ours, args.split(' '), { cwd: directory, encoding: 'utf8', timeout: 20_000 });
    assert.match(stderr, said);
    assert.equal(status, code);
  });

test('another one that runs: said, exit code 0 as of keepalived', async (t) => {
  const { directory, ours } = setUp(t);
  const program = fileURLToPath(new URL('../daemon/keepalived-process.js', import.meta.url));
  const other = start(t, [process.execPath, program, directory]);
  await until('the other one', () => other.output().includes('ready'));
  writeFileSync(join(directory, 'a.pid'), `${other.pid}\n`);
  const args = ['-f', 'good.conf', '-p', `${directory}/a.pid`, '-r', `${directory}/b.pid`];
  const { status, stderr } = spawnSync(ours, args, { cwd: directory, encoding: 'utf8', timeout: 20_000 });
  assert.match(stderr, new RegExp(`daemon is already running \\(pid ${other.pid}\\)`));
  assert.equal(status, 0);
  rmSync(join(directory, 'a.pid'));
});

test('the version begins as exporters expect it', () => {
  const { stderr, stdout } = spawnSync(process.execPath, [BIN, 'keepalived', '-v'], { encoding: 'utf8' });
  assert.match(stderr, /^Keepalived v2\.2\.7 \(Fairlead [\d.]+\)\n/);
  assert.equal(stdout, '');
});
