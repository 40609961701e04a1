/**
 * clustercheck's endpoint in front of a real Galera node: the seed's xinetd file, byte for byte what the script prints, a
 * real HAProxy that polls with the seed's own file, through every state that the script knows.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { freePort } from '../../lab/support/ports.js';
import { type GaleraNode, startGalera } from '../support/databases.js';
import { systemTest } from '../support/peers.js';
import { startProxy } from '../support/proxy.js';
import { eventually, statRow } from '../support/side-by-side.js';
import { answers, ask, directory, get, haproxySeed, poll, printed, startAgents } from './support.js';

const NEEDS = { commands: ['haproxy', 'mariadbd', 'mariadb-install-db'], timeoutMs: 90_000 };
const run = promisify(execFile);
let node: GaleraNode;
let isReady = false;

before(async () => {
  if (process.getuid?.() !== 0) return;
  node = await startGalera();
  await node.sql("GRANT PROCESS ON *.* TO clustercheckuser@'127.0.0.1' IDENTIFIED BY 'clustercheckpassword!'");
  isReady = true;
});
after(async () => {
  if (isReady) await node.close();
});

/** The seed's file on a port of ours; where the node is, and whatever else, comes as the script's own variables. */
async function serve(t: TestContext, env: { [name: string]: string } = {}): Promise<number> {
  const port = await freePort();
  const service = printed('mysqlchk').replace('port = 9200', `port = ${port}`);
  const place = { EXTRA_ARGS: `--host=127.0.0.1 --port=${node.port}` };
  await startAgents(t, { mysqlchk: service }, { ...place, ...env });
  return port;
}

/**
 * What the script does, written from its documentation: one question to the client, one answer with fixed headers.
 * Arguments as the script's first five; the client's own options come last.
 */
const ORACLE = `#!/bin/bash
say() { printf 'HTTP/1.1 %s\\r\\nContent-Type: text/plain\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\nPercona XtraDB Cluster Node %s\\r\\n' "$1" $((\${#2} + 30)) "$2"; exit; }
user=$1; pass=$2; donor=$3; readonly=$4; shift 4
value() { mariadb --no-defaults "$@" -u"$user" -p"$pass" -BNe "$QUERY" 2>/dev/null | cut -f2; }
QUERY="SHOW STATUS LIKE 'wsrep_local_state'" state=$(QUERY="SHOW STATUS LIKE 'wsrep_local_state'" value "$@")
if [ "$state" = 4 ] || [ "$state" = 2 -a "$donor" = 1 ]; then
  if [ "$readonly" = 0 ] && [ "$(QUERY="SHOW GLOBAL VARIABLES LIKE 'read_only'" value "$@")" = ON ]; then say '503 Service Unavailable' 'is read-only.'; fi
  say '200 OK' 'is synced.'
fi
say '503 Service Unavailable' 'is not synced.'
`;

async function oracle(
  t: TestContext,
  donor: 0 | 1,
  readOnly: 0 | 1,
  password = 'clustercheckpassword!',
): Promise<string> {
  const script = join(directory(t), 'oracle');
  writeFileSync(script, ORACLE);
  const place = ['--host=127.0.0.1', `--port=${node.port}`];
  const settings = ['clustercheckuser', password, String(donor), String(readOnly)];
  const { stdout } = await run('bash', [script, ...settings, ...place], { encoding: 'latin1' });
  return stdout;
}

systemTest('every state in the bytes of the script', NEEDS, async (t) => {
  const plain = await serve(t);
  const strict = await serve(t, { AVAILABLE_WHEN_READONLY: '0', AVAILABLE_WHEN_DONOR: '1' });
  const wrong = await serve(t, { MYSQL_PASSWORD: 'no' });
  const states = [
    ['synced', 'SET GLOBAL wsrep_desync=OFF', 'SET GLOBAL read_only=OFF', 200, 200],
    ['donor', 'SET GLOBAL wsrep_desync=ON', 'SET GLOBAL read_only=OFF', 503, 200],
    ['read-only donor', 'SET GLOBAL wsrep_desync=ON', 'SET GLOBAL read_only=ON', 503, 503],
    ['read-only', 'SET GLOBAL wsrep_desync=OFF', 'SET GLOBAL read_only=ON', 200, 503],
    ['synced again', 'SET GLOBAL wsrep_desync=OFF', 'SET GLOBAL read_only=OFF', 200, 200],
  ] as const;
  for (const [name, desync, readOnly, plainStatus, strictStatus] of states) {
    await node.sql(desync);
    await node.sql(readOnly);
    await answers(plain, plainStatus);
    await answers(strict, strictStatus);
    assert.equal((await get(plain)).bytes, await oracle(t, 0, 1), name);
    assert.equal((await get(strict)).bytes, await oracle(t, 1, 0), name);
  }
  const refused = await ask(wrong);
  assert.equal((await get(wrong)).bytes, await oracle(t, 0, 1, 'no'), 'wrong password');
  assert.match(String(refused.reason), /access denied|refused|password/i);
});

