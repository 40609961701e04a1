/** A pair of sockets: what one end sends the other hears, and a child can have one. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { EAGAIN } from '../../src/linux/constants.js';
import { NativeBuffer } from '../../src/linux/memory.js';
import { openSocketPair } from '../../src/linux/socket-pair.js';
import { read, write } from '../../src/linux/syscalls.js';

function pair(): readonly [number, number] {
  const opened = openSocketPair();
  assert.ok(typeof opened !== 'number', `errno ${opened}`);
  return opened;
}

test('bytes go from end to end, and nobody waits for them', () => {
  const [a, b] = pair();
  const buffer = new NativeBuffer(8);
  assert.equal(read(b, buffer.ptr, 8), -EAGAIN);
  buffer.bytes.set(Buffer.from('hello'));
  assert.equal(write(a, buffer.ptr, 5), 5);
  buffer.bytes.fill(0);
  assert.equal(read(b, buffer.ptr, 8), 5);
  assert.equal(Buffer.from(buffer.bytes.subarray(0, 5)).toString(), 'hello');
  closeSync(a);
  assert.equal(read(b, buffer.ptr, 8), 0);
  closeSync(b);
});

test('a child has the end that it is given, and not the other', async () => {
  const [ours, theirs] = pair();
  const done = spawnSync('sh', ['-c', `echo hello >&3; ls /proc/self/fd`], {
    stdio: ['ignore', 'pipe', 'inherit', theirs],
  });
  closeSync(theirs);
  const socket = new Socket({ fd: ours });
  const [line] = await new Promise<[Buffer]>((resolve) => socket.once('data', (data: Buffer) => resolve([data])));
  assert.equal(String(line), 'hello\n');
  assert.ok(!String(done.stdout).split('\n').includes(String(ours)));
  socket.destroy();
});
