/** Real-time scheduling, a program locked in memory, the death of a parent: each in a process of its own. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { EINVAL } from '../../src/linux/constants.js';
import { isRealtime, programMappings, setParentDeathSignal, setRealtime, threadId } from '../../src/linux/realtime.js';
import { runScript, startScript } from './support/script.js';

const NOBODY = 65_534;
/** Field 41 of proc_pid_stat(5). */
const POLICY = `const policyOf = (stat) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38]);`;

test('a thread becomes real-time, and neither its children nor its workers do', () => {
  const found = runScript(`
    import { execFileSync } from 'node:child_process';
    import { readFileSync } from 'node:fs';
    import { Worker } from 'node:worker_threads';
    import { isRealtime, setRealtime } from 'LINUX/realtime.js';
    ${POLICY}
    const own = () => policyOf(readFileSync('/proc/thread-self/stat', 'utf8'));
    const before = own();
    const result = setRealtime(10);
    const during = [own(), isRealtime()];
    const child = policyOf(execFileSync('cat', ['/proc/self/stat'], { encoding: 'utf8' }));
    const code = "import { readFileSync } from 'fs'; import { parentPort } from 'worker_threads';" +
      ${JSON.stringify(POLICY)} + "parentPort.postMessage(policyOf(readFileSync('/proc/thread-self/stat', 'utf8')))";
    const worker = await new Promise((done) => new Worker(code, { eval: true }).once('message', done));
    setRealtime(0);
    console.log(JSON.stringify({ before, result, during, child, worker, after: [own(), isRealtime()] }));
  `);
  assert.deepEqual(found, { before: 0, result: 0, during: [2, true], child: 0, worker: 0, after: [0, false] });
});

test('what is asked for and cannot be is refused, and changes nothing', () => {
  assert.equal(setRealtime(100), -EINVAL);
  assert.equal(setParentDeathSignal(65), -EINVAL);
  assert.deepEqual([isRealtime(), threadId()], [false, process.pid]);
});

test('real-time scheduling stays when root is given away, and is refused to who never had it', () => {
  const found = runScript(`
    import { isRealtime, setRealtime } from 'LINUX/realtime.js';
    setRealtime(10);
    process.setuid(${NOBODY});
    const kept = isRealtime();
    setRealtime(0);
    console.log(JSON.stringify({ kept, again: setRealtime(10) }));
  `);
  assert.deepEqual(found, { kept: true, again: -1 });
});

