/** Programs as role checks: told whom they check, ended with all that they started, never through a shell. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { until } from '../../support/database-process.js';
import { PASSWORD, session } from './sessions.js';

const PLACE = { host: '127.0.0.1', port: 4711, names: { proxyName: 'be', serverName: 's1' } };

/** @returns the command that runs the script, with {DIR} as its directory */
function script(t: TestContext, text: string): { command: string[]; dir: string } {
  const dir = mkdtempSync(join(tmpdir(), 'fl-exec-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'check.sh');
  writeFileSync(file, text.replaceAll('{DIR}', dir));
  return { command: ['/bin/sh', file], dir };
}

test('a program that is content', async (t) => {
  const { command } = script(
    t,
    'echo "primary of $HAPROXY_PROXY_NAME/$HAPROXY_SERVER_NAME at $HAPROXY_SERVER_ADDR:$HAPROXY_SERVER_PORT"',
  );
  const check = session(t, 'exec', PLACE, { command });
  for (let times = 0; times < 2; times++) {
    const report = await check.ask();
    assert.deepEqual([report.status, report.role], [15, 'primary']);
    assert.equal(report.text, 'primary of be/s1 at 127.0.0.1:4711');
  }
});

test('a program that objects, on standard error', async (t) => {
  const { command } = script(t, 'echo "disk full" >&2; exit 3');
  assert.equal(await session(t, 'exec', PLACE, { command }).outcome(), 'L7STS exit status 3: disk full');
});

test('arguments are arguments, not shell', async (t) => {
  const check = session(t, 'exec', PLACE, { command: ['/bin/echo', 'replica; $(id)', '|', 'x'] });
  assert.equal(await check.outcome(), 'L7OK replica; $(id) | x');
});

test('a program that is not there', async (t) =>
  assert.equal(
    await session(t, 'exec', PLACE, { command: ['/nowhere/at-all'] }).outcome(),
    'PROCERR cannot run /nowhere/at-all: ENOENT',
  ));

test('a program that ends by a signal', async (t) => {
  const { command } = script(t, 'kill -9 $$');
  assert.equal(await session(t, 'exec', PLACE, { command }).outcome(), 'PROCERR the program was ended by SIGKILL');
});

test('a program that takes too long is ended with what it started', async (t) => {
  const { command, dir } = script(t, 'echo waiting; sleep 100 & echo $! > {DIR}/pid; wait');
  const check = session(t, 'exec', PLACE, { command, timeoutMs: 400 });
  const report = await check.ask();
  assert.deepEqual([report.status, report.text], [19, 'the program did not end in time: waiting']);
  assert.ok(report.durationMs < 3000, `${report.durationMs} ms`);
  const pid = Number(readFileSync(join(dir, 'pid'), 'utf8'));
  await until('the child to be gone', () => !isRunning(pid));
});

test('a program whose child keeps its output open is not waited for', async (t) => {
  const { command } = script(t, 'sleep 3 & echo replica; exit 0');
  const report = await session(t, 'exec', PLACE, { command }).ask();
  assert.deepEqual([report.status, report.text], [15, 'replica']);
  assert.ok(report.durationMs < 2500, `${report.durationMs} ms`);
});

test('a program that writes without end', async (t) => {
  const { command } = script(t, 'yes primary');
  const report = await session(t, 'exec', PLACE, { command, timeoutMs: 400 }).ask();
  assert.equal(report.status, 19);
  assert.ok(report.text.length <= 200);
});

/** Opens what is left, asks for a program, and prints what came of it. */
const WITHOUT_DESCRIPTORS = `
  import { openSync } from 'node:fs';
  import { ExecSession } from '../../../src/checks/role/exec-session.js';
  import { runCommand } from '../../../src/agents/command.js';
  const session = new ExecSession({ kind: 'exec', command: ['/bin/true'] }, { host: '127.0.0.1', port: 1 }, null);
  try {
    for (;;) openSync('/dev/null');
  } catch {}
  session.check(({ text }) => process.stdout.write(text + '; '));
  runCommand({ argv: ['/bin/true'], env: {} }, 1000, ({ reason }) => process.stdout.write(reason));
`;

test('without a free descriptor a program cannot be run, and that is all', async () => {
  const from = (text: string) => new URL(text, import.meta.url).href;
  const script = WITHOUT_DESCRIPTORS.replace(/from '(\.[^']+)'/g, (_, path: string) => `from '${from(path)}'`);
  const command = 'ulimit -n 60; exec "$0" --input-type=module -e "$1"';
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command, process.execPath, script]);
  assert.equal(stdout, 'cannot run /bin/true: EMFILE; /bin/true cannot be run (EMFILE)');
});

test('a program that repeats the password', async (t) => {
  const { command } = script(t, `echo "I know ${PASSWORD}"`);
  assert.equal(await session(t, 'exec', PLACE, { command }).outcome(), 'L7OK I know ***');
});

/** Not there, or only waiting to be collected by init. */
function isRunning(pid: number): boolean {
  const path = `/proc/${pid}/stat`;
  return existsSync(path) && !/\) Z /.test(readFileSync(path, 'utf8'));
}
