/** Where the private socket lives, and that nobody else's directory is trusted. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findRuntimeSockets, prepareRuntimeSocketPath, runtimeDirectories } from '../../src/control/runtime-path.js';

const dir = mkdtempSync(join(tmpdir(), 'fl-run-'));
after(() => rmSync(dir, { recursive: true }));

test('the system directory comes first, then the session, then /tmp', () => {
  assert.deepEqual(runtimeDirectories({ uid: 7, xdgRuntimeDir: '/run/user/7' }), [
    '/run/fairlead',
    '/run/user/7/fairlead',
    '/tmp/fairlead-7',
  ]);
  assert.deepEqual(runtimeDirectories({ uid: 7, xdgRuntimeDir: '' }), ['/run/fairlead', '/tmp/fairlead-7']);
});

/** This user, with a login session in a directory of the test. */
const userIn = (xdgRuntimeDir: string) => ({ uid: process.getuid!(), xdgRuntimeDir });

test('the directory is made for its owner alone', () => {
  const path = prepareRuntimeSocketPath('x', { ...userIn(dir), systemDirectory: join(dir, 'system') });
  assert.equal(path, join(dir, 'system', 'x.sock'));
  assert.equal(statSync(join(dir, 'system')).mode & 0o777, 0o700);
});

test('a link is not followed', () => {
  mkdirSync(join(dir, 'elsewhere'));
  symlinkSync(join(dir, 'elsewhere'), join(dir, 'link'));
  const path = prepareRuntimeSocketPath('x', { ...userIn(dir), systemDirectory: join(dir, 'link') });
  assert.equal(path, join(dir, 'fairlead', 'x.sock'));
});

test('sockets are found, files are not', async () => {
  const user = { ...userIn(dir), systemDirectory: join(dir, 'system') };
  const path = prepareRuntimeSocketPath('found', user)!;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  assert.ok(findRuntimeSockets(user).includes(path));
  server.close();
});
