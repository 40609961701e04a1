/** The same configuration and the same questions for the real HAProxy 2.6 and for us: answers must be equal. */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { Diagnostics } from '../../src/config/diagnostics.js';
import { readHaproxy } from '../../src/config/haproxy/read.js';
import type { Model } from '../../src/config/model.js';
import { parseStat, type StatRecord } from '../../src/control/stats-client.js';
import * as T from '../../src/core/table.js';
import { systemTest } from '../support/peers.js';
import { type RunningProxy, startProxy } from '../support/proxy.js';
import { FakeEngine } from './fake-engine.js';
import { openSocket, type TestSocket } from './sockets.js';
import { talk } from './talk.js';

const CONFIG = `
global
    stats socket {SOCK} mode 600 level admin
    stats timeout 5s
    node n1
    description some desc
    maxconn 1000
    nbthread 1
defaults
    mode tcp
    timeout connect 2s
    timeout client 10s
    timeout server 10s
frontend fe
    bind 127.0.0.1:27901 name tcp1
    bind {DIR}/fe.sock
    bind [::1]:27902
    maxconn 50
    rate-limit sessions 100
    option socket-stats
    default_backend be
backend be
    balance leastconn
    server s1 127.0.0.1:27951 weight 10 maxconn 5 maxqueue 7
    server s2 127.0.0.1:27952 backup check inter 1h
    server s3 127.0.0.1:27953 disabled
    server s4 127.0.0.1:27954 track be/s6
    server s5 [::1]:27955
    server s6 127.0.0.1:27956 disabled check inter 1h
    server s7 127.0.0.1:27957 weight 0
    server s8 127.0.0.1:27958 track be/s6
listen li
    bind 127.0.0.1:27903
    server a 127.0.0.1:27951
    server c 127.0.0.1
    server u unix@{DIR}/x.sock
backend sr
    balance static-rr
    fullconn 7
    server s1 127.0.0.1:27951 weight 9
backend empty
`;

let real: RunningProxy | undefined;
let ours: TestSocket | undefined;
after(async () => {
  await ours?.close();
  await real?.stop();
});

/** The model that our own reader makes of the file HAProxy runs. */
function readModel(dir: string): Model {
  const diag = new Diagnostics();
  const text = CONFIG.replaceAll('{SOCK}', `${dir}/s.sock`).replaceAll('{DIR}', dir);
  const found = readHaproxy([{ file: 'haproxy.cfg', text }], diag, { env: {}, version: '2.6.12' });
  assert.ok(!diag.hasErrors, diag.renderAll());
  return found;
}

async function start(): Promise<void> {
  if (real) return;
  real = await startProxy('haproxy', CONFIG, [27901]);
  const engine = new FakeEngine(readModel(real.dir));
  // Tracking servers inherit maintenance, which the fake engine does not work out.
  for (const name of ['s4', 's8']) {
    const row = engine.row(`s:be/${name}`)!;
    row.set(T.S_STATE, T.STATE_STOPPED);
    row.set(T.S_ADMIN, T.ADMIN_IMAINT);
    for (const cell of [T.S_EWEIGHT, T.S_HEALTH]) row.set(cell, 0);
  }
  for (const p of engine.model.proxies.filter((x) => x.name === 'be')) engine.refreshBackend(p);
  ours = await openSocket(engine);
}

async function both(command: string): Promise<[haproxy: string, fairlead: string]> {
  await start();
  return Promise.all([talk({ path: real!.socket }, `${command}\n`), ours!.ask(command)]);
}

const needs = { commands: ['haproxy'] };

systemTest('show stat has the same header', needs, async () => {
  const [theirs, own] = await both('show stat');
  assert.equal(own.split('\n')[0], theirs.split('\n')[0]);
});

/** Columns that depend on when one looks, or on checks that the fake engine does not run. */
const VOLATILE = new Set(['lastchg', 'downtime', 'check_duration', 'check_status', 'check_desc', 'last_chk', 'status']);
const CHECKED = new Set(['s2']);

function stable(row: StatRecord): StatRecord {
  const drop = (name: string) => VOLATILE.has(name) && (name !== 'status' || CHECKED.has(row.svname));
  const isCheck = (name: string) => CHECKED.has(row.svname) && /^(check_|chk|agg_|used_conn|need_conn)/.test(name);
  return Object.fromEntries(Object.entries(row).filter(([name]) => !drop(name) && !isCheck(name)));
}

systemTest('show stat has the same rows and the same columns in them', needs, async () => {
  const [theirs, own] = (await both('show stat')).map((text) => parseStat(text).map(stable));
  assert.equal(own.length, theirs.length);
  // HAProxy's figures for the whole backend depend on the check of s2 by now.
  const isCounted = (row: StatRecord) => !(row.pxname === 'be' && row.svname === 'BACKEND');
  assert.deepEqual(own.filter(isCounted), theirs.filter(isCounted));
});

systemTest('show info has the same fields in the same order, typed alike', needs, async () => {
  const names = (text: string) => text.split('\n').map((line) => line.split(':')[0]);
  const [theirs, own] = (await both('show info')).map(names);
  assert.deepEqual(own, theirs);
  const types = (text: string) => text.split('\n').map((line) => line.split(':').slice(0, 3).join(':'));
  const [theirTypes, ownTypes] = (await both('show info typed')).map(types);
  assert.deepEqual(ownTypes, theirTypes);
});

