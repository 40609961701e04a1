/** Scripts that ask whether the proxy runs, and what several files together say of virtual addresses. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { correct } from '../../src/config/correct.js';
import { loadConfig } from '../../src/config/load.js';
import { asksForProxy } from '../../src/config/vip-proxies.js';
import { writeYaml } from '../../src/config/yaml/write.js';

const folder = mkdtempSync(join(tmpdir(), 'fairlead-vips-'));
after(() => rmSync(folder, { recursive: true }));

// command, whether it asks for the proxy
for (const [command, expected] of [
  [['killall', '-0', 'haproxy'], true],
  [['/usr/bin/killall', '-0', 'haproxy'], true],
  [['killall', '-0', '-q', 'haproxy'], true],
  [['killall', '-9', 'haproxy'], false],
  [['killall', '-0', 'nginx'], false],
  [['killall', '-0', 'haproxy', 'nginx'], false],
  [['pidof', 'haproxy'], true],
  [['/bin/pidof', '-s', 'haproxy'], true],
  [['pgrep', '-x', 'haproxy'], true],
  [['pgrep', 'haproxyd'], false],
  [['pkill', '-0', 'haproxy'], true],
  [['pkill', 'haproxy'], false],
  [['systemctl', 'is-active', 'haproxy'], true],
  [['systemctl', 'is-active', '--quiet', 'haproxy.service'], true],
  [['systemctl', 'restart', 'haproxy'], false],
  [['service', 'haproxy', 'status'], true],
  [['sh', '-c', 'killall -0 haproxy'], true],
  [['/bin/bash', '-c', 'pidof haproxy > /dev/null 2>&1'], true],
  [['sh', '-c', 'pidof haproxy && curl localhost'], false],
  [['kill', '-0', '`cat', '/var/run/haproxy.pid`'], true],
  [['/usr/local/bin/check', 'haproxy'], false],
  [[], false],
] as const)
  test(`'${command.join(' ')}' ${expected ? 'asks' : 'does not ask'} for the proxy`, () => {
    assert.equal(asksForProxy(command), expected);
  });

const INSTANCE = (name: string, more = '') =>
  `vrrp_instance ${name} {\ninterface eth0\nvirtual_router_id 5\npriority 90\nvirtual_ipaddress {\n10.0.0.5\n}\n${more}}\n`;
const SERVICE =
  'services:\n  a:\n    bind: 10.0.0.7:80\n    timeouts: { connect: 1s, client: 1s, server: 1s }\n    servers: { s: 10.0.0.9:80 }\n';

function load(files: { [name: string]: string }) {
  const paths = Object.entries(files).map(([name, text]) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  });
  return loadConfig(paths, { env: {} });
}

function complaints(files: { [name: string]: string }): string[] {
  const { diagnostics } = load(files);
  return diagnostics.list.map(({ severity, message, remedy }) =>
    `${severity}: ${message}; ${remedy}`.replaceAll(`${folder}/`, ''),
  );
}

test('a directory of keepalived: the file that includes the others', () => {
  const path = join(folder, 'keepalived');
  mkdirSync(path);
  writeFileSync(join(path, 'keepalived.conf'), INSTANCE('A'));
  writeFileSync(join(path, 'old.conf'), INSTANCE('A'));
  assert.deepEqual(loadConfig([path]).files, [join(path, 'keepalived.conf')]);
});

test('a keepalived.conf without any address is no configuration', () => {
  assert.deepEqual(complaints({ 'keepalived.conf': 'global_defs {\nrouter_id A\n}\n' }), [
    "error: the configuration has no virtual address and no proxy; add a 'vrrp_instance', or 'vips:' in fairlead.yaml",
  ]);
});

test('addresses alone are a configuration', () => {
  assert.deepEqual(complaints({ 'keepalived.conf': INSTANCE('A') }), []);
  assert.deepEqual(
    complaints({ 'fairlead.yaml': 'vips: { a: { address: 10.0.0.5/24, interface: eth0, priority: 90 } }\n' }),
    [],
  );
});

test('the files of two hosts: said precisely, once for each name', () => {
  assert.deepEqual(complaints({ 'node1.conf': INSTANCE('VI_1'), 'node2.conf': INSTANCE('VI_1') }), [
    "error: there is a vrrp_instance 'VI_1' already in node1.conf, line 1; files of two nodes are checked one at a time; within one node give each its own name",
  ]);
});

test('keepalived.conf and fairlead.yaml are judged together', () => {
  const yaml = 'vips: { B: { address: 10.0.0.6/24, interface: eth0, id: 5, priority: 90, version: 2 } }\n';
  assert.deepEqual(complaints({ 'keepalived.conf': INSTANCE('A'), 'fairlead.yaml': yaml }), [
    "error: 'B' has the router id 5 of 'A' on eth0; give each its own, from 1 to 255",
  ]);
});

test('what binds the address is tracked, unless something else is said', () => {
  const tracked = (more: string) => {
    const vip = `vips: { v: { address: [10.0.0.7/24], interface: eth0, priority: 90${more} } }\n`;
    const { model, diagnostics } = load({ 'fairlead.yaml': SERVICE + vip });
    assert.deepEqual(diagnostics.list, [], diagnostics.renderAll());
    return model.vips!.instances[0].track.frontends.map(({ name, weight }) => `${name} ${weight}`);
  };
  assert.deepEqual(tracked(''), ['a -253']);
  assert.deepEqual(tracked(', preempt: false'), ['a 0']);
  assert.deepEqual(tracked(', track: { interfaces: eth1 }'), ['a -253']);
  assert.deepEqual(tracked(', track: { frontends: [] }'), []);
  assert.deepEqual(tracked(', track: { frontend: { name: a, weight: -60 } }'), ['a -60']);
});

test('a configuration that tracks nothing on purpose reads back', () => {
  const vip = 'vips: { v: { address: 10.0.0.7/24, interface: eth0, track: { frontends: [] } } }\n';
  const again = load({ 'fairlead.yaml': writeYaml(load({ 'fairlead.yaml': SERVICE + vip }).model) });
  assert.deepEqual(again.model.vips!.instances[0].track.frontends, []);
});

test('an instance of keepalived.conf tracks what it says, and no more', () => {
  const { model } = load({
    'keepalived.conf': INSTANCE('A').replace('10.0.0.5', '10.0.0.7'),
    'fairlead.yaml': SERVICE,
  });
  assert.deepEqual(model.vips!.instances[0].track.frontends, []);
});

test('a password is in no message, and import writes the place of a file', () => {
  const auth = 'authentication {\nauth_type PASS\nauth_pass hunter2\n}\n';
  const { model, diagnostics } = load({ 'keepalived.conf': INSTANCE('A', auth) });
  assert.deepEqual(model.vips!.instances[0].password, { from: 'text', text: 'hunter2' });
  correct(model, diagnostics);
  assert.match(writeYaml(model), /password: \{ file: \/etc\/fairlead\/A\.password \}/);
  const said = diagnostics.renderAll();
  assert.match(said, /the password is not printed: write it into \/etc\/fairlead\/A.password/);
  assert.doesNotMatch(said + writeYaml(model), /hunter2/);
});

test('a password in the wrong place is in no message either', () => {
  for (const text of [
    'auth_pass hunter2\n',
    'authentication {\nauth_pass "hunter2\n}\n',
    'authentication {\nauth_pass a hunter2\n}\n',
  ])
    assert.doesNotMatch(load({ 'keepalived.conf': INSTANCE('A', text) }).diagnostics.renderAll(), /hunter2/);
});

test('a password file that is not there is an error', () => {
  const vip =
    'vips: { v: { address: 10.0.0.7/24, interface: eth0, version: 2, priority: 9, password: { file: /nonexistent/p } } }\n';
  assert.deepEqual(complaints({ 'fairlead.yaml': vip }), [
    'error: cannot read the password file /nonexistent/p: there is no such file; create it with mode 0400, holding the password alone',
  ]);
});

test('files that keepalived.conf includes are among the files that were read', () => {
  writeFileSync(join(folder, 'inner.part'), INSTANCE('B'));
  const { files, model } = load({ 'outer.conf': 'global_defs {\n}\ninclude inner.*\n' });
  assert.deepEqual(files, [join(folder, 'outer.conf'), join(folder, 'inner.part')]);
  assert.equal(model.vips!.instances[0].loc?.file, join(folder, 'inner.part'));
});
