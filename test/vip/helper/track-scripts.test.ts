/** Track scripts against real programs: what counts as up, whom they run as, and that nothing of them is left behind. */
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { afterEach, beforeEach, test } from 'node:test';
import { eventually, isGroupAlive, script, settings, TestHelper, Workshop } from './support.js';

let helper: TestHelper;
let shop: Workshop;

beforeEach(() => {
  shop = new Workshop();
  helper = new TestHelper();
});

afterEach(async () => {
  if (helper.process.exitCode === null) await helper.abandon();
  shop.remove();
});

const told = (name: string) => helper.hear('tracked', (one) => one.name === name);

test('it says that it is there, with its number', async () => {
  assert.equal((await helper.hear('ready')).pid, helper.process.pid);
});

test('up and down with what the run said', async () => {
  const log = shop.program('log', 'echo $$; exit 3');
  const killed = shop.program('killed', 'kill -9 $$');
  const unreadable = shop.program('unreadable', 'exit 0', 0o644);
  helper.plan({
    scripts: [
      script('good', ['true']),
      script('bad', [log]),
      script('killed', [killed]),
      script('missing', ['/nowhere/at-all']),
      script('unfound', ['no-such-program-anywhere']),
      script('forbidden', [unreadable]),
      script('empty', ['/dev/null']),
      script('slow', ['sleep', '10'], { timeoutMs: 100 }),
      script('proxy', ['killall', '-0', 'haproxy'], { means: 'proxy' }),
    ],
  });
  const says = async (name: string) => {
    const { value, why } = await told(name);
    return [value, why];
  };
  assert.deepEqual(await says('good'), [{ up: true }, 'exit status 0']);
  assert.deepEqual(await says('bad'), [{ up: false }, 'exit status 3']);
  assert.deepEqual(await says('killed'), [{ up: false }, 'ended by SIGKILL']);
  assert.deepEqual(await says('missing'), [{ up: false }, '/nowhere/at-all: there is no such program']);
  assert.deepEqual(await says('unfound'), [{ up: false }, 'no-such-program-anywhere: there is no such program']);
  assert.deepEqual(await says('forbidden'), [{ up: false }, `${unreadable}: it may not be executed`]);
  assert.deepEqual(await says('empty'), [{ up: false }, '/dev/null: it may not be executed']);
  assert.deepEqual(await says('slow'), [{ up: false }, 'did not end within 100 ms']);
  assert.deepEqual(helper.valuesOf('proxy'), []);
});

test('only changes are told, counted by rise and fall', async () => {
  // Runs:     1 2 3 4 5 6 7 8 9 10
  // Result:   + - - + - - - + + +    rise 2, fall 3
  const flips = shop.program(
    'flips',
    `n=$(cat ${shop.at('n')} 2>/dev/null || echo 0); echo $((n+1)) > ${shop.at('n')}
     case $n in 1|2|4|5|6) exit 1;; esac; exit 0`,
  );
  helper.plan({ scripts: [script('flips', [flips], { intervalMs: 30, timeoutMs: 5000, rise: 2, fall: 3 })] });
  await eventually(() => Number(shop.read('n')) >= 11, 'eleven runs');
  assert.deepEqual(helper.valuesOf('flips'), [true, false, true]);
});

test('init_fail is told before the first run', async () => {
  helper.plan({ scripts: [script('late', ['sleep', '0.3'], { initFail: true, timeoutMs: 2000 })] });
  const { value, why } = await told('late');
  assert.deepEqual([value, why], [{ up: false }, 'init_fail']);
  await helper.hear('tracked', (one) => 'up' in one.value && one.value.up);
});

test('one run at a time, from start to start', async () => {
  const slow = shop.program('slow', `echo start >> ${shop.at('log')}; sleep 0.25; echo end >> ${shop.at('log')}`);
  helper.plan({ scripts: [script('slow', [slow], { intervalMs: 50, timeoutMs: 5000 })] });
  await eventually(() => shop.read('log').split('\n').length > 6, 'three runs');
  const lines = shop.read('log').trim().split('\n');
  assert.deepEqual(
    lines.map((_, i) => (i % 2 === 0 ? 'start' : 'end')),
    lines,
  );
});

