/** The event loop: what one handler throws is told, and costs the others nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWakeFd, wake } from '../../src/linux/eventfd.js';
import { Reactor } from '../../src/linux/reactor.js';

function timer(onTimer: () => void) {
  return { wakeAtMs: 0, heapIndex: -1, onTimer };
}

test('a fault in a handler is told with its owner, and everybody else goes on', () => {
  const called: string[] = [];
  const faults: [string, object][] = [];
  const reactor = new Reactor(
    createWakeFd(),
    () => undefined,
    () => undefined,
    (error, owner) => faults.push([(error as Error).message, owner]),
  );
  const broken = { onEvents: () => fail('events') };
  const sound = { onEvents: () => called.push('events') };
  const tasks = [{ onContinue: () => fail('task') }, { onContinue: () => void called.push('task') }];
  const timers = [timer(() => fail('timer')), timer(() => void called.push('timer'))];
  for (const handler of [broken, sound]) {
    const fd = createWakeFd();
    reactor.add(fd, handler);
    wake(fd);
  }
  for (const task of tasks) reactor.again(task);
  timers.forEach((one, i) => {
    reactor.timers.arm(one, performance.now() + i);
  });
  reactor.timers.arm(
    timer(() => reactor.stop()),
    performance.now() + 20,
  );
  reactor.run();
  assert.deepEqual(called.sort(), ['events', 'task', 'timer']);
  assert.deepEqual(faults, [
    ['events', broken],
    ['task', tasks[0]],
    ['timer', timers[0]],
  ]);
});

test('what is sent leaves behind the events of its turn and before its timers, and may lead to more', () => {
  const called: string[] = [];
  const reactor = new Reactor(createWakeFd(), () => undefined);
  const end = { onSend: () => void called.push('end') };
  const send = {
    onSend() {
      called.push('send');
      reactor.sendSoonToClient(end);
    },
  };
  const answer = { onSend: () => void called.push('answer') };
  for (const name of ['first', 'second']) {
    const fd = createWakeFd();
    const handler = {
      onEvents() {
        called.push(name);
        reactor.sendSoonToClient(answer);
        reactor.sendSoonToServer(send);
      },
    };
    reactor.add(fd, handler);
    wake(fd);
  }
  const last = timer(() => {
    called.push('timer');
    reactor.stop();
  });
  reactor.timers.arm(last, performance.now());
  reactor.run();
  assert.deepEqual(called, ['first', 'second', 'send', 'send', 'answer', 'answer', 'end', 'end', 'timer']);
});

test('without anybody to tell, a fault ends the loop', () => {
  const reactor = new Reactor(createWakeFd(), () => undefined);
  reactor.again({ onContinue: () => fail('task') });
  assert.throws(() => reactor.run(), /task/);
});

function fail(what: string): never {
  throw new Error(what);
}