systemTest('whoever asks, however it asks, gets the same bytes', NEEDS, async (t) => {
  const port = await serve(t);
  await answers(port, 200);
  const expected = await oracle(t, 0, 1);
  const questions = [
    ['OPTIONS / HTTP/1.0\r\n\r\n', {}],
    ['OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n', {}],
    ['HEAD / HTTP/1.0\r\n\r\n', {}],
    ['GET /anything?at=all HTTP/1.1\r\n\r\n', {}],
    ['GET /\r\n', {}],
    ['', {}],
    ['', { halfClose: true }],
    ['GET / HT', { halfClose: true }],
    ['GET / HTTP/1.1\r\nNever: ends', {}],
    ['\r\n', {}],
    ['\x00\xff\xfe garbage\r\n\r\n', {}],
  ] as const;
  for (const [send, manners] of questions) {
    const heard = await poll(port, send, manners);
    assert.equal(heard.bytes, expected, JSON.stringify(send));
    assert.equal(heard.error, '', JSON.stringify(send));
    assert.ok(heard.ms < 2500, `${heard.ms} ms for ${JSON.stringify(send)}`);
  }
});

systemTest('user, password and socket may stand in the option file alone', NEEDS, async (t) => {
  const dir = directory(t);
  const [port, options] = [await freePort(), join(dir, 'check.cnf')];
  await node.sql("GRANT PROCESS ON *.* TO filed@localhost IDENTIFIED BY 'Pass #1'");
  writeFileSync(options, `[client]\nuser=filed\npassword="wrong"\nsocket=${node.dir}/socket\n`);
  const settings = `MYSQL_USERNAME=\nMYSQL_PASSWORD=""\nDEFAULTS_EXTRA_FILE=${options}\n`;
  const service = printed('mysqlchk').replace('port = 9200', `port = ${port}`);
  const agents = await startAgents(t, { mysqlchk: service, clustercheck: settings }, {}, dir);
  const refused = await get(port);
  assert.equal(refused.status, 503, `${JSON.stringify(refused)}\n${agents.output()}`);
  writeFileSync(options, `[client]\nuser=filed\npassword="Pass #1"\nsocket=${node.dir}/socket\n`);
  await answers(port, 200);
  assert.doesNotMatch(agents.output(), /Pass #1|wrong/);
});

systemTest('a node that hangs is a 503 with its reason, in time, and comes back', NEEDS, async (t) => {
  const port = await serve(t);
  await answers(port, 200);
  node.freeze();
  t.after(() => node.thaw());
  await answers(port, 503);
  for (let i = 0; i < 3; i++) {
    const heard = await get(port);
    assert.equal(heard.status, 503);
    assert.ok(heard.ms < 1000, `${heard.ms} ms, though it was known to hang`);
  }
  assert.match(String((await ask(port)).reason), /no answer|time|within/i);
  node.thaw();
  await answers(port, 200);
});

systemTest("HAProxy with the seed's file follows the node through its states", NEEDS, async (t) => {
  const port = await serve(t, { AVAILABLE_WHEN_READONLY: '0' });
  const listen = await freePort();
  const file = haproxySeed('galera')
    .replace('bind 10.0.0.100:3306', `bind 127.0.0.1:${listen}`)
    .replace(/10\.0\.0\.\d:3306 check port 9200/g, `127.0.0.1:${node.port} check inter 100ms port ${port}`)
    .replace(/^\s*(daemon|user .*|group .*)$/gm, '')
    .replace('global\n', 'global\n stats socket {SOCK} level admin\n');
  const haproxy = await startProxy('haproxy', file, [listen]);
  t.after(() => haproxy.stop());
  const stands = (status: RegExp, check: string) =>
    eventually(async () => {
      const row = await statRow(haproxy, 'galera_cluster', 'galera-node01');
      return status.test(row.status) && row.check_code === check;
    });
  await stands(/^UP$/, '200');
  await node.sql('SET GLOBAL wsrep_desync=ON');
  await stands(/^DOWN$/, '503');
  await node.sql('SET GLOBAL wsrep_desync=OFF');
  await stands(/^UP$/, '200');
  await node.sql('SET GLOBAL read_only=ON');
  await stands(/^DOWN$/, '503');
  await node.sql('SET GLOBAL read_only=OFF');
  await stands(/^UP$/, '200');
  node.freeze();
  await stands(/^DOWN$/, '503');
  node.thaw();
  await stands(/^UP$/, '200');
  await node.kill();
  await stands(/^DOWN$/, '503');
});
