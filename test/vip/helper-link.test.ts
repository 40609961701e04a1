/** The VIP thread's end of the socket to its helper: lines in pieces, lines that are none, a helper that does not read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWakeFd } from '../../src/linux/eventfd.js';
import { NativeBuffer } from '../../src/linux/memory.js';
import { Reactor } from '../../src/linux/reactor.js';
import { openSocketPair } from '../../src/linux/socket-pair.js';
import { close, read, write } from '../../src/linux/syscalls.js';
import type { FromHelper } from '../../src/vip/helper/messages.js';
import { HelperLink } from '../../src/vip/helper-link.js';

function linked() {
  const pair = openSocketPair();
  assert.ok(typeof pair !== 'number');
  const [ours, theirs] = pair;
  const heard: FromHelper[] = [];
  const lost: string[] = [];
  const reactor = new Reactor(createWakeFd(), () => undefined);
  const link = new HelperLink(
    reactor,
    (message) => heard.push(message),
    (why) => lost.push(why),
  );
  link.open(ours, 42);
  const say = (text: string) => {
    const bytes = Buffer.from(text);
    const buffer = new NativeBuffer(bytes.length);
    buffer.bytes.set(bytes);
    assert.equal(write(theirs, buffer.ptr, bytes.length), bytes.length);
    link.onEvents(ours, 0);
  };
  const hear = () => {
    const buffer = new NativeBuffer(1 << 20);
    const got = read(theirs, buffer.ptr, 1 << 20);
    return got <= 0 ? '' : Buffer.from(buffer.bytes.subarray(0, got)).toString();
  };
  return { link, heard, lost, say, hear, theirs, ours };
}

test('lines arrive whole, whatever the pieces', () => {
  const { heard, say } = linked();
  say('{"type":"rea');
  assert.deepEqual(heard, []);
  say('dy","pid":1}\n{"type":"released","afterMs":5}\n{"ty');
  assert.deepEqual(heard, [
    { type: 'ready', pid: 1 },
    { type: 'released', afterMs: 5 },
  ]);
});

test('what is no message ends the link, and says so once', () => {
  const { link, lost, say } = linked();
  say('hello\n{"type":"ready","pid":1}\n');
  assert.deepEqual(lost, ['sent what is no message']);
  assert.equal(link.isOpen, false);
});

test('messages leave in order', () => {
  const { link, hear } = linked();
  link.send({ type: 'beat', limitMs: 60 });
  link.send({ type: 'end' });
  assert.equal(hear(), '{"type":"beat","limitMs":60}\n{"type":"end"}\n');
});

test('a helper that does not read is given up at the bound, not waited for', () => {
  const { link, lost } = linked();
  const text = 'x'.repeat(1 << 20);
  for (let i = 0; i < 12 && link.isOpen; i++)
    link.send({
      type: 'notify',
      notice: { kind: 'INSTANCE', name: text, state: 'MASTER', priority: 1 },
      programs: [],
      toFifos: false,
    });
  assert.deepEqual(lost, ['does not read what it is told']);
});

test('what did not fit goes on when there is room', () => {
  const { link, lost, hear, ours } = linked();
  const name = 'y'.repeat(3 << 20);
  link.send({
    type: 'notify',
    notice: { kind: 'INSTANCE', name, state: 'MASTER', priority: 1 },
    programs: [],
    toFifos: false,
  });
  let text = '';
  for (let part = hear(); part !== ''; part = hear()) {
    text += part;
    link.onEvents(ours, 0);
  }
  assert.equal((JSON.parse(text) as { notice: { name: string } }).notice.name.length, name.length);
  assert.deepEqual(lost, []);
});

test('a helper that ends is noticed', () => {
  const { link, lost, theirs, ours } = linked();
  close(theirs);
  link.onEvents(ours, 0x2000 | 0x10);
  assert.deepEqual(lost, ['closed its socket']);
  assert.equal(link.isOpen, false);
});