// V8 traces each collection (`Scavenge`), and each share of one that a thread has taken (`scavenge[`).
for (const isAlone of [true, false])
  test(`${isAlone ? 'with' : 'without'} being told, a thread collects its garbage ${isAlone ? 'alone' : 'with helpers'}`, async () => {
    const traced = startScript(`
      import { setFlagsFromString } from 'node:v8';
      import { Worker } from 'node:worker_threads';
      import { collectWithoutHelpers } from 'LINUX/realtime.js';
      ${isAlone ? 'collectWithoutHelpers();' : ''}
      setFlagsFromString('--trace-gc');
      setFlagsFromString('--trace-parallel-scavenge');
      new Worker('let a = []; for (let i = 0; i < 1e6; i++) a[i % 1e5] = { i, s: [i] };', { eval: true });
    `);
    const chunks: Buffer[] = [];
    traced.stdout!.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(traced, 'close');
    const text = Buffer.concat(chunks).toString();
    const [shares, collections] = [/scavenge\[/g, /: Scavenge /g].map((pattern) => text.match(pattern)?.length ?? 0);
    assert.ok(collections > 0);
    assert.equal(shares === collections, isAlone, `${shares} shares of ${collections} collections`);
  });

test('the mappings of programs and libraries are locked, and no others', () => {
  const maps = [
    '00400000-00401000 r--p 00000000 fe:00 12   /usr/bin/node',
    '00401000-00403000 r-xp 00001000 fe:00 12   /usr/bin/node',
    '00403000-00404000 ---p 00003000 fe:00 12   /usr/bin/node',
    '7f0000000000-7f0000001000 rw-p 00000000 00:00 0 ',
    '7f0000002000-7f0000003000 rw-p 00000000 00:00 0      [heap]',
    '7f0000004000-7f0000005000 r-xp 00000000 00:00 0      [vdso]',
    '7f0000006000-7f0000007000 r--s 00000000 fe:00 13     /var/lib/data with spaces',
    '7f0000008000-7f000000a000 r-xp 00000000 fe:00 14     /usr/lib/lib with spaces.so',
    '7f000000a000-7f000000b000 rw-p 00002000 fe:00 14     /usr/lib/lib with spaces.so',
  ];
  assert.deepEqual(programMappings(`${maps.join('\n')}\n`), [
    { start: 0x400000, length: 0x1000 },
    { start: 0x401000, length: 0x2000 },
    { start: 0x7f0000008000, length: 0x2000 },
    { start: 0x7f000000a000, length: 0x1000 },
  ]);
});

const LOCKED = `const locked = () => Number(/VmLck:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);`;

// All that made a process with mlockall(2) end: workers, much memory taken and given back, another user.
test('with the program locked, workers start, memory comes and goes, and root is given away', () => {
  const found = runScript(`
    import { readFileSync } from 'node:fs';
    import { Worker } from 'node:worker_threads';
    import { lockMemory } from 'LINUX/realtime.js';
    ${LOCKED}
    const { errno, why } = lockMemory();
    const before = locked();
    const busy = "let a = []; for (let i = 0; i < 5e5; i++) a[i % 2e5] = { i, s: 'x' + i }; a = null; eval('1+'.repeat(999) + '1')";
    const work = async () => {
      const ends = [1, 2].map(() => new Promise((done) => new Worker(busy, { eval: true }).once('exit', done)));
      return Promise.all(ends);
    };
    const codes = [...(await work())];
    process.setgid(${NOBODY});
    process.setuid(${NOBODY});
    codes.push(...(await work()), Buffer.alloc(200e6, 1)[5]);
    console.log(JSON.stringify({ errno, why, codes, isLocked: before > 1000, isStill: locked() >= before }));
  `);
  assert.deepEqual(found, { errno: 0, why: '', codes: [0, 0, 0, 0, 1], isLocked: true, isStill: true });
});

test('who may lock little locks nothing, and says why', () => {
  const found = runScript(`
    import { readFileSync } from 'node:fs';
    import { lockMemory } from 'LINUX/realtime.js';
    ${LOCKED}
    process.setuid(${NOBODY});
    console.log(JSON.stringify({ ...lockMemory(), locked: locked() }));
  `);
  assert.ok(found.errno < 0);
  assert.match(found.why, /^RLIMIT_MEMLOCK is \d+ KiB, and CAP_IPC_LOCK is missing$/);
  assert.equal(found.locked, 0);
});

test('a child that asked for it ends with its parent', async () => {
  const parent = startScript(`
    import { spawn } from 'node:child_process';
    const code = "import { setParentDeathSignal } from 'LINUX/realtime.js';" +
      "console.log(JSON.stringify({ pid: process.pid, result: setParentDeathSignal(9) })); setInterval(() => {}, 1000);";
    spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: ['ignore', 'inherit', 'inherit'] });
  `);
  const [line] = await once(parent.stdout!, 'data');
  const { pid, result } = JSON.parse(String(line));
  assert.equal(result, 0);
  parent.kill('SIGKILL');
  for (let i = 0; i < 100 && isAlive(pid); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  const isLeft = isAlive(pid);
  if (isLeft) process.kill(pid, 'SIGKILL');
  assert.equal(isLeft, false);
});

/** Who has ended and waits for somebody to ask how is not alive. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('each thread has its own number', () => {
  const found = runScript(`
    import { readdirSync } from 'node:fs';
    import { Worker } from 'node:worker_threads';
    import { threadId } from 'LINUX/realtime.js';
    const code = "import { threadId } from 'LINUX/realtime.js'; import { parentPort } from 'worker_threads';" +
      "parentPort.on('message', () => process.exit()); parentPort.postMessage(threadId());";
    const worker = new Worker(code, { eval: true });
    const its = await new Promise((done) => worker.once('message', done));
    const isThere = readdirSync('/proc/self/task').includes(String(its));
    worker.postMessage('end');
    console.log(JSON.stringify({ isMain: threadId() === process.pid, isThere, differs: its !== process.pid }));
  `);
  assert.deepEqual(found, { isMain: true, isThere: true, differs: true });
});
