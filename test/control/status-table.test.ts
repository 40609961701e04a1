/** `fairlead status` and `fairlead reload`: what people and scripts read. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseStat } from '../../src/control/stats-client.js';
import { statusTable } from '../../src/control/status-table.js';
import * as T from '../../src/core/table.js';
import { bind, FakeEngine, model, proxy, server } from './fake-engine.js';
import { openSocket, type TestSocket } from './sockets.js';

const engine = new FakeEngine(
  model([
    proxy('listen', 'galera', 2, {
      binds: [bind(3306)],
      maxconn: 400,
      balance: { algorithm: 'leastconn' },
      servers: [
        server('node1', 1, 3306, { check: true }),
        server('node2', 2, 3307),
        server('n3', 3, 3308, { backup: true }),
      ],
    }),
  ]),
);
let socket: TestSocket;
before(async () => {
  engine.row('s:galera/node1')!.fill(T.C_BYTES_IN, 1_260_000);
  engine.row('s:galera/node2')!.set(T.S_ADMIN, T.ADMIN_FDRAIN);
  engine.row('f:galera')!.set(T.I_CUR_SESS, 12);
  socket = await openSocket(engine);
});
after(() => socket.close());

const TABLE = `               state     weight  sessions  queue  rate    in  out  check  since  address
galera
  frontend     OPEN                12/400          0/s     0    0
  node1        UP 1/3         1         0      0   0/s  1.2M    0  INI       0s  127.0.0.1:3306
  node2        DRAIN          1         0      0   0/s     0    0            0s  127.0.0.1:3307
  n3 (backup)  no check       1         0      0   0/s     0    0            0s  127.0.0.1:3308
  backend      UP             2      0/40      0   0/s     0    0            0s  leastconn
`;

test('the table has a block per proxy and its figures to the right', async () => {
  const text = statusTable(parseStat(await socket.ask('show stat')), { colour: false });
  // A slow machine may need a second or two to get here.
  assert.equal(text.replace(/\b\ds(?= {2})/g, '0s'), TABLE);
});

test('colours say what takes traffic', async () => {
  const text = statusTable(parseStat(await socket.ask('show stat')), { colour: true });
  assert.match(text, /\x1b\[32mOPEN/);
  assert.match(text, /\x1b\[33mUP 1\/3/);
  assert.match(text, /\x1b\[36mDRAIN/);
});

test("a server that is down has the check's words below it, on one line", () => {
  const row = { pxname: 'pg', type: '2', check_status: 'L7STS', last_chk: 'access denied for user\n(server: no)' };
  const rows = [
    { ...row, svname: 'db1', status: 'DOWN', lastchg: '' },
    { ...row, svname: 'db2', status: 'UP', last_chk: 'primary', lastchg: '' },
    { ...row, svname: 'db3', status: 'MAINT', lastchg: '' },
  ].map((each) => ({ ...EMPTY, ...each }));
  const lines = statusTable(rows, { colour: false }).split('\n');
  assert.deepEqual(
    lines.slice(2).map((line) => line.trim().replace(/ {2,}.*/, '')),
    ['db1', 'access denied for user (server: no)', 'db2', 'db3', ''],
  );
});

const EMPTY = Object.fromEntries(
  ['weight', 'slim', 'scur', 'qcur', 'rate', 'bin', 'bout', 'addr', 'algo', 'check_code', 'check_duration'].map(
    (name) => [name, ''],
  ),
);

const FAIRLEAD = fileURLToPath(new URL('../../../bin/fairlead', import.meta.url));

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function fairlead(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [FAIRLEAD, ...args], { timeout: 20_000 }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

test('fairlead status prints the table without colours where it is no terminal', async () => {
  const { code, out } = await fairlead('status', '-s', socket.path);
  assert.equal(code, 0);
  assert.match(out, /^ +state +weight/);
  assert.ok(!out.includes('\x1b'));
});

test('fairlead status --json prints figures as numbers', async () => {
  const { out } = await fairlead('status', '--json', '-s', socket.path);
  const rows = JSON.parse(out) as { svname: string; scur: number; slim?: number }[];
  assert.deepEqual(
    rows.map((row) => [row.svname, row.scur, row.slim]),
    [
      ['FRONTEND', 12, 400],
      ['node1', 0, undefined],
      ['node2', 0, undefined],
      ['n3', 0, undefined],
      ['BACKEND', 0, 40],
    ],
  );
});

test('fairlead status says which socket does not answer', async () => {
  const { code, err } = await fairlead('status', '-s', '/nowhere/x.sock');
  assert.equal(code, 1);
  assert.match(err, /^fairlead status: \/nowhere\/x\.sock: connect ENOENT/);
});

test('fairlead reload prints the outcome', async () => {
  assert.deepEqual(await fairlead('reload', '-s', socket.path), { code: 0, out: 'applied\n', err: '' });
});

test('a refused reload exits 1 with the diagnostics', async () => {
  engine.reloadResult = { ok: false, text: 'haproxy.cfg:3:5: error: unknown keyword\n' };
  const { code, out, err } = await fairlead('reload', '-s', socket.path);
  assert.deepEqual({ code, out, err }, { code: 1, out: '', err: 'haproxy.cfg:3:5: error: unknown keyword\n' });
});
