/** The files of a keepalived: what is written when, into what, and what signals ask for. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { KeepalivedFiles } from '../../src/daemon/keepalived-files.js';
import { signalsOf } from '../../src/daemon/program.js';
import { FakeEngine, model, proxy } from '../control/fake-engine.js';
import { instance, master, status, vipConfig } from '../control/vips.js';
import { start, until, workDirectory } from './program.js';

function stage(t: TestContext, mode?: number) {
  const engine = new FakeEngine({ ...model([]), vips: vipConfig([instance()]) });
  engine.vipStatus = status([master()]);
  const directory = workDirectory(t);
  const complaints: string[] = [];
  const files = new KeepalivedFiles(engine, { directory, mode, complain: (text) => complaints.push(text) });
  const read = (name: string) => readFileSync(join(directory, `keepalived.${name}`), 'utf8');
  return { engine, directory, files, complaints, read };
}

test('what is known is there at once, what is newer follows', async (t) => {
  const { engine, files, read } = stage(t);
  let answer: () => void = () => undefined;
  const waits = new Promise<void>((resolve) => {
    answer = resolve;
  });
  engine.vips = async () => {
    await waits;
    return status([master({ state: 'BACKUP' })]);
  };
  const written = files.write('data');
  assert.match(read('data'), /^ {3}State = MASTER$/m, 'before anything was waited for');
  answer();
  await written;
  assert.match(read('data'), /^ {3}State = BACKUP$/m);
});

test('for nobody else to read, whole at any time, and nothing is left beside it', async (t) => {
  const { files, directory } = stage(t);
  for (const file of ['data', 'stats', 'json'] as const) await files.write(file);
  assert.deepEqual(readdirSync(directory).sort(), ['keepalived.data', 'keepalived.json', 'keepalived.stats']);
  assert.equal(statSync(join(directory, 'keepalived.json')).mode & 0o777, 0o600);
  const open = stage(t, 0o644);
  await open.files.write('stats');
  assert.equal(statSync(join(open.directory, 'keepalived.stats')).mode & 0o777, 0o644 & ~process.umask());
});

test('a link that somebody put there is replaced, not followed', async (t) => {
  const { files, directory, read } = stage(t);
  const victim = join(directory, 'victim');
  writeFileSync(victim, 'mine');
  symlinkSync(victim, join(directory, 'keepalived.stats'));
  await files.write('stats');
  assert.equal(readFileSync(victim, 'utf8'), 'mine');
  assert.match(read('stats'), /^VRRP Instance: VI_1\n/);
});

test('statistics begin at 0 when they were cleared', async (t) => {
  const { engine, files, read } = stage(t);
  await files.writeAndClear();
  assert.match(read('stats'), /Sent: 3600\n/);
  engine.vipStatus = status([master({ counters: { ...master().counters, advertsSent: 3607 } })]);
  await files.write('stats');
  assert.match(read('stats'), /Sent: 7\n {2}Became master: 0\n/);
});

test('where no router runs, and where nothing can be written, that is said', async (t) => {
  const { engine, complaints } = stage(t);
  const complain = (text: string) => complaints.push(text);
  await new KeepalivedFiles(engine, { directory: '/nonexistent', complain }).write('json');
  engine.vipStatus = null;
  await new KeepalivedFiles(engine, { directory: '/nonexistent', complain }).write('json');
  assert.match(complaints[0], /^cannot write keepalived\.json: ENOENT/);
  assert.equal(complaints.at(-1), 'keepalived.json is not written: no virtual router runs');
});

test('signals: USR1 data, USR2 statistics, 36 JSON, 63 statistics that begin at 0; the process lives on', async (t) => {
  const directory = workDirectory(t);
  const program = fileURLToPath(new URL('./keepalived-process.js', import.meta.url));
  const child = start(t, [process.execPath, program, directory]);
  await until('ready', () => child.output().includes('ready'));
  const expected = [
    ['SIGUSR1', 'data'],
    ['SIGUSR2', 'stats'],
    [36, 'json'],
  ] as const;
  for (const [signal, file] of expected) {
    process.kill(child.pid, signal);
    await until(`keepalived.${file}`, () => readdirSync(directory).includes(`keepalived.${file}`));
  }
  process.kill(child.pid, 63);
  await sleep(100);
  process.kill(child.pid, 'SIGUSR2');
  await until('cleared', () => /Sent: 0\n/.test(readFileSync(join(directory, 'keepalived.stats'), 'utf8')));
  assert.equal(child.child.exitCode, null);
  assert.equal(child.output(), 'ready\n');
});

// proxies, routers, whose signals
for (const [proxies, routers, signals] of [
  [0, 1, 'keepalived'],
  [1, 1, 'haproxy'],
  [1, 0, 'haproxy'],
  [0, 0, 'haproxy'],
] as const)
  test(`${proxies} proxies and ${routers} virtual routers: signals of ${signals}`, () => {
    const all = model(Array.from({ length: proxies }, (_, i) => proxy('listen', `p${i}`, i + 2)));
    const vips = vipConfig(Array.from({ length: routers }, () => instance()));
    assert.equal(signalsOf({ ...all, vips }), signals);
  });
