/** The same service file on the real xinetd and on Fairlead: whom they serve, and whom they turn away. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../lab/support/ports.js';
import { systemTest } from '../support/peers.js';
import { directory, startAgents, until } from './support.js';

const ANSWER = 'HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\nhere\\n';

/** Attributes of a service, one set each. */
const ACCESS = [
  '',
  'only_from = 127.0.0.9',
  'only_from = 127.0.0.0',
  'only_from = 0.0.0.0',
  'only_from = 127.0.0.0/8 10.0.0.0',
  'only_from = 127.0.1.0',
  'only_from = 127.0.0.{5,9}',
  'only_from =',
  'no_access = 127.0.0.5',
  'no_access = 127.0.1.0',
  'only_from = 127.0.0.0\nno_access = 127.0.0.5',
  'only_from = 127.0.0.5\nno_access = 127.0.0.0',
  'only_from = 127.0.0.5\nonly_from += 127.0.0.9',
  'only_from = 127.0.0.5 127.0.0.9\nonly_from -= 127.0.0.9',
];
const SOURCES = ['127.0.0.1', '127.0.0.5', '127.0.0.9', '127.0.1.7'];

function serviceFile(program: string, ports: readonly number[]): string {
  return ACCESS.map(
    (attributes, i) => `service s${i}
{
type = UNLISTED
socket_type = stream
protocol = tcp
wait = no
port = ${ports[i]}
user = root
server = ${program}
${attributes}
}
`,
  ).join('');
}

/** Whether an address hears the answer. */
function isServed(port: number, from: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from });
    let text = '';
    socket.setTimeout(5000, () => socket.destroy());
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(text.includes('here')));
  });
}

async function verdicts(ports: readonly number[]): Promise<{ [attributes: string]: string }> {
  const found: { [attributes: string]: string } = {};
  for (const [i, attributes] of ACCESS.entries()) {
    const served = await Promise.all(SOURCES.map(async (from) => ((await isServed(ports[i], from)) ? from : '')));
    found[attributes.replace('\n', '; ')] = served.filter((from) => from !== '').join(' ');
  }
  return found;
}

async function realXinetd(t: TestContext, file: string, port: number): Promise<void> {
  const child = spawn('xinetd', ['-f', file, '-dontfork', '-pidfile', `${file}.pid`], { stdio: 'ignore' });
  t.after(async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  await until('xinetd', () => isServed(port, '127.0.0.1'));
}

systemTest('both serve the same addresses', { commands: ['xinetd'], root: true, timeoutMs: 60_000 }, async (t) => {
  const dir = directory(t);
  const program = join(dir, 'answer');
  // The real one writes without reading: its answer must be out before it ends.
  writeFileSync(program, `#!/bin/sh\nprintf '${ANSWER}'\nsleep 0.1\n`);
  chmodSync(program, 0o755);
  chmodSync(dir, 0o755);
  const portsOf = async () => Promise.all(ACCESS.map(() => freePort()));
  const [theirs, ours] = [await portsOf(), await portsOf()];
  writeFileSync(join(dir, 'xinetd.conf'), serviceFile(program, theirs));
  await realXinetd(t, join(dir, 'xinetd.conf'), theirs[0]);
  await startAgents(t, { services: serviceFile(program, ours) }, {}, dir);
  await sleep(50);
  const expected = await verdicts(theirs);
  assert.equal(expected[''], SOURCES.join(' '));
  assert.deepEqual(await verdicts(ours), expected);
});
