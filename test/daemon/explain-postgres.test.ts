/** `explain` after real faults of a real PostgreSQL pair names the true cause of each. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Postgres, startPostgres, startPostgresStandby } from '../support/databases.js';
import { systemTest } from '../support/peers.js';
import { freePort, type RunningProxy, startProxy } from '../support/proxy.js';
import { until } from './program.js';

const NEEDS = { commands: ['postgres'] };
let pg1: Postgres;
let pg2: Postgres;
let proxy: RunningProxy;

const TEXT = (listen: number, one: number, two: number) => `global
 stats socket {SOCK} level admin
defaults
 mode tcp
 timeout connect 1s
 timeout client 10s
 timeout server 10s
listen pg
 bind 127.0.0.1:${listen}
 # fairlead: check postgres role=primary user=checker password=geheim interval=200ms
 default-server rise 2 fall 3 on-marked-down shutdown-sessions
 server pg1 127.0.0.1:${one} check
 server pg2 127.0.0.1:${two} check
`;

before(async () => {
  pg1 = await startPostgres({});
  await pg1.sql("CREATE ROLE checker LOGIN PASSWORD 'geheim'");
  pg2 = await startPostgresStandby(pg1);
  const port = await freePort();
  proxy = await startProxy('fairlead', TEXT(port, pg1.port, pg2.port), [port]);
  await explained('pg1', / is UP/);
});

after(async () => {
  await proxy?.stop();
  await pg1?.close();
  await pg2?.close();
});

/** The story, once it matches. */
async function explained(server: string, match: RegExp): Promise<string> {
  let text = '';
  await until(
    `${server}: ${match}`,
    async () => {
      text = await proxy.ask(`show explain pg/${server}`);
      return match.test(text);
    },
    20_000,
  ).catch((error: Error) => assert.fail(`${error.message}\n${text}`));
  assert.doesNotMatch(text, /geheim/);
  return text;
}

systemTest('a standby where a primary is asked for: down for its role', NEEDS, async () => {
  const text = await explained('pg2', / is DOWN/);
  assert.match(text, /last check .* ago said: L7STS "standby.*role: replica\n/);
  assert.match(text, /backend +pg1 takes the traffic/);
});

systemTest(
  'the primary is killed: the broken session, noticed at once; a promotion: the changed role',
  NEEDS,
  async () => {
    await sleep(500); // past the first checks: the session is held, and idle nearly all the time
    await pg1.kill();
    const killed = await explained('pg1', /\d {2}UP -> DOWN/);
    const [, chapter] = /\d {2}(UP -> DOWN.*)/s.exec(killed) ?? [];
    assert.match(chapter, /first sign the held check session broke, \d+ ms before\n/);
    assert.match(chapter, /why +the check failed: L4CON/);
    const [, noticedMs] = /noticed +in (\d+) ms: /.exec(chapter) ?? [];
    assert.ok(Number(noticedMs) < 200, `noticed in ${noticedMs} ms`);
    await pg2.sql('SELECT pg_promote(true, 10)');
    const promoted = await explained('pg2', /\d {2}DOWN -> UP/);
    assert.match(promoted, /why +its role changed from replica to primary: L7OK "primary/);
    assert.match(promoted, /then +pg2 takes the traffic/);
  },
);

systemTest('the old primary returns as it was: kept out, and the story says for what', NEEDS, async () => {
  await pg1.start();
  const text = await explained('pg1', /last check .*timeline/);
  assert.match(text, /^pg\/pg1 .* is DOWN/);
  assert.match(text, /says it may take writes and is kept out/);
  assert.match(text, /comes back once it follows the new primary \(pg2\)/);
});
