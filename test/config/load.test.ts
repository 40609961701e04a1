/** Finding the files and their languages: several paths, directories, standard input, and what cannot be read. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { languageOf } from '../../src/config/language.js';
import { loadConfig } from '../../src/config/load.js';

const KEEPALIVED = 'vrrp_script chk { script "x" }\nvrrp_instance VI_1 {\n  state MASTER\n}\n';
const PGSQLCHK = '{\n"database_host": "localhost"\n, "webservers": [ { "target_port": 5432 } ]\n}\n';
const XINETD = '# default: on\nservice mysqlchk\n{\n  port = 9200\n}\n';

// file name, text, language
for (const [name, text, language] of [
  ['haproxy.cfg', 'listen a\n  bind :80\n', 'haproxy'],
  ['whatever', 'global\n    maxconn 5\n', 'haproxy'],
  ['a.cfg', '', 'haproxy'],
  ['fairlead.yaml', '', 'yaml'],
  ['x.yml', 'listen a\n', 'yaml'],
  ['noname', 'services:\n  a: {}\n', 'yaml'],
  ['noname', '---\nglobal: {}\n', 'yaml'],
  ['<stdin>', '# comment\ndefaults:\n  mode: tcp\n', 'yaml'],
  ['<stdin>', '# a: comment\ndefaults\n  mode tcp\n', 'haproxy'],
  ['keepalived.conf', KEEPALIVED, 'keepalived'],
  ['keepalived.conf', '! nothing yet\n', 'keepalived'],
  ['config.json', PGSQLCHK, 'pgsqlchk'],
  ['mysqlchk', XINETD, 'xinetd'],
  ['mysqlchk', XINETD.replace(/[{}]/g, '').replace('port', 'socket_type = stream\n  port'), 'xinetd'],
  ['xinetd.conf', 'defaults\n{\n}\nincludedir /etc/xinetd.d\n', 'xinetd'],
  ['clustercheck', 'MYSQL_USERNAME=a\n', 'clustercheck'],
  ['other.json', '{}', 'pgsqlchk'],
] as const)
  test(`${name} with ${JSON.stringify(text.slice(0, 20))} is ${language}`, () =>
    assert.equal(languageOf({ file: name, text }), language));

function directory(t: TestContext, files: { [name: string]: string }): string {
  const path = mkdtempSync(join(tmpdir(), 'fairlead-load-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

function complaints(paths: string[]): string[] {
  return loadConfig(paths)
    .diagnostics.list.filter((d) => d.severity === 'error')
    .map((d) => `${d.code}: ${d.message}`);
}

const TIMES = 'timeout client 1m\n timeout server 1m\n timeout connect 5s\n';
const listen = (name: string, port: number) => `listen ${name}\n bind :${port}\n server s 127.0.0.1:${port}\n`;

test('a directory is read in lexical order, and files that are no configuration are passed over', (t) => {
  const path = directory(t, {
    '20-b.cfg': listen('b', 81),
    '10-a.cfg': `defaults\n ${TIMES}${listen('a', 80)}`,
    'c.yaml':
      'services:\n  c:\n    bind: :82\n    timeouts: { client: 1m, server: 1m, connect: 5s }\n    servers: { s: "127.0.0.1:82" }\n',
    'a.cfg.bak': 'garbage',
    '.hidden.cfg': 'garbage',
  });
  const { model, diagnostics, files } = loadConfig([path]);
  assert.deepEqual(diagnostics.list, []);
  assert.deepEqual(
    model.proxies.map((proxy) => [proxy.name, proxy.id]),
    [
      ['a', 2],
      ['b', 3],
      ['c', 4],
    ],
  );
  assert.deepEqual(
    files.map((file) => file.slice(path.length + 1)),
    ['10-a.cfg', '20-b.cfg', 'c.yaml'],
  );
  // One stream: the defaults of the first file hold in the second.
  assert.equal(model.proxies[1].timeouts.client, 60_000);
});

test('fairlead.yaml defaults hold in later files, global logs in all', (t) => {
  const path = directory(t, {
    'a.yaml':
      'defaults: { timeouts: { client: 1m, server: 1m, connect: 5s } }\nservices: { a: { bind: ":80", servers: { s: "h:1" } } }\n',
    'b.yaml': 'global: { log: 127.0.0.1 local0 }\nservices: { b: { bind: ":81", servers: { s: "h:1" } } }\n',
  });
  const { model, diagnostics } = loadConfig([path]);
  assert.deepEqual(diagnostics.list, []);
  assert.deepEqual(
    model.proxies.map((proxy) => [proxy.timeouts.connect, proxy.logs.length]),
    [
      [5000, 1],
      [5000, 1],
    ],
  );
});

test('what cannot be read is said, all of it', (t) => {
  const path = directory(t, { 'k.conf': KEEPALIVED, 'c.json': PGSQLCHK, x: XINETD });
  mkdirSync(join(path, 'empty'));
  const found = complaints([
    'missing.cfg',
    join(path, 'empty'),
    ...['k.conf', 'c.json', 'x'].map((name) => join(path, name)),
  ]);
  assert.deepEqual(
    found.map((text) => text.replace(path, '')),
    [
      'unreadable: cannot read missing.cfg: no such file or directory',
      'no-files: no configuration in directory /empty',
      "missing-keyword: 'VI_1' has no 'virtual_router_id'",
      "missing-keyword: 'VI_1' has no 'interface'",
      "xinetd-attribute: service 'mysqlchk' has no program",
      "bad-value: 'health_check_user_password' is missing",
      "bad-value: 'webserver_host' is missing",
      "bad-value: 'listen_port' is missing",
    ],
  );
});

test('a file without permission is said', { skip: process.getuid?.() === 0 ? 'root reads everything' : false }, (t) => {
  const path = join(directory(t, { 'a.cfg': listen('a', 80) }), 'a.cfg');
  chmodSync(path, 0);
  assert.deepEqual(complaints([path]), [`unreadable: cannot read ${path}: permission denied`]);
});

test('nothing at all is an error', (t) => {
  assert.deepEqual(complaints([join(directory(t, { 'a.cfg': '' }), 'a.cfg')]), [
    'no-proxies: the configuration has no proxy',
  ]);
});
