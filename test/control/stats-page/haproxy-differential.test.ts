/**
 * The same configuration on the real HAProxy 2.6 and behind our page: the same columns with something in them, the same
 * answers to forms, the same metrics with the same labels in the same order.
 */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { freePort } from '../../../lab/support/ports.js';
import { Diagnostics } from '../../../src/config/diagnostics.js';
import { readHaproxy } from '../../../src/config/haproxy/read.js';
import type { Model } from '../../../src/config/model.js';
import { parseStat, type StatRecord } from '../../../src/control/stats-client.js';
import { layOutTable } from '../../../src/core/stick/layout.js';
import { createStickMemory, StickStore } from '../../../src/core/stick/store.js';
import * as T from '../../../src/core/table.js';
import { systemTest } from '../../support/peers.js';
import { type RunningProxy, startProxy } from '../../support/proxy.js';
import { FakeEngine } from '../fake-engine.js';
import { submit, tell } from './ask.js';

const config = (stats: number, prom: number, gone: number) => `
global
    stats socket {SOCK} mode 600 level admin
    node n1
    maxconn 1000
    nbthread 1
defaults
    mode http
    timeout connect 2s
    timeout client 10s
    timeout server 10s
listen stats
    bind 127.0.0.1:${stats}
    stats enable
    stats uri /stats
    stats refresh 7s
    stats show-legends
    stats admin if TRUE
frontend prom
    bind 127.0.0.1:${prom} name web
    option socket-stats
    stats enable
    stats uri /guest
    stats scope .
    stats scope be
    http-request use-service prometheus-exporter if { path /metrics }
    default_backend be
backend be
    balance leastconn
    cookie SRV insert
    server s1 127.0.0.1:${gone} weight 10 maxconn 5 cookie one
    server s2 127.0.0.1:${gone} backup
    server s3 127.0.0.1:${gone} disabled
    server s4 127.0.0.1:${gone} track be/s5
    server s5 127.0.0.1:${gone} check inter 1h disabled
backend tcpb
    mode tcp
    server t1 127.0.0.1:${gone} disabled
    server t2 127.0.0.1:${gone}
backend empty
    stick-table type ip size 1k store conn_cnt
backend words
    stick-table type string len 20 size 100
`;

let real: RunningProxy | undefined;
let stats = 0;
let prom = 0;
let ours: FakeEngine | undefined;
after(() => real?.stop());

function readModel(text: string): Model {
  const diag = new Diagnostics();
  const found = readHaproxy([{ file: 'haproxy.cfg', text }], diag, { env: {}, version: '2.6.12' });
  assert.ok(!diag.hasErrors, diag.renderAll());
  return found;
}

async function start(): Promise<FakeEngine> {
  if (ours) return ours;
  [stats, prom] = [await freePort(), await freePort()];
  const text = config(stats, prom, await freePort());
  real = await startProxy('haproxy', text, [stats, prom]);
  ours = new FakeEngine(readModel(text.replace('{SOCK}', real.socket)));
  // A tracking server inherits maintenance, which the fake engine does not work out.
  const follower = ours.row('s:be/s4')!;
  const tables = ours.model.proxies.flatMap(({ name, stickTable }) => {
    if (stickTable === undefined) return [];
    const layout = layOutTable(stickTable, false);
    return [[name, new StickStore(layout, createStickMemory(layout))] as const];
  });
  Object.assign(ours, { tables: () => new Map(tables) });
  for (const cell of [T.S_STATE, T.S_EWEIGHT, T.S_HEALTH]) follower.set(cell, 0);
  follower.set(T.S_ADMIN, T.ADMIN_IMAINT);
  return ours;
}

const needs = { commands: ['haproxy'] };

async function page(target: string): Promise<{ theirs: Response; own: Awaited<ReturnType<typeof tell>> }> {
  const engine = await start();
  const isGuest = target.startsWith('/guest');
  const theirs = await fetch(`http://127.0.0.1:${isGuest ? prom : stats}${target}`);
  return { theirs, own: await tell(engine, { proxy: isGuest ? 'prom' : 'stats', target, isAdmin: !isGuest }) };
}

