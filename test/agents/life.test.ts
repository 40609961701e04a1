/** Endpoints through starts, reloads and failures: sockets that stay are never closed, ports that are taken are said. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { freePort } from '../../lab/support/ports.js';
import { emptyModel } from '../../src/config/defaults.js';
import { Agents } from '../../src/daemon/agents.js';
import { ProcessLog } from '../../src/daemon/process-log.js';
import { systemTest } from '../support/peers.js';
import { answers, directory, get, startAgents, until } from './support.js';

const yaml = (agents: { readonly [name: string]: string }) =>
  `agents:\n${Object.entries(agents)
    .map(([name, text]) => `  ${name}: { ${text} }\n`)
    .join('')}`;
const echo = (port: number, word: string) =>
  `bind: "127.0.0.1:${port}", type: program, share: 10ms, timeout: 10s, command: [/bin/echo, ${word}]`;

async function said(port: number): Promise<string> {
  return (await get(port)).bytes.trim();
}

test('a port that another program has is named, and nothing starts', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const { port } = other.address() as { port: number };
  const expected = `for agent mine: cannot bind socket \\(Address already in use\\) for \\[127.0.0.1:${port}\\]`;
  const message = new RegExp(`ended with 1:[^]*Binding \\[.*a\\.yaml:2\\] ${expected}`);
  await assert.rejects(startAgents(t, { 'a.yaml': yaml({ mine: echo(port, 'x') }) }), { message });
});

test('a reload adds, changes and removes endpoints; nobody who asks meanwhile is refused', async (t) => {
  const dir = directory(t);
  const [stays, goes, comes] = [await freePort(), await freePort(), await freePort()];
  const first = yaml({ stays: echo(stays, 'one'), goes: echo(goes, 'going') });
  const agents = await startAgents(t, { 'a.yaml': first }, {}, dir);
  await until('both', async () => (await said(stays)) === 'one' && (await said(goes)) === 'going');
  let isOver = false;
  const heard = new Set<string>();
  const asking = (async () => {
    while (!isOver) heard.add(await get(stays).then(({ bytes, error }) => bytes.trim() || error));
  })();
  for (const word of ['two', 'three', 'four']) {
    writeFileSync(join(dir, 'a.yaml'), yaml({ stays: echo(stays, word), comes: echo(comes, word) }));
    agents.reload();
    await until(word, async () => (await said(stays)) === word && (await said(comes)) === word);
  }
  isOver = true;
  await asking;
  assert.deepEqual([...heard].sort(), ['four', 'one', 'three', 'two']);
  assert.equal((await get(goes)).error, 'ECONNREFUSED');
});

test('a reload with a port that is taken changes nothing', async (t) => {
  const dir = directory(t);
  const port = await freePort();
  const agents = await startAgents(t, { 'a.yaml': yaml({ a: echo(port, 'one') }) }, {}, dir);
  await until('an answer', async () => (await said(port)) === 'one');
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const taken = (other.address() as { port: number }).port;
  writeFileSync(join(dir, 'a.yaml'), yaml({ a: echo(port, 'two'), b: echo(taken, 'x') }));
  agents.reload();
  await until('a refusal', () => /not reloaded/.test(agents.output()));
  assert.equal(await said(port), 'one');
});

test('endpoints and services run side by side from one file', async (t) => {
  const [listen, port] = [await freePort(), await freePort()];
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end('hello\n');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const to = (server.address() as { port: number }).port;
  const service = `services: { s: { bind: "127.0.0.1:${listen}", servers: { a: "127.0.0.1:${to}" }, timeouts: { connect: 1s, client: 5s, server: 5s } } }\n`;
  await startAgents(t, { 'a.yaml': service + yaml({ a: echo(port, 'one') }) });
  await until('the endpoint', async () => (await said(port)) === 'one');
  assert.match((await get(listen)).bytes, /^hello/);
});

for (const signal of ['SIGTERM', 'SIGUSR1'] as const)
  test(`${signal} ends a process that only has endpoints`, async (t) => {
    const port = await freePort();
    const agents = await startAgents(t, { 'a.yaml': yaml({ a: echo(port, 'x') }) });
    await answersWith(port, 'x');
    agents.child.kill(signal);
    await until('the end', () => agents.child.exitCode !== null || agents.child.signalCode !== null);
    assert.equal(agents.child.exitCode, 0);
    assert.equal((await get(port)).error, 'ECONNREFUSED');
  });

test('a disabled endpoint does not listen', async (t) => {
  const [on, off] = [await freePort(), await freePort()];
  await startAgents(t, { 'a.yaml': yaml({ on: echo(on, 'x'), off: `disabled: true, ${echo(off, 'y')}` }) });
  await answersWith(on, 'x');
  assert.equal((await get(off)).error, 'ECONNREFUSED');
});

test('the disabled-file takes a node out by hand', async (t) => {
  const dir = directory(t);
  const port = await freePort();
  const file = join(dir, 'disabled');
  const settings = `bind: "127.0.0.1:${port}", type: exec, command: [/bin/true], share: 10ms, disabled-file: "${file}"`;
  await startAgents(t, { 'a.yaml': yaml({ a: settings }) }, {}, dir);
  await answers(port, 200);
  writeFileSync(file, '');
  await answers(port, 503);
  rmSync(file);
  await answers(port, 200);
});

async function answersWith(port: number, text: string): Promise<void> {
  await until(`'${text}' on ${port}`, async () => (await said(port)) === text);
}

test('a thread that fails is started again on the same sockets', async (t) => {
  const port = await freePort();
  const lines: string[] = [];
  const log = new ProcessLog((line) => lines.push(line));
  const agents = new Agents(log, () => undefined);
  t.after(() => agents.close());
  const model = emptyModel();
  const address = { kind: 'inet', family: 4, host: '127.0.0.1', port } as const;
  model.agents.push({ name: 'a', kind: 'program', address, command: ['/bin/echo', 'here'] });
  await agents.commit(await agents.prepare(model));
  await answersWith(port, 'here');
  await (agents as unknown as { worker: Worker }).worker.terminate();
  await answersWith(port, 'here');
  assert.ok(lines.some((line) => /check endpoints: ended by itself; started again/.test(line)));
});

systemTest('a process that gave root up runs programs as itself', { commands: [], root: true }, async (t) => {
  const port = await freePort();
  const id = `bind: "127.0.0.1:${port}", type: program, share: 0ms, run-as: root, command: [/usr/bin/id, -u]`;
  const agents = await startAgents(t, { 'a.yaml': `global: { uid: 65534 }\n${yaml({ id })}` });
  await answersWith(port, '65534');
  assert.match(agents.output(), /exit status 0/);
});
