/** `fairlead check`, `import` and `schema`, as a person or a script calls them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { grouped } from '../../src/cli/run.js';
import { loadConfig } from '../../src/config/load.js';

const BIN = fileURLToPath(new URL('../../../bin/fairlead', import.meta.url));
const EXAMPLES = fileURLToPath(new URL('../../../examples', import.meta.url));
const SEEDS = fileURLToPath(new URL('../../../test/config/haproxy/seeds', import.meta.url));

function fairlead(args: string[], input?: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
    input,
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { status, stdout, stderr };
}

function fileIn(t: TestContext, name: string, text: string): string {
  const path = mkdtempSync(join(tmpdir(), 'fairlead-check-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  writeFileSync(join(path, name), text);
  return join(path, name);
}

const GOOD = `defaults: { timeouts: { client: 1m, server: 1m, connect: 5s } }
services:
  a: { bind: ':80', servers: { x: '127.0.0.1:81', y: '127.0.0.1:82' } }
  b: { bind: ':83', servers: { x: '127.0.0.1:81' } }
`;

test('keepalived.conf: the lines of the host that is named', (t) => {
  const text =
    'vrrp_instance A {\ninterface eth0\nvirtual_router_id 5\n@a priority 20\n@b priority x\nvirtual_ipaddress {\n10.0.0.5\n}\n}\n';
  const path = fileIn(t, 'keepalived.conf', text);
  const found = fairlead(['check', '-i', 'a', '-f', path]);
  assert.deepEqual(found, {
    status: 0,
    stdout: 'keepalived.conf: 1 virtual address, 0 servers, 0 errors, 0 warnings\n',
    stderr: '',
  });
  assert.match(fairlead(['check', '-i', 'b', '-f', path]).stdout, /'x' does not fit 'priority'/);
  assert.match(fairlead(['import', '-i', 'a', path]).stdout, /priority: 20/);
});

test('a good file: a summary, exit 0', (t) => {
  const found = fairlead(['check', '-f', fileIn(t, 'fairlead.yaml', GOOD)]);
  assert.deepEqual(found, {
    status: 0,
    stdout: 'fairlead.yaml: 2 services, 3 servers, 0 errors, 0 warnings\n',
    stderr: '',
  });
});

test('a wrong file: each error with its line and remedy, exit 1', (t) => {
  const path = fileIn(t, 'fairlead.yaml', GOOD.replace("bind: ':80'", "bnd: ':80'").replace('client: 1m', 'client: 1'));
  const { status, stdout } = fairlead(['check', path]);
  assert.equal(status, 1);
  assert.match(
    stdout,
    /:1:33: error: the time 1 has no unit; write '1ms', or '1s' for seconds\n {4}1 \| defaults: .*\n {6}\| {33}\^\n/,
  );
  assert.match(stdout, /:3:8: error: unknown key 'bnd' in a service; did you mean 'bind'\?\n/);
  assert.match(stdout, /fairlead\.yaml: 2 services, 3 servers, 2 errors, 0 warnings\n$/);
});

test('--json: one object with everything', (t) => {
  const { status, stdout } = fairlead([
    'check',
    '--json',
    fileIn(t, 'a.yaml', GOOD.replace('servers: { x', 'severs: { x')),
  ]);
  const report = JSON.parse(stdout);
  assert.equal(status, 1);
  assert.deepEqual([report.ok, report.errors, report.services], [false, 1, 2]);
  assert.equal(report.diagnostics.find((d: { severity: string }) => d.severity === 'error').code, 'unknown-key');
});

test('--json: in the order of the file, whoever complained first', (t) => {
  const text = `${GOOD}  c: { bind: ':84', balance: nonsense }\n`.replace('connect: 5s', 'connect: 50000');
  const { diagnostics } = JSON.parse(fairlead(['check', '--json', fileIn(t, 'a.yaml', text)]).stdout);
  const lines = diagnostics.map(({ loc }: { loc: { line: number } }) => loc.line);
  assert.ok(lines.length > 1);
  assert.deepEqual(
    lines,
    lines.toSorted((a: number, b: number) => a - b),
  );
});

test('the examples have no warnings, in both languages', () => {
  for (const folder of ['galera', 'http'])
    for (const name of ['fairlead.yaml', 'haproxy.cfg'])
      assert.match(fairlead(['check', join(EXAMPLES, folder, name)]).stdout, /, 3 servers, 0 errors, 0 warnings\n$/);
});

test('standard input', () => {
  assert.match(fairlead(['check', '-f', '-'], GOOD).stdout, /^<stdin>: 2 services/);
});

test('no file to check is an error with an example', () => {
  const { status, stderr } = fairlead(['check']);
  assert.deepEqual([status, stderr], [1, "error: no file to check; write such as 'fairlead check -f fairlead.yaml'\n"]);
});

for (const name of ['clustercontrol-ui', 'frontend-nodes', 'galera', 'postgres'])
  test(`import of ${name}.cfg checks clean`, () => {
    const { status, stdout } = fairlead(['import', join(SEEDS, `${name}.cfg`)]);
    assert.equal(status, 0);
    const checked = fairlead(['check', '-f', '-'], stdout);
    assert.equal(checked.status, 0, checked.stdout);
  });

test('import of a wrong file prints nothing but what is wrong', () => {
  const { status, stdout, stderr } = fairlead(['import', '-'], 'listen a\n bnid :80\n');
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(stderr, /did you mean 'bind'\?/);
});

test('import -o writes a file, with known slips set right', (t) => {
  const output = join(fileIn(t, 'a.cfg', ''), '..', 'out.yaml');
  const text = 'frontend f\n bind :80\n use_backend b\nbackend b\n server s 127.0.0.1:81\n';
  const { status, stderr } = fairlead(['import', '-o', output, '-'], text);
  assert.equal(status, 0);
  assert.match(stderr, /'use_backend b' without a condition becomes the default backend/);
  assert.match(readFileSync(output, 'utf8'), /default-backend: b\n/);
});

test('schema is JSON', () => {
  assert.equal(JSON.parse(fairlead(['schema']).stdout).title, 'fairlead.yaml');
});

test('what is said at a start stands in the order of the file, as what check says', () => {
  const seed = join(SEEDS, 'frontend-nodes.cfg');
  const lines = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, line]) => Number(line));
  assert.deepEqual(lines(grouped(loadConfig([seed]).diagnostics), /^\S+:(\d+):\d+: warning/gm), [26, 30]);
  assert.deepEqual(lines(fairlead(['haproxy', '-c', '-f', seed]).stderr, /\.cfg:(\d+)\]/g), [26, 30]);
});