test('what ignores SIGTERM, forks and prints without end is killed with its group', async () => {
  const stubborn = shop.program(
    'stubborn',
    `trap '' TERM; echo $$ > ${shop.at('pid')}; (while :; do echo x; done) & (sleep 1000 &) & while :; do sleep 1000; done`,
  );
  helper.plan({ scripts: [script('stubborn', [stubborn], { intervalMs: 60_000, timeoutMs: 200 })] });
  const { why } = await told('stubborn');
  assert.equal(why, 'did not end within 200 ms');
  await eventually(() => !isGroupAlive(Number(shop.read('pid'))), 'the end of the group');
});

test('what a check leaves running is ended with it', async () => {
  const leaves = shop.program('leaves', `echo $$ > ${shop.at('pid')}; sleep 1000 & exit 0`);
  helper.plan({ scripts: [script('leaves', [leaves], { intervalMs: 60_000 })] });
  await told('leaves');
  await eventually(() => !isGroupAlive(Number(shop.read('pid'))), 'the end of the group');
});

test('after the end of the daemon nothing runs any more', async () => {
  const text = `trap '' TERM HUP; echo $$ > ${shop.at('pid')}; (sleep 1000 &) & sleep 1000 & wait; sleep 1000`;
  helper.plan({ scripts: [script('stays', [shop.program('stays', text)], { intervalMs: 60_000, timeoutMs: 60_000 })] });
  await eventually(() => shop.read('pid') !== '', 'its start');
  assert.equal(await helper.abandon(), 0);
  await eventually(() => !isGroupAlive(Number(shop.read('pid'))), 'the end of the group');
});

