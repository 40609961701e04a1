/** The main thread's answers to workers: alike questions once, forms each, and a failure that harms nobody. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ServiceRequest, ToWorker } from '../../src/core/messages.js';
import { Services } from '../../src/daemon/services.js';
import { bind, FakeEngine, model, proxy, server } from '../control/fake-engine.js';
import { withPage } from '../control/stats-page/ask.js';

type Answer = Extract<ToWorker, { type: 'service-answer' }>;

function stage() {
  const proxies = [
    proxy('listen', 'stats', 2, { mode: 'http', binds: [bind(7000)] }),
    proxy('backend', 'be', 3, { servers: [server('s1', 1, 80)] }),
  ];
  const engine = new FakeEngine(withPage(model(proxies), 'stats'), 2);
  const answers: (Answer & { index: number })[] = [];
  const complaints: string[] = [];
  let reads = 0;
  const row = engine.row.bind(engine);
  engine.row = (key) => {
    if (key === 'b:be') reads++;
    return row(key);
  };
  const post = (index: number, message: ToWorker) => void answers.push({ ...(message as Answer), index });
  const services = new Services(engine, post, (text) => complaints.push(text));
  const ask = (index: number, request: number, more: Partial<ServiceRequest>) => {
    const plain = { service: 'stats', proxy: 'stats', method: 'GET', target: '/stats;csv', host: 'a' } as const;
    const rest = { origin: '', referer: '', secFetchSite: '', body: '', isAdmin: true };
    services.take({ type: 'service', index, request, ask: { ...plain, ...rest, ...more } });
  };
  return { engine, answers, complaints, ask, reads: () => reads };
}

async function settled(answers: readonly unknown[], count: number): Promise<void> {
  for (let turns = 0; answers.length < count && turns < 100; turns++) await nextTurn();
  assert.equal(answers.length, count);
}

test('a flood of the same question is answered once, to everybody', async () => {
  const { answers, ask, reads } = stage();
  for (let i = 0; i < 50; i++) ask(i % 2, i, {});
  await settled(answers, 50);
  assert.equal(reads(), 1);
  assert.deepEqual(answers.map((a) => `${a.index}/${a.request}`).sort()[0], '0/0');
  assert.equal(new Set(answers.map((a) => a.body.buffer)).size, 1);
  assert.ok(answers[0].body.buffer instanceof SharedArrayBuffer);
});

test('other targets and other rights are other questions', async () => {
  const { answers, ask, reads } = stage();
  ask(0, 1, { target: '/stats' });
  ask(0, 2, { target: '/stats', isAdmin: false });
  ask(0, 3, {});
  await settled(answers, 3);
  assert.equal(reads(), 3);
  const page = (request: number) => Buffer.from(answers.find((a) => a.request === request)!.body).toString();
  assert.ok(page(1).includes('method="post"'));
  assert.ok(!page(2).includes('method="post"'));
});

test('each form is carried out', async () => {
  const { engine, answers, ask } = stage();
  for (const request of [1, 2]) ask(0, request, { method: 'POST', body: 's=s1&b=be&action=drain' });
  await settled(answers, 2);
  assert.equal(engine.calls.length, 2);
  assert.deepEqual(
    answers.map((a) => a.status),
    [303, 303],
  );
});

test('an answer that cannot be made is 500, and the log tells why', async () => {
  const { engine, answers, complaints, ask } = stage();
  engine.row = () => {
    throw new Error('no memory of it');
  };
  ask(1, 9, {});
  await settled(answers, 1);
  assert.deepEqual([answers[0].index, answers[0].request, answers[0].status], [1, 9, 500]);
  assert.match(complaints[0], /^stats of stats: Error: no memory of it/);
});
