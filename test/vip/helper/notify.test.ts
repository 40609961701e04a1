/** Notifications, FIFOs, startup and shutdown scripts: arguments, order, nothing lost, an end that is bounded. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, existsSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, test } from 'node:test';
import type { VipNotice } from '../../../src/core/vrrp/messages.js';
import { eventually, isGroupAlive, settings, TestHelper, Workshop } from './support.js';

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

const notice = (state: VipNotice['state'], name = 'VI_1', kind: VipNotice['kind'] = 'INSTANCE'): VipNotice => ({
  kind,
  name,
  state,
  priority: 100,
});

function teller(text = ''): string {
  return shop.program('tell', `${text}\necho "$# $*" >> ${shop.at('told')}`);
}

const lines = (name: string) => shop.read(name).trim().split('\n');

async function end(): Promise<number> {
  const ended = once(helper.process, 'exit');
  helper.say({ type: 'end' });
  return (await ended)[0] as number;
}

// As keepalived 2.2 calls them: notify_master gets its own words, notify four more; a group has priority 0.
test('arguments', async () => {
  const tell = teller();
  helper.plan({});
  const own = { command: [tell, 'own', 'two words'] };
  helper.say({ type: 'notify', notice: notice('MASTER'), programs: [own], toFifos: false });
  const any = { ...own, withNotice: true };
  helper.say({ type: 'notify', notice: notice('BACKUP'), programs: [any], toFifos: false });
  helper.say({ type: 'notify', notice: notice('FAULT', 'G', 'GROUP'), programs: [any], toFifos: false });
  await eventually(() => lines('told').length === 3, 'three calls');
  assert.deepEqual(lines('told').sort(), [
    '2 own two words',
    '6 own two words GROUP G FAULT 0',
    '6 own two words INSTANCE VI_1 BACKUP 100',
  ]);
});

test('one after the other for an instance, instances side by side', async () => {
  const slow = shop.program(
    'slow',
    `echo "$2 $3 on" >> ${shop.at('told')}; sleep 0.2; echo "$2 $3 off" >> ${shop.at('told')}`,
  );
  helper.plan({});
  for (const state of ['MASTER', 'BACKUP', 'FAULT'] as const)
    for (const name of ['A', 'B'])
      helper.say({
        type: 'notify',
        notice: notice(state, name),
        programs: [{ command: [slow], withNotice: true }],
        toFifos: false,
      });
  await eventually(() => lines('told').length === 12, 'six calls');
  for (const name of ['A', 'B']) {
    const expected = ['MASTER', 'BACKUP', 'FAULT'].flatMap((state) => [`${name} ${state} on`, `${name} ${state} off`]);
    assert.deepEqual(
      lines('told').filter((line) => line.startsWith(name)),
      expected,
    );
  }
  assert.ok(lines('told')[1].endsWith('on'), 'A and B at the same time');
});

test('a thousand events of an instance: the newest are all told in order, what is left out is said', async () => {
  const tell = teller();
  const gate = shop.program('gate', `while [ ! -e ${shop.at('go')} ]; do sleep 0.02; done`);
  helper.plan({});
  helper.say({ type: 'notify', notice: notice('MASTER'), programs: [{ command: [gate] }], toFifos: false });
  for (let i = 0; i < 1000; i++)
    helper.say({
      type: 'notify',
      notice: notice('BACKUP'),
      programs: [{ command: [tell, String(i)] }],
      toFifos: false,
    });
  await eventually(() => helper.logs().length === 1000 - 256, 'those left out');
  writeFileSync(shop.at('go'), '');
  await eventually(() => lines('told').length === 256, '256 calls');
  assert.deepEqual(
    lines('told'),
    Array.from({ length: 256 }, (_, i) => `1 ${1000 - 256 + i}`),
  );
});

test('a failure is said, and the next one runs', async () => {
  const tell = teller();
  helper.plan({});
  const fails = shop.program('fails', 'exit 9');
  const programs = [{ command: [fails] }, { command: ['/nowhere'] }, { command: [tell] }];
  helper.say({ type: 'notify', notice: notice('MASTER'), programs, toFifos: false });
  await eventually(() => shop.read('told') !== '', 'the third');
  assert.deepEqual(helper.logs(), [
    `instance VI_1: notification MASTER (${fails}): exit status 9`,
    'instance VI_1: notification MASTER (/nowhere) is not run: /nowhere: there is no such program',
  ]);
});

test('a program that it started in the background lives on', async () => {
  const daemon = shop.program('daemon', `echo $$ > ${shop.at('pid')}; sleep 2 & exit 0`);
  helper.plan({});
  helper.say({ type: 'notify', notice: notice('MASTER'), programs: [{ command: [daemon] }], toFifos: false });
  await eventually(() => shop.read('pid') !== '', 'its start');
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.ok(isGroupAlive(Number(shop.read('pid'))));
});

test('the end: what waits is run, then the shutdown script, then it exits', async () => {
  const tell = teller('sleep 0.2');
  helper.plan({ settings: settings({ shutdownScript: { command: [tell, 'shutdown'] } }) });
  helper.say({ type: 'notify', notice: notice('MASTER'), programs: [{ command: [tell, 'master'] }], toFifos: false });
  helper.say({ type: 'notify', notice: notice('STOP'), programs: [{ command: [tell, 'stop'] }], toFifos: false });
  const ended = once(helper.process, 'exit');
  helper.say({ type: 'end' });
  helper.link.end(); // the daemon does not wait
  assert.equal((await ended)[0], 0);
  assert.deepEqual(lines('told'), ['1 master', '1 stop', '1 shutdown']);
});

test('a daemon that is killed: what waits is not run any more', async () => {
  const tell = teller();
  const holds = shop.program('holds', `trap '' TERM; echo $$ > ${shop.at('pid')}; sleep 1000`);
  helper.plan({});
  helper.say({ type: 'notify', notice: notice('MASTER'), programs: [{ command: [holds] }], toFifos: false });
  const many = Array.from({ length: 100 }, () => ({ command: [tell] }));
  helper.say({ type: 'notify', notice: notice('BACKUP'), programs: many, toFifos: false });
  await eventually(() => shop.read('pid') !== '', 'its start');
  await helper.abandon();
  await eventually(() => !isGroupAlive(Number(shop.read('pid'))), 'the end of the group');
  assert.equal(shop.read('told'), '');
});

test('signals to its group do not end it', async () => {
  await helper.hear('ready');
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) helper.process.kill(signal);
  helper.plan({});
  helper.say({ type: 'startup' });
  assert.equal((await helper.hear('started')).error, null);
  assert.equal(await end(), 0);
});

test('the startup script is run when asked, and its failure is told', async () => {
  const tell = teller('exit 4');
  helper.plan({ settings: settings({ startupScript: { command: [tell] } }) });
  helper.say({ type: 'startup' });
  assert.equal((await helper.hear('started')).error, 'exit status 4');
});

test('a startup script that hangs is ended', async () => {
  helper.plan({ settings: settings({ startupScript: { command: ['sleep', '100'], timeoutMs: 200 } }) });
  helper.say({ type: 'startup' });
  assert.equal((await helper.hear('started')).error, 'did not end within 200 ms');
});

// FIFOs: mode, owner, and removal as keepalived 2.2 does them.
test('a FIFO is made for its user, keeps lines for a reader that comes later, and is removed', async () => {
  const path = shop.at('fifo');
  helper.plan({ settings: settings({ notifyFifos: [{ path, user: 'nobody' }] }) });
  await eventually(() => existsSync(path), 'the FIFO');
  const { mode, uid } = statSync(path);
  assert.equal(mode & 0o170777, 0o10600);
  assert.equal(uid, Number(execFileSync('id', ['-u', 'nobody'])));
  helper.say({ type: 'notify', notice: notice('MASTER'), programs: [], toFifos: true });
  helper.say({ type: 'notify', notice: notice('BACKUP', 'G 1', 'GROUP'), programs: [], toFifos: true });
  helper.say({ type: 'notify', notice: notice('FAULT'), programs: [], toFifos: false });
  helper.say({ type: 'startup' });
  await helper.hear('started');
  const fd = openSync(path, 'r');
  const buffer = Buffer.alloc(1000);
  const text = buffer.toString('utf8', 0, readSync(fd, buffer));
  closeSync(fd);
  assert.equal(text, 'INSTANCE "VI_1" MASTER 100\nGROUP "G 1" BACKUP 0\n');
  assert.equal(await end(), 0);
  assert.ok(!existsSync(path));
});

test('a FIFO that is there stays as it is; a file is not written to', async () => {
  const [path, plain] = [shop.at('fifo'), shop.at('plain')];
  execFileSync('mkfifo', ['-m', '640', path]);
  chownSync(path, 1, 1);
  writeFileSync(plain, 'dear data');
  helper.plan({ settings: settings({ notifyFifos: [{ path }, { path: plain }] }) });
  helper.say({ type: 'notify', notice: notice('MASTER'), programs: [], toFifos: true });
  assert.equal(await end(), 0);
  assert.deepEqual([statSync(path).mode & 0o777, statSync(path).uid], [0o640, 1]);
  assert.equal(shop.read('plain'), 'dear data');
  assert.deepEqual(helper.logs(), [`notify FIFO ${plain} is not written to: it is there, and is no FIFO`]);
});

test('a FIFO that nobody reads fills up; then lines are lost, which is said once, and it goes on', async () => {
  helper.plan({ settings: settings({ notifyFifos: [{ path: shop.at('fifo') }] }) });
  for (let i = 0; i < 4000; i++) helper.say({ type: 'notify', notice: notice('MASTER'), programs: [], toFifos: true });
  helper.say({ type: 'startup' });
  await helper.hear('started');
  assert.deepEqual(helper.logs(), [`notify FIFO ${shop.at('fifo')} is full, nobody reads it: lines are lost`]);
});

test('the script of a FIFO gets its path last, sees the last line, and is ended', async () => {
  const path = shop.at('fifo');
  const reader = shop.program(
    'reader',
    `echo "$# $1 $2 $$" > ${shop.at('args')}
     while read line; do echo "$line" >> ${shop.at('told')}; done < "$2"
     trap '' TERM; while :; do sleep 1; done`,
  );
  helper.plan({ settings: settings({ notifyFifos: [{ path, script: { command: [reader, 'own'] } }] }) });
  await eventually(() => shop.read('args') !== '', 'its start');
  helper.say({ type: 'notify', notice: notice('STOP'), programs: [], toFifos: true });
  assert.equal(await end(), 0);
  const [count, own, last, pid] = shop.read('args').trim().split(' ');
  assert.deepEqual([count, own, last], ['2', 'own', path]);
  assert.deepEqual(lines('told'), ['INSTANCE "VI_1" STOP 100']);
  assert.ok(!isGroupAlive(Number(pid)));
});

test('the script of a FIFO that fails is started again, one that ends well is not', async () => {
  const fails = shop.program('fails', `echo x >> ${shop.at('fails.log')}; exit 1`);
  const well = shop.program('well', `echo x >> ${shop.at('well.log')}`);
  helper.plan({
    settings: settings({
      notifyFifos: [
        { path: shop.at('a'), script: { command: [fails] } },
        { path: shop.at('b'), script: { command: [well] } },
      ],
    }),
  });
  await eventually(() => lines('fails.log').length === 2, 'its second start');
  assert.equal(lines('well.log').length, 1);
});

test('after the end of the daemon the script of a FIFO is gone, and the FIFO', async () => {
  const path = shop.at('fifo');
  const reader = shop.program('reader', `trap '' TERM; echo $$ > ${shop.at('pid')}; sleep 1000 & wait; sleep 1000`);
  helper.plan({ settings: settings({ notifyFifos: [{ path, script: { command: [reader] } }] }) });
  await eventually(() => shop.read('pid') !== '', 'its start');
  await helper.abandon();
  assert.ok(!existsSync(path));
  await eventually(() => !isGroupAlive(Number(shop.read('pid'))), 'the end of the group');
});
