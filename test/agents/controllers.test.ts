/**
 * cmonhachk's endpoint: the printed xinetd file, an `s9s` that prints the document's table, a real HAProxy with the
 * document's own file that follows the leader.
 */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freePort } from '../../lab/support/ports.js';
import { systemTest } from '../support/peers.js';
import { startProxy } from '../support/proxy.js';
import { eventually, statRow } from '../support/side-by-side.js';
import { answers, ask, directory, get, haproxySeed, printed, startAgents } from './support.js';

/** @param leader last part of its address */
function table(leader: number, nodes: readonly number[] = [101, 102, 103]): string {
  const row = (n: number) =>
    `${n === leader ? 'l' : 'f'} 1.7.4.3565 system admins 10.0.0.${n} 10.0.0.${n} 9501 ${n === leader ? 'Acting as leader.' : 'Accepting heartbeats.'}\n`;
  return `S VERSION OWNER GROUP NAME IP PORT COMMENT\n${nodes.map(row).join('')}Total: ${nodes.length} controller(s)\n`;
}

/** A directory with an `s9s` that runs the lines, and counts how often it ran. */
function fakeS9s(t: TestContext, lines: string): { dir: string; runs(): number; say(text: string): void } {
  const dir = directory(t);
  writeFileSync(join(dir, 'runs'), '');
  writeFileSync(join(dir, 's9s'), `#!/bin/sh\necho "$@" >> ${dir}/runs\n${lines.replaceAll('{DIR}', dir)}\n`);
  chmodSync(join(dir, 's9s'), 0o755);
  return {
    dir,
    runs: () => readFileSync(join(dir, 'runs'), 'utf8').split('\n').length - 1,
    say: (text) => writeFileSync(join(dir, 'table'), text),
  };
}

const path = (dir: string) => ({ PATH: `${dir}:${process.env.PATH}` });

/** Three controllers on one port, each on an address of its own. */
function agentsYaml(port: number): string {
  const agent = (n: number) =>
    `  node${n}: { bind: "127.0.0.${n}:${port}", type: cmonhachk, nodes: 10.0.0.10${n}, share: 100ms }\n`;
  return `agents:\n${[1, 2, 3].map(agent).join('')}`;
}

test('the printed service answers for this host, from one run for all pollers', async (t) => {
  const { hostname } = await import('node:os');
  const s9s = fakeS9s(t, 'sleep 0.2; cat {DIR}/table');
  const own = (state: string) =>
    table(0, [102]).replace(/^f.*$/m, `${state} 1.7 system admins ${hostname()} 10.0.0.9 9501 x`);
  s9s.say(own('l'));
  const port = await freePort();
  const service = printed('cmonhachk').replace('port = 9201', `port = ${port}`);
  await startAgents(t, { cmonhachk: service }, path(s9s.dir));
  const heard = await Promise.all(Array.from({ length: 50 }, () => get(port)));
  for (const { status, body } of heard) {
    assert.equal(status, 200);
    assert.equal(body, '<html><body>This node is a leader.</body></html>');
  }
  assert.ok(s9s.runs() <= 2, `${s9s.runs()} runs for 50 pollers`);
  assert.equal(readFileSync(join(s9s.dir, 'runs'), 'utf8').split('\n')[0], 'controller --list --long');
  s9s.say(own('f'));
  await answers(port, 503);
  assert.equal((await get(port)).body, '<html><body>This node is a follower.</body></html>');
  s9s.say(own('x'));
  await answers(port, 503);
  const unknown = '<html><body>This node is in an unknown state.</body></html>';
  await eventually(async () => (await get(port)).body === unknown);
});

// What s9s does, and what is said of it.
for (const [name, lines, reason] of [
  ['hangs', 'sleep 60', /did not end within 450 ms/],
  ['fails', 'echo "Authentication failed." ; exit 1', /ended with 1: the list names no controller/],
  ['floods', 'yes', /says more than 65536 bytes/],
  ['says nothing', 'true', /ended with 0: the list names no controller/],
  ['is killed', 'kill -9 $$', /was ended by SIGKILL/],
  ['leaves a child behind', 'sleep 60 &\ncat {DIR}/table', /did not end within 450 ms/],
] as const)
  test(`an s9s that ${name} is an answer in time`, async (t) => {
    const s9s = fakeS9s(t, lines);
    s9s.say(table(101));
    const port = await freePort();
    const yaml = `agents: { cmon: { bind: "127.0.0.1:${port}", type: cmonhachk, nodes: 10.0.0.101, timeout: 500ms, share: 0ms } }\n`;
    await startAgents(t, { 'a.yaml': yaml }, path(s9s.dir));
    for (let i = 0; i < 3; i++) {
      const heard = await get(port);
      assert.equal(heard.status, 503);
      assert.ok(heard.ms < 1000, `${heard.ms} ms`);
    }
    assert.match(String((await ask(port)).reason), reason);
  });

test('no s9s at all is said', async (t) => {
  const port = await freePort();
  const yaml = `agents: { cmon: { bind: "127.0.0.1:${port}", type: cmonhachk, command: [/no/such/s9s] } }\n`;
  await startAgents(t, { 'a.yaml': yaml });
  assert.match(String((await ask(port)).reason), /\/no\/such\/s9s cannot be run \(ENOENT\)/);
});

systemTest(
  "HAProxy with the document's file follows the leader",
  { commands: ['haproxy'], timeoutMs: 60_000 },
  async (t) => {
    const s9s = fakeS9s(t, 'cat {DIR}/table');
    s9s.say(table(101));
    const port = await freePort();
    await startAgents(t, { 'a.yaml': agentsYaml(port) }, path(s9s.dir));
    const listen = await freePort();
    const file = haproxySeed('clustercontrol-ui')
      .replace('bind *:9600', `bind 127.0.0.1:${await freePort()}`)
      .replace('bind *:81', `bind 127.0.0.1:${listen}`)
      .replace('port 9201 inter 20s downinter 30s', `port ${port} inter 100ms downinter 100ms`)
      .replace(/(server 10\.0\.0\.10(\d)) 10\.0\.0\.10\d:443/g, '$1 127.0.0.$2:443')
      .replace(/^\s*(daemon|pidfile .*|user haproxy|group haproxy|stats socket .*)$/gm, '')
      .replace('global\n', 'global\n stats socket {SOCK} level admin\n');
    const haproxy = await startProxy('haproxy', file, [listen]);
    t.after(() => haproxy.stop());
    const leads = (wanted: string) =>
      eventually(async () => {
        const names = ['10.0.0.101', '10.0.0.102', '10.0.0.103'];
        const rows = await Promise.all(names.map((name) => statRow(haproxy, 'haproxy_10.0.0.101_81', name)));
        return rows.map(({ status }) => status.split(' ')[0]).join(' ') === wanted;
      }, 15_000);
    await leads('UP DOWN DOWN');
    s9s.say(table(103));
    await leads('DOWN DOWN UP');
    s9s.say(table(0));
    await leads('DOWN DOWN DOWN');
    s9s.say(table(102));
    await leads('DOWN UP DOWN');
  },
);