/** Moves on by itself, counts what this test asks for, or is worked out by the health thread. */
const MOVING =
  /^(lastchg|downtime|stot|[sq]cur|smax|bin|bout|rate.*|req_.*|conn_.*|hrsp_.*|intercepted|h1_.*|lastsess|[qcrt]time.*|weight|act|bck|uweight|status)$/;

function shape(record: StatRecord): StatRecord {
  const mask = ([name, value]: [string, string]) => [name, MOVING.test(name) && value !== '' ? '*' : value];
  return Object.fromEntries(Object.entries(record).map(mask));
}

for (const target of [
  '/stats;csv',
  '/guest;csv',
  '/stats;csv;no-maint',
  '/stats;csv;scope=tcp',
  '/guest;csv;scope=stats',
])
  systemTest(`${target}: the same rows, the same columns in them`, needs, async () => {
    const { theirs, own } = await page(target);
    const [real, mine] = [await theirs.text(), own.text].map((text) => parseStat(text).map(shape));
    assert.deepEqual(mine, real);
    for (const name of ['cache-control', 'content-type', 'refresh'])
      assert.equal(own.headers[name], theirs.headers.get(name) ?? undefined, name);
  });

systemTest('json: the same fields of the same objects', needs, async () => {
  const { theirs, own } = await page('/stats;json');
  const names = (text: string) => {
    const rows = JSON.parse(text) as { objType: string; proxyId: number; id: number; field: object; tags: object }[][];
    return rows.map((row) =>
      row.map(({ objType, proxyId, id, field, tags }) => ({ objType, proxyId, id, field, tags })),
    );
  };
  assert.deepEqual(names(own.text), names(await theirs.text()));
  assert.equal(own.headers['content-type'], theirs.headers.get('content-type'));
});

systemTest('typed: the same fields of the same objects', needs, async () => {
  const { theirs, own } = await page('/stats;typed');
  const heads = (text: string) => text.split('\n').map((line) => line.split(':').slice(0, 3).join(':'));
  assert.deepEqual(heads(own.text), heads(await theirs.text()));
});

systemTest('the schema is one that reads what json holds', needs, async () => {
  const { theirs, own } = await page('/stats;json-schema');
  assert.equal(own.headers['content-type'], theirs.headers.get('content-type'));
  const { $schema } = JSON.parse(own.text) as { $schema: string };
  assert.equal($schema, (JSON.parse(await theirs.text()) as { $schema: string }).$schema);
});

/** What a form of the page leads to. HAProxy's own is sent the way curl and old scripts do. */
systemTest('forms lead to the same place', needs, async () => {
  const engine = await start();
  const forms: readonly (readonly [target: string, body: string])[] = [
    ['/stats', 's=s1&action=ready&b=be'],
    ['/stats', 's=s1&s=nope&action=ready&b=be'],
    ['/stats', 's=nope&action=ready&b=be'],
    ['/stats', 's=s1&action=bogus&b=be'],
    ['/stats', 's=s1&action=&b=be'],
    ['/stats', 's=s1&action=ready&b=nope'],
    ['/stats', 's=s1&action=ready&b=prom'],
    ['/stats', 's=t1&action=ready&b=be'],
    ['/stats', 'b=be&action=ready&s=s1'],
    ['/stats', 's=s1&action=ready&b=be&b=tcpb'],
    ['/stats', 's=s%31&action=ready&b=b%65'],
    ['/stats', 's=s%3&action=ready&b=be'],
    ['/stats', 'action=ready&b=be'],
    ['/stats', ''],
    ['/stats', 's=s2&action=dhlth&b=be'],
    ['/stats', 's=s4&action=hdown&b=be'],
    ['/stats', 's=s1&action=dagent&b=be'],
    ['/stats', 's=s1&action=enable&b=be'],
    ['/stats', 's=s1&action=start&b=be'],
    ['/stats', 's=s1&action=shutdown&b=be'],
    ['/stats;norefresh;scope=be;up', 's=s1&action=ready&b=be'],
    ['/stats?scope=be', 's=s1&action=ready&b=be'],
    ['/guest', 's=s1&action=ready&b=be'],
  ];
  for (const [target, body] of forms) {
    const isGuest = target === '/guest';
    const request = {
      method: 'POST',
      body: new URLSearchParams(body).size === 0 ? '' : body,
      redirect: 'manual',
    } as const;
    const theirs = await fetch(`http://127.0.0.1:${isGuest ? prom : stats}${target}`, request);
    const own = await submit(engine, body, { target, proxy: isGuest ? 'prom' : 'stats', isAdmin: !isGuest });
    assert.equal(own, theirs.headers.get('location'), `${target} ${body}`);
    assert.equal(theirs.status, 303);
  }
});