test('a program sees a clean world: no descriptors, no environment, no input, a group of its own', async () => {
  const looks = shop.program(
    'looks',
    `{ ls /proc/self/fd | tr '\\n' ' '; pwd; cat; id -u; id -G; ps -o pgid= -p $$ | tr -d ' '; echo $$; env | grep -vE '^(PWD|SHLVL|_|OLDPWD)='; } > ${shop.at('seen')}`,
  );
  process.env.SECRET_OF_THE_DAEMON = 'x';
  helper.plan({ scripts: [script('looks', [looks], { intervalMs: 60_000 })] });
  await told('looks');
  const [fds, uid, groups, pgid, pid, ...env] = shop.read('seen').trim().split('\n');
  assert.equal(fds, '0 1 2 3 /'); // 3 is the directory that ls reads; there was no input
  assert.deepEqual([uid, groups], ['0', '0']);
  assert.equal(pgid, pid);
  assert.deepEqual(env, ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']);
});

test('another user is that user with no other groups, and one that does not exist is never root', async () => {
  const who = shop.program('who', `id > "${shop.at('who')}-$1"`);
  chmodSync(shop.path, 0o777);
  helper.plan({
    settings: settings({ scriptUser: { user: 'nobody' } }),
    scripts: [
      script('default', [who, 'default']),
      script('named', [who, 'named'], { program: { command: [who, 'named'], user: 'daemon' } }),
      script('grouped', [who], { program: { command: [who, 'grouped'], user: 'daemon', group: 'mail' } }),
      script('ghost', [who], { program: { command: [who, 'ghost'], user: 'no-such-user' } }),
    ],
  });
  for (const name of ['default', 'named', 'grouped', 'ghost']) await told(name);
  assert.match(shop.read('who-default'), /^uid=\d+\(nobody\) gid=\d+\(nogroup\) groups=\d+\(nogroup\)$/m);
  assert.match(shop.read('who-named'), /^uid=1\(daemon\) gid=1\(daemon\) groups=1\(daemon\)$/m);
  assert.match(shop.read('who-grouped'), /^uid=1\(daemon\) gid=8\(mail\) groups=8\(mail\)$/m);
  assert.equal(shop.read('who-ghost'), '');
  assert.deepEqual(helper.valuesOf('ghost'), [false]);
  await eventually(() => helper.logs().length > 0, 'a complaint');
  await new Promise((resolve) => setTimeout(resolve, 300)); // three runs more
  assert.deepEqual(helper.logs(), [
    "track script ghost is not run: no user 'no-such-user' in /etc/passwd; write one that exists, or its number",
  ]);
});

test('with enable_script_security root runs only what root alone may change', async () => {
  const open = shop.program('open', 'exit 0', 0o755);
  const mine = shop.program('mine', 'exit 0');
  chmodSync(open, 0o757);
  helper.plan({
    settings: settings({ scriptSecurity: true }),
    scripts: [
      script('open', [open]),
      script('mine', [mine]),
      script('other', [open], { program: { command: [open], user: 'nobody' } }),
    ],
  });
  chmodSync(shop.path, 0o755);
  const { why } = await told('open');
  assert.equal(
    why,
    `as root only what root alone may change is run (enable_script_security): ${open} may be written to by everybody`,
  );
  assert.deepEqual((await told('mine')).value, { up: true });
  assert.deepEqual((await told('other')).value, { up: true });
});

test('a new plan: what stays goes on, what is new starts, what is gone ends', async () => {
  const runs = (name: string) => shop.program(name, `echo $$ >> ${shop.at(`${name}.log`)}; exec sleep 1000`);
  const [stays, goes, comes] = ['stays', 'goes', 'comes'].map(runs);
  const long = { timeoutMs: 60_000 };
  helper.plan({ scripts: [script('stays', [stays], long), script('goes', [goes], long), script('quick', ['true'])] });
  await eventually(() => shop.read('stays.log') !== '' && shop.read('goes.log') !== '', 'both starts');
  await told('quick');
  helper.plan({
    scripts: [
      script('stays', [stays], { ...long, weight: 7 }),
      script('comes', [comes], long),
      script('quick', ['true']),
    ],
  });
  await eventually(() => shop.read('comes.log') !== '', 'the start of the new one');
  await eventually(() => !isGroupAlive(Number(shop.read('goes.log'))), 'the end of the old one');
  assert.equal(shop.read('stays.log').trim().split('\n').length, 1);
  assert.ok(isGroupAlive(Number(shop.read('stays.log'))));
  await eventually(() => helper.valuesOf('quick').length === 2, 'what is known once more');
  assert.deepEqual(helper.valuesOf('quick'), [true, true]);
});

test('three hundred scripts at once do not keep it from its messages', async () => {
  helper.plan({ scripts: Array.from({ length: 300 }, (_, i) => script(`s${i}`, ['true'], { intervalMs: 1000 })) });
  await told('s0');
  const startedMs = performance.now();
  helper.link.write('nonsense\n');
  await helper.hear('log');
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs < 100, `answered after ${tookMs} ms`);
  await told('s299');
});

test('lines that are no message are named and ignored', async () => {
  helper.link.write('[1]\n{"type":"dance"}\n{"type":"held"}\n\n{"type":');
  helper.link.write('"plan","rtPriority":0}\n');
  helper.link.write(`"${'x'.repeat(5 * 1024 * 1024)}"\n`);
  helper.plan({ scripts: [script('good', ['true'])] });
  await told('good');
  const logs = helper.logs().map((text) => text.replace(/ carried out: .*/, ' carried out'));
  assert.deepEqual(logs.sort(), [
    'helper: ignored a line of more than 4194304 bytes',
    "helper: ignored a message of unknown type 'dance'",
    'helper: ignored no message: "[1]"',
    "helper: message 'held' could not be carried out",
    "helper: message 'plan' could not be carried out",
    "helper: message 'plan' could not be carried out",
  ]);
});