systemTest('typed and JSON statistics name, tag and type every field alike', needs, async () => {
  const heads = (text: string) => {
    const lines = text.split('\n').map((line) => line.split(':').slice(0, 3).join(':'));
    return lines.filter((line) => !/^[SB]\.3\.[02]\./.test(line) && !/\.downtime\./.test(line));
  };
  const [theirs, own] = (await both('show stat typed')).map(heads);
  assert.deepEqual(own, theirs);
  const keys = (text: string) => {
    const rows = JSON.parse(text) as { objType: string; id: number; field: object; tags: object }[][];
    return rows.map((row) => row.map(({ objType, id, field, tags }) => ({ objType, id, field, tags })));
  };
  const rowsOf = (text: string) => keys(text).filter(([first]) => first.objType === 'Frontend');
  const [theirJson, ownJson] = (await both('show stat json')).map(rowsOf);
  assert.deepEqual(ownJson, theirJson);
});

systemTest('show servers state is equal but for the running check', needs, async () => {
  const fields = (text: string) => {
    const lines = text.split('\n').filter((line) => !/ s2 /.test(line));
    // Column 10 is the age of the last change.
    return lines.map((line) =>
      line
        .split(' ')
        .filter((_, i) => i !== 9)
        .join(' '),
    );
  };
  const [theirs, own] = (await both('show servers state')).map(fields);
  assert.deepEqual(own, theirs);
});

systemTest('show servers conn is equal', needs, async () => {
  const [theirs, own] = (await both('show servers conn')).map((text) =>
    text.split('\n').filter((line) => !/^be\/s2 /.test(line)),
  );
  assert.deepEqual(own, theirs);
});

/** Answered alike, word for word. */
const SAME: readonly string[] = [
  'show backend',
  'show cli level',
  'show stat nope 1 1',
  'show stat 99 1 1',
  'show stat domain foo',
  'show servers state nope',
  'show servers conn fe',
  'show sess 0x1',
  'show env NO_SUCH_VARIABLE',
  'get weight be/s1',
  'get weight #3/#1',
  'get weight be',
  'get weight be/nope',
  'get weight nope/x',
  'set weight be/s1',
  'set weight be/s1 abc',
  'set weight be/s1 5x',
  'set weight be/s1 257',
  'set weight be/s1 -1%',
  'set weight sr/s1 5',
  'set server be/s1',
  'set server be/s1 state foo',
  'set server be/s4 health up',
  'set server be/s1 health x',
  'set server be/s1 addr',
  'set server be/s1 addr foo',
  'set server be/s1 addr 127.0.0.1',
  'set server be/s1 addr 127.0.0.9 port 5',
  'set server be/s1 addr 127.0.0.9 port 5',
  'set server be/s1 agent up',
  'set server be/s1 agent-addr x',
  'set server be/s1 check-port 5',
  'set server be/s2 check-port x',
  'set server be/s2 check-port 70000',
  'set server be/s1 check-addr 127.0.0.1',
  'set server be/s1 fqdn x',
  'set server be/s1 ssl on',
  'enable health be/s1',
  'disable health be/s1',
  'enable agent be/s1',
  'enable frontend',
  'enable frontend nope',
  'enable frontend fe',
  'disable frontend fe',
  'disable frontend fe',
  'enable frontend fe',
  'shutdown session',
  'shutdown session 0x55',
  'shutdown session abc',
  'shutdown sessions server',
  'shutdown sessions server be/s1',
  'set maxconn frontend fe',
  'set maxconn frontend fe -1',
  'set maxconn frontend nope 1',
  'set maxconn global',
  'set maxconn global 5000',
  'set maxconn server be/s1',
  'set maxconn server be/s1 x',
  'set rate-limit',
  'set rate-limit foo',
  'set rate-limit connections global',
  'set rate-limit connections global 0',
  'set rate-limit sessions global -1',
  'set timeout foo 5',
  'set timeout cli',
  'set timeout cli x',
  'set timeout cli 5m',
  'set severity-output x',
  'set severity-output number; get weight be/nope; set weight be/s1 abc; set weight be/s1 500',
  'set severity-output string; get weight be/nope; set server be/s1 addr foo',
  'operator;show cli level;set weight be/s1 10;user;show cli level;operator;show env;clear counters',
  'clear counters',
  'clear counters all',
  'prompt;show cli level',
  'prompt;prompt;show cli level',
  'quit;show cli level',
  'show cli level <<\nabc\n',
];

systemTest('refusals and short answers are the same text', needs, async () => {
  for (const command of SAME) {
    const [theirs, own] = await both(command);
    assert.equal(own, theirs, command);
  }
});

/** The first line tells an unknown command from a known one. */
systemTest('what is no command is answered alike', needs, async () => {
  for (const command of [
    '',
    '  ',
    'foo',
    'show',
    'show foo',
    'set maxconn',
    'enable',
    'show\0foo',
    'show cli level;;quit',
  ]) {
    const [theirs, own] = (await both(command)).map((text) =>
      text.split('\n').filter((line) => !line.startsWith('  ')),
    );
    assert.deepEqual(own, theirs, JSON.stringify(command));
  }
});

systemTest('usage in help is the same for every command we have', needs, async () => {
  const usages = (text: string) => [...text.matchAll(/^ {2}(.{40}): /gm)].map(([, usage]) => usage.trim());
  const [theirs, own] = (await both('help')).map(usages);
  const ourOwn = [
    'choose server <bk>/<srv>',
    'clear damping [<bk>[/<srv>]]',
    'failover vip [<name>] [hold <time>]',
    'recheck <bk>[/<srv>]',
    'reload',
    'settle backend <bk> [server <srv>]',
    'show agents [json]',
    'show chosen',
    'show events [<bk>[/<srv>]|<vip>] [opts]',
    'show explain <bk>/<srv>|<vip> [json]',
    'show files',
    'show vips [json]',
  ];
  assert.deepEqual(
    own.filter((usage) => !theirs.includes(usage)),
    ourOwn,
  );
});
