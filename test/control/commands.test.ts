/** Commands, their refusals word for word as HAProxy 2.6 has them (observed), and what they ask of the engine. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { SessionInfo } from '../../src/core/messages.js';
import * as T from '../../src/core/table.js';
import { bind, FakeEngine, model, proxy, server } from './fake-engine.js';
import { openSocket, type TestSocket } from './sockets.js';

const SET_USAGE =
  'usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | agent-send | check-addr | ' +
  'check-port | fqdn | health | ssl | state | weight\n';
const NO_AGENT = 'agent checks are not enabled on this server';

function newEngine(): FakeEngine {
  const servers = [
    server('s1', 1, 17951, { check: true, weight: 10 }),
    server('s2', 2, 17952, { track: 'be/s1' }),
    server('s3', 3, 17953, { checkPort: 1 }),
  ];
  return new FakeEngine(
    model(
      [
        proxy('frontend', 'fe', 2, { binds: [bind(1)] }),
        proxy('backend', 'be', 3, { servers }),
        proxy('backend', 'st', 4, { balance: { algorithm: 'static-rr' }, servers: [server('a', 1, 1, { weight: 9 })] }),
      ],
      { maxconn: 1000 },
    ),
  );
}

let engine: FakeEngine;
let socket: TestSocket;
before(async () => {
  engine = newEngine();
  socket = await openSocket(engine);
});
after(() => socket.close());

// command, answer without the newline that ends every answer
const REFUSALS: readonly (readonly [command: string, answer: string])[] = [
  ['get weight', "Require 'backend/server'.\n"],
  ['get weight be/nope', 'No such server.\n'],
  ['get weight nope/s1', 'No such backend.\n'],
  ['get weight #3/#1', '10 (initial 10)\n'],
  ['set weight be/s1', 'Require <weight> or <weight%>.\n'],
  ['set weight be/s1 300', 'Absolute weight can only be between 0 and 256 inclusive.\n'],
  ['set weight be/s1 -5%', 'Relative weight must be positive.\n'],
  ['set weight be/s1 abc', 'Empty weight string empty or preceded by garbage'],
  ['set weight be/s1 5%x', 'Trailing garbage in weight string'],
  ['set weight st/a 5', "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.\n"],
  ['set server be/s1', SET_USAGE],
  ['set server be/s1 toString x', SET_USAGE],
  ['set server be/s1 state foo', "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n"],
  ['set server be/s1 health foo', "'set server <srv> health' expects 'up', 'stopping', or 'down'.\n"],
  ['set server be/s2 health up', 'cannot change health on a tracking server.\n'],
  ['set server be/s1 addr', 'set server <b>/<s> addr requires an address and optionally a port.\n'],
  ['set server be/s1 addr foo', "Invalid addr 'foo' by 'stats socket command'\n"],
  ['set server be/s1 addr 127.0.0.1', "no need to change the addr by 'stats socket command'\n"],
  [
    'set server be/s1 addr 127.0.0.1 port x',
    "no need to change the addr, problem converting port 'x' to an int by 'stats socket command'\n",
  ],
  ['set server be/s1 agent up', `${NO_AGENT}.\n`],
  ['set server be/s1 agent-port 1', NO_AGENT],
  ['set server be/s1 check-port', 'set server <b>/<s> check-port requires a port.\n'],
  ['set server be/s1 check-port 99999', 'provided port is invalid'],
  ['set server be/s1 check-port abc', 'provided port is not an integer'],
  ['set server be/s3 check-port 5', 'health checks are not enabled on this server'],
  ['set server be/s1 fqdn x', 'set server <b>/<s> fqdn failed because no resolution is configured.\n'],
  ['enable health be/s3', 'Health check was not configured on this server, cannot enable.\n'],
  ['enable agent be/s1', 'Agent was not configured on this server, cannot enable.\n'],
  ['enable frontend', 'A frontend name is expected.\n'],
  ['enable frontend be', 'No such frontend.\n'],
  ['enable frontend fe', 'All sockets are already enabled.\n'],
  ['shutdown session', "Session pointer expected (use 'show sess').\n"],
  ['shutdown session 0x55', "No such session (use 'show sess').\n"],
  ['shutdown sessions server be/nope', 'No such server.\n'],
  ['set maxconn frontend fe', 'Integer value expected.\n'],
  ['set maxconn frontend fe -1', 'Value out of range.\n'],
  ['set maxconn frontend fe abc', 'Value out of range.\n'],
  ['set maxconn global', 'Expects an integer value.\n'],
  ['set maxconn global 5000', 'Value out of range.\n'],
  ['set maxconn server be/s1', 'Require <maxconn>.\n'],
  ['set maxconn server be/s1 x', 'maxconn string empty or preceded by garbage'],
  ['set rate-limit connections global', 'Expects an integer value.\n'],
  ['set rate-limit connections global -1', 'Value out of range.\n'],
  ['set timeout', "'set timeout' only supports 'cli'.\n"],
  ['set timeout cli', 'Expects an integer value.\n'],
  ['set timeout cli 0', 'Invalid timeout value.\n'],
  ['set severity-output foo', "one of 'none', 'number', 'string' is a required argument\n"],
  ['show servers state nope', "Can't find backend.\n"],
  ['show servers conn fe', "Can't find backend.\n"],
  ['show stat nope 1 1', 'No such proxy.\n'],
  ['show stat domain foo', 'Invalid statistics domain.\n'],
  ['show errors nope', 'No such proxy.\n'],
  ['show env NO_SUCH_VARIABLE', 'Variable not found\n'],
  ['show sess 0x1', 'Session not found.\n'],
  ['show backend', '# name\nbe\nst\n'],
];

for (const [command, answer] of REFUSALS)
  test(`${command}: ${answer.slice(0, 50).trim()}`, async () => {
    assert.equal(await socket.ask(command), `${answer}\n`);
  });

// command, what the engine is asked
const ACTIONS: readonly (readonly [command: string, call: string])[] = [
  ['set server be/s1 state maint', 'admin be/s1 {"do":"state","state":"maint"}'],
  ['disable server be/s1', 'admin be/s1 {"do":"state","state":"maint"}'],
  ['enable server #3/#1', 'admin be/s1 {"do":"state","state":"ready"}'],
  ['set server be/s1 health stopping', 'admin be/s1 {"do":"health","health":"stopping"}'],
  ['set server be/s1 weight 50%', 'admin be/s1 {"do":"weight","weight":50,"relative":true}'],
  ['set weight st/a 0', 'admin st/a {"do":"weight","weight":0,"relative":false}'],
  ['set weight st/a 9', 'admin st/a {"do":"weight","weight":9,"relative":false}'],
  ['set server be/s1 check-port 81', 'admin be/s1 {"do":"check-port","port":81}'],
  ['disable health be/s1', 'admin be/s1 {"do":"checks","enabled":false}'],
  ['shutdown sessions server be/s1', 'killServerSessions be/s1'],
  ['set maxconn frontend fe 60', 'maxconn {"kind":"frontend","proxy":"fe"} 60'],
  ['set maxconn global 500', 'maxconn {"kind":"global"} 500'],
  ['set maxconn global 0', 'maxconn {"kind":"global"} 1000'],
  ['set maxconn server be/s1 9', 'maxconn {"kind":"server","proxy":"be","server":"s1"} 9'],
];

for (const [command, call] of ACTIONS)
  test(`${command}: ${call}`, async () => {
    engine.calls.length = 0;
    assert.equal(await socket.ask(command), '\n');
    assert.deepEqual(engine.calls, [call]);
  });

test('what the engine refuses is what the client reads', async () => {
  engine.adminError = 'not now.';
  assert.equal(await socket.ask('set server be/s1 state drain'), 'not now.\n\n');
  engine.adminError = null;
});

test('set server addr says what it changed', async () => {
  const own = newEngine();
  const at = await openSocket(own);
  const answer =
    "IP changed from '127.0.0.1' to '127.0.0.9', port changed from '17951' to '5' by 'stats socket command'";
  assert.equal(await at.ask('set server be/s1 addr 127.0.0.9 port 5'), `${answer}\n\n`);
  assert.deepEqual(own.calls, ['addr be/s1 127.0.0.9 5']);
  assert.equal(
    await at.ask('set server be/s1 addr 127.0.0.8 port 70000'),
    "IP stays '127.0.0.9', provided port '70000' is above 65535 by 'stats socket command'\n\n",
  );
  assert.equal(own.calls.length, 1);
  await at.close();
});

test('a frontend is disabled, enabled, and shut down for good', async () => {
  const at = await openSocket(newEngine());
  const answers: [string, string][] = [
    ['disable frontend fe', '\n'],
    ['disable frontend fe', 'All sockets are already disabled.\n\n'],
    ['enable frontend fe', '\n'],
    ['shutdown frontend fe', '\n'],
    ['shutdown frontend fe', 'Frontend was already shut down.\n\n'],
    ['enable frontend fe', 'Frontend was previously shut down, cannot enable.\n\n'],
    ['disable frontend fe', 'Frontend was previously shut down, cannot disable.\n\n'],
  ];
  for (const [command, answer] of answers) assert.equal(await at.ask(command), answer);
  await at.close();
});

test('set rate-limit connections writes the limit that the workers read', async () => {
  assert.equal(await socket.ask('set rate-limit connections global 12'), '\n');
  assert.equal(engine.row('process')?.get(T.I_RATE_LIMIT), 12);
  assert.match(await socket.ask('show info'), /\nConnRateLimit: 12\n/);
});

test('set rate-limit sessions writes the limit that the workers read', async () => {
  assert.equal(await socket.ask('set rate-limit sessions global 13'), '\n');
  assert.equal(engine.row('process')?.get(T.I_SESS_RATE_LIMIT), 13);
  assert.match(await socket.ask('show info'), /\nSessRateLimit: 13\n/);
});

describe('levels', () => {
  // command, least level
  const NEEDS: readonly (readonly [command: string, level: 'operator' | 'admin'])[] = [
    ['show env', 'operator'],
    ['show sess', 'operator'],
    ['show errors', 'operator'],
    ['clear counters', 'operator'],
    ['clear counters all', 'admin'],
    ['set server be/s1 state ready', 'admin'],
    ['disable frontend fe', 'admin'],
    ['set maxconn global 10', 'admin'],
    ['shutdown session 0x1', 'admin'],
    ['reload', 'admin'],
  ];
  for (const [command, level] of NEEDS)
    test(`${command} is denied below ${level}`, async () => {
      const below = await openSocket(engine, level === 'admin' ? 'operator' : 'user');
      const at = await openSocket(engine, level);
      assert.equal(await below.ask(command), 'Permission denied\n\n');
      assert.notEqual(await at.ask(command), 'Permission denied\n\n');
      await below.close();
      await at.close();
    });

  test('addresses and algorithms are not for users', async () => {
    const user = await openSocket(engine, 'user');
    assert.doesNotMatch(await user.ask('show stat'), /17951|static-rr/);
    assert.match(await socket.ask('show stat'), /127\.0\.0\.1:17951.*\n[\s\S]*static-rr/);
    await user.close();
  });
});

const SESSION: SessionInfo = {
  id: 0x1a01,
  frontend: 'fe',
  backend: 'be',
  server: 's1',
  listener: 'l1',
  source: '127.0.0.1:60954',
  destination: '127.0.0.1:17901',
  ageMs: 61_000,
  idleMs: 500,
  expiresMs: 99_500,
  state: 'established',
  clientFd: 19,
  serverFd: 22,
  bytesIn: 6,
  bytesOut: 7,
  pendingIn: 0,
  pendingOut: 3,
  retriesLeft: 2,
  worker: 0,
};

describe('sessions', () => {
  before(() => {
    engine.openSessions = [SESSION, { ...SESSION, id: 0x1b01, source: '::1:5', server: null, backend: null }];
  });

  test('show sess has one line of HAProxy form for each', async () => {
    const [first, second] = (await socket.ask('show sess')).split('\n');
    assert.equal(
      first,
      '0x1a01: proto=tcpv4 src=127.0.0.1:60954 fe=fe be=be srv=s1 ts=00 epoch=0 age=1m1s calls=0 rate=0 cpu=0 lat=0 ' +
        'rq[f=000000h,i=0,an=00h,rx=1m39s,wx=,ax=] rp[f=000000h,i=3,an=00h,rx=1m39s,wx=,ax=] scf=[8,0h,fd=19] ' +
        'scb=[8,1h,fd=22] exp=1m39s rc=2 c_exp=',
    );
    assert.match(second, /^0x1b01: proto=tcpv6 src=::1:5 fe=fe be=<NONE> srv=<none> /);
  });

  test('show sess ID and all give the details, without an empty line', async () => {
    const one = await socket.ask('show sess 0x1a01');
    assert.match(one, /^0x1a01: \[\d\d\/\w{3}\/\d{4}:.*\n {2}flags=/);
    assert.match(one, /\n {2}server=s1 \(id=1\)\n/);
    const all = await socket.ask('show sess all');
    assert.equal(all.indexOf('\n\n'), all.length - 2);
    assert.match(all, /^0x1a01:[\s\S]*\n0x1b01:/);
  });

  test('shutdown session ends the one it names', async () => {
    engine.calls.length = 0;
    assert.equal(await socket.ask('shutdown session 0x1b01'), '\n');
    assert.deepEqual(engine.calls, [`killSession ${0x1b01}`]);
  });
});

describe('clear counters', () => {
  const counted = () => {
    const own = newEngine();
    const row = own.row('s:be/s1')!;
    row.fill(T.C_SESSIONS, 5);
    row.fill(T.C_QTIME_MAX, 9);
    row.set(T.I_MAX_SESS, 4);
    row.set(T.I_CUR_SESS, 2);
    row.set(T.S_CHECK_FAILS, 3);
    return { own, row };
  };

  test('sets the maxima back and keeps the sums', async () => {
    const { own, row } = counted();
    const at = await openSocket(own);
    assert.equal(await at.ask('clear counters'), '\n');
    const seen = [row.sum(T.C_SESSIONS), row.max(T.C_QTIME_MAX), row.get(T.I_MAX_SESS), row.get(T.S_CHECK_FAILS)];
    assert.deepEqual(seen, [5, 0, 0, 3]);
    await at.close();
  });

  test('all sets the sums back too, and never what is now', async () => {
    const { own, row } = counted();
    const at = await openSocket(own);
    assert.equal(await at.ask('clear counters all'), '\n');
    assert.deepEqual([row.sum(T.C_SESSIONS), row.get(T.S_CHECK_FAILS), row.get(T.I_CUR_SESS)], [0, 0, 2]);
    assert.equal(row.get(T.S_UWEIGHT), 10);
    await at.close();
  });
});

test('reload answers with its outcome and no empty line inside', async () => {
  engine.reloadResult = { ok: false, text: 'haproxy.cfg:3:1: error: x\n\nmore' };
  assert.equal(await socket.ask('reload'), 'Success=0\n--\nhaproxy.cfg:3:1: error: x\nmore\n\n');
});