// ── Metrics ─────────────────────────────────────────────────────────────────────────────────────────────────────────

async function scrape(query: string): Promise<{ theirs: Response; own: Awaited<ReturnType<typeof tell>> }> {
  const engine = await start();
  const theirs = await fetch(`http://127.0.0.1:${prom}/metrics${query}`);
  return { theirs, own: await tell(engine, { service: 'prometheus', proxy: 'prom', target: `/metrics${query}` }) };
}

/** Names, types and labels; what a metric means is told in words of our own. */
function names(text: string): string[] {
  const lines = text.trimEnd().split('\n');
  return lines.map((line) =>
    line.startsWith('# HELP ') ? line.split(' ').slice(0, 3).join(' ') : line.replace(/ \S+$/, ''),
  );
}

for (const query of [
  '',
  '?scope=server&no-maint',
  '?scope=backend&scope=frontend',
  '?scope=listener',
  '?scope=sticktable',
  '?scope=global',
])
  systemTest(`metrics${query}: the same names, types and labels in the same order`, needs, async () => {
    const { theirs, own } = await scrape(query);
    const plain = (text: string) => names(text).map((line) => line.replace(/version="[^"]*"/, 'version'));
    assert.deepEqual(plain(own.text), plain(await theirs.text()));
    assert.equal(own.headers['content-type'], theirs.headers.get('content-type'));
  });

systemTest('metrics: what does not move has the same value, written alike', needs, async () => {
  const { theirs, own } = await scrape('');
  const still = (text: string) =>
    text
      .split('\n')
      .filter((line) => /^haproxy_(frontend|listener|backend|server)_/.test(line))
      .filter(
        (line) =>
          !/"(prom|stats)"|_last_change_|_downtime_|sessions_total|[qcrt]time.*|weight|active_servers|agg_/.test(line),
      );
  const [real, mine] = [still(await theirs.text()), still(own.text)];
  assert.ok(mine.length > 200);
  assert.deepEqual(mine, real);
});

for (const query of [
  '?scope=bad',
  '?scope',
  '?scope=server;scope=global',
  '?scope=SERVER',
  '?scope=server%26scope=global',
])
  systemTest(`metrics${query} is refused`, needs, async () => {
    const { theirs, own } = await scrape(query);
    await theirs.arrayBuffer();
    assert.deepEqual([own.status, theirs.status], [400, 400]);
  });

for (const query of [
  '?scope=',
  '?scope=server&scope=',
  '?scope=%73erver',
  '?SCOPE=server',
  '?foo=bar',
  '?scope=*',
  '?scope=sticktable',
])
  systemTest(`metrics${query} chooses the same`, needs, async () => {
    const { theirs, own } = await scrape(query);
    const scopes = (text: string) => [
      ...new Set([...text.matchAll(/^# TYPE haproxy_([a-z]+)_/gm)].map(([, scope]) => scope)),
    ];
    assert.deepEqual(scopes(own.text), scopes(await theirs.text()));
  });
