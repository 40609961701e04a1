/** core/expr: conditions decide as the real HAProxy decides, for clients of many addresses. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { Diagnostics } from '../../src/config/diagnostics.js';
import { parseAclTest, parseCondition } from '../../src/config/haproxy/acl.js';
import type { Acl } from '../../src/config/model.js';
import { aclTestProblem, compileCondition, FAILS, HOLDS } from '../../src/core/expr/condition.js';
import { matchesIp, parseIpPattern } from '../../src/core/expr/ip-pattern.js';
import { parseIpv4, parseIpv6 } from '../../src/core/ip.js';
import { systemTest } from '../support/peers.js';
import { freePort, serve, startProxy } from '../support/proxy.js';
import { sampleContext } from '../support/sample-context.js';

const AT = { file: 'test', line: 1, col: 1, len: 1 };

interface Client {
  readonly src: string;
  readonly dst: string;
  readonly srcPort: number;
  readonly dstPort: number;
}

const contextOf = (c: Client) => sampleContext(c);

const ACLS = [
  'acl inside src 10.0.0.0/8',
  'acl inside src 2001:db8::/32',
  'acl high src_port ge 1024',
  'acl ssh dst_port 22',
];

function acls(): Acl[] {
  return ACLS.map((text) => {
    const [, name, ...words] = text.split(' ');
    return { name, test: parseAclTest(words.join(' '), AT, new Diagnostics()) ?? assert.fail(text) };
  });
}

const CONDITIONS = [
  'if inside',
  'unless inside',
  'if inside high',
  'if inside or ssh',
  'if !inside !ssh || high ssh',
  'if { src 10.1.2.3 }',
  'if { src 10.1.2.3/32 192.168.0.0/16 }',
  'if { src 10.0.0.0/255.0.0.0 }',
  'if { src 10.1.2.3/255.0.0.255 }',
  'if { src 0.0.0.0/0 }',
  'if { src ::/0 }',
  'if { src ::ffff:10.1.2.3 }',
  'if { src ::ffff:0:0/96 }',
  'if { src 2001:db8::1 }',
  'if { src 2001:db8::/33 }',
  'if LOCALHOST',
  'if !LOCALHOST',
  'if TRUE',
  'if FALSE',
  'if { always_true }',
  'unless { always_false }',
  'if { src_port 1000 2000 }',
  'if { src_port 1000:2000 }',
  'if { src_port :1500 }',
  'if { src_port 1500: }',
  'if { src_port gt 1000 }',
  'if { src_port ge 1000 }',
  'if { src_port lt 1000 }',
  'if { src_port le 1000 }',
  'if { src_port eq 1000 }',
  'if { src_port lt 500 gt 3000 }',
  'if { src_port -m int 1000 }',
  'if { src_port -m bool }',
  'if { src_port -m found }',
  'if { src_port }',
  'if { src -m found }',
  'if { src }',
  'if { dst_port 22 }',
  'if { dst 127.0.0.1 }',
  'if { fc_rcvd_proxy }',
  'if { nbsrv(yes) ge 1 }',
  'if { nbsrv(yes) lt 1 }',
  'if { srv_is_up(yes/s) }',
  'if { be_conn(yes) lt 100 }',
  'if { queue(yes) eq 0 }',
  'if { avg_queue(yes) eq 0 }',
  'if { connslots(yes) lt 0 }',
  'if { fe_id 2 }',
  'if { fe_conn ge 1 }',
  'if { so_id 1 }',
  'if { so_name plug }',
  'if { so_name -i PLUG }',
  'if { str(abc) abc }',
  'if { str(abc) -i ABC }',
  'if { str(abc) ABC }',
  'if { str(abc) -m beg ab }',
  'if { str(abc) -m end bc }',
  'if { str(abc) -m sub b }',
  'if { str(abc) -m reg ^a.c$ }',
  'if { str(ABC) -m reg -i ^a.c$ }',
  'if { str(abc) -m len 3 }',
  'if { str(abc) -m len 1:2 }',
  'if { str(a.b.c) -m dom b }',
  'if { str(a.b.c) -m dom a.b }',
  'if { str(/a/b/c) -m dir b }',
  'if { str(/a/b/c) -m dir a/b }',
  'if { str(abc) -m found }',
  'if { int(5) 5 }',
  'if { int(5) 4:6 }',
  'if { bool(true) }',
  'if { bool(0) }',
  'if { env(HOME) -m found }',
  'if { env(NO_SUCH_NAME_HERE) -m found }',
  'if { date gt 1700000000 }',
  'if { date(-3600) gt 1700000000 }',
  'if { rand(1) eq 0 }',
  'if { rand(100) lt 100 }',
  'if { src,ipmask(8) 10.0.0.0 }',
  'if { src,ipmask(255.0.255.0) 10.0.2.0 }',
  'if { src,ipmask(24,32) 2001:db8:: }',
  'if { src -m str 10.1.2.3 }',
  'if { src -m beg 10. }',
  'if { src -m len gt 9 }',
  'if { src_port,mod(1000) 0 }',
  'if { src_port,sub(1) 999 1499 }',
  'if { src_port,and(1) 1 }',
  'if { src_port,div(0) gt 5 }',
  'if { src_port,odd }',
  'if { src_port,even }',
  'if { src_port,mul(2),neg,add(10000) lt 8000 }',
  'if { src_port -m str 1000 }',
  'if { str(AbC),lower -m str abc }',
  'if { str(AbC),upper -m str ABC }',
  'if { str(AbC),length 3 }',
  'if { str(f1_f2_f3__f5),field(5,_) -m str f5 }',
  'if { str(f1_f2_f3__f5),field(2,_,2) -m str f2_f3 }',
  'if { str(f1_f2_f3__f5),field(-2,_,3) -m str f2_f3_ }',
  'if { str(f1_f2_f3__f5),field(-3,_,0) -m str f1_f2_f3 }',
  'if { str(f1_f2_f3__f5),field(9,_) -m found }',
  'if { str(f1_f2_f3__f5),word(4,_) -m str f5 }',
  'if { str(f1_f2_f3__f5),word(3,_,2) -m str f3__f5 }',
  'if { str(f1_f2_f3__f5),word(-2,_,3) -m str f1_f2_f3 }',
  'if { str(f1_f2_f3__f5),word(-3,_,0) -m str f1_f2 }',
  'if { str(/f1/f2/f3/f4),word(1,/) -m str f1 }',
  'if { str(/f1/f2),word(3,/) -m found }',
  'if { str(yes),nbsrv ge 1 }',
  'if { str(none),nbsrv ge 0 }',
  'if { str(abcdef),bytes(2,2) -m str cd }',
  'if { str(abcdef),bytes(2) -m bin 63646566 }',
  'if { str(ab),hex -m str 6162 }',
  'if { str(12),add(1) 13 }',
  'if { str(12x),add(1) 13 }',
  'if { str(x12),add(1) 1 }',
  'if { str(-12x),add(1) lt 0 }',
  'if { src,add(1) gt 0 }',
  'if { str(/f1/f2),word(3,/) -m len 0 }',
  'if { str(/f1/f2),word(-3,/) -m found }',
  'if { str(/f1/f2),field(-9,/) -m found }',
  'if { str(xxaxx),ltrim(x) -m str axx }',
  'if { str(xxaxx),rtrim(x) -m str xxa }',
  'if { bool(true),iif(a,b) -m str a }',
  'if { int(0),bool }',
  'if { int(0),not }',
  'if { int(6),xor(3) 5 }',
  'if { int(6),or(1) 7 }',
  'if { int(6),cpl -- -7 }',
];

const CLIENTS: Client[] = [
  { src: '10.1.2.3', dst: '127.0.0.1', srcPort: 1000, dstPort: 22 },
  { src: '10.0.0.10', dst: '10.0.0.1', srcPort: 2000, dstPort: 3306 },
  { src: '0.0.0.10', dst: '10.0.0.1', srcPort: 400, dstPort: 22 },
  { src: '10.0.0.1', dst: '10.0.0.1', srcPort: 0, dstPort: 22 },
  { src: '127.9.9.9', dst: '127.0.0.1', srcPort: 65_535, dstPort: 1 },
  { src: '2001:db8::1', dst: '2001:db8::2', srcPort: 1500, dstPort: 22 },
  { src: '::ffff:10.1.2.3', dst: '::1', srcPort: 3001, dstPort: 80 },
  { src: '::1', dst: '::1', srcPort: 999, dstPort: 80 },
];

function verdict(condition: string, client: Client): boolean {
  const diag = new Diagnostics();
  const parsed = parseCondition(condition, AT, diag) ?? assert.fail(`${condition}: ${diag.renderAll()}`);
  for (const terms of parsed.anyOf)
    for (const { test: inline } of terms) if (inline) assert.equal(aclTestProblem(inline), null, condition);
  return compileCondition(parsed, acls())(contextOf(client)) === HOLDS;
}

systemTest('every condition decides as HAProxy does', { commands: ['haproxy'], timeoutMs: 120_000 }, async () => {
  const [yes, no] = await Promise.all(['y', 'n'].map((name) => serve((socket) => socket.end(name))));
  const ports: number[] = [];
  for (const _ of CONDITIONS) ports.push(await freePort());
  const frontends = CONDITIONS.map(
    (condition, i) =>
      `frontend fe${i}\n id ${i === CONDITIONS.indexOf('if { fe_id 2 }') ? 2 : 1000 + i}\n bind 127.0.0.1:${ports[i]} accept-proxy name plug\n ${ACLS.join('\n ')}\n use_backend yes ${condition}\n default_backend no`,
  );
  const text = `global\n nbthread 1\n maxconn 400\ndefaults\n mode tcp\n timeout connect 2s\n timeout client 3s\n timeout server 3s
${frontends.join('\n')}
backend yes\n server s 127.0.0.1:${yes.port}\nbackend no\n server s 127.0.0.1:${no.port}`;
  const proxy = await startProxy('haproxy', text, ports.slice(0, 1));
  const wrong: string[] = [];
  try {
    for (const client of CLIENTS)
      for (const [i, condition] of CONDITIONS.entries()) {
        const real = await askThrough(ports[i], client);
        if ((real === 'y') !== verdict(condition, client)) wrong.push(`${condition} of ${client.src} is ${real}`);
      }
  } finally {
    await proxy.stop();
    yes.close();
    no.close();
  }
  assert.deepEqual(wrong, []);
});

async function askThrough(port: number, c: Client): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let got = '';
  socket.on('data', (d) => (got += d));
  socket.on('error', () => socket.destroy());
  socket.write(`PROXY TCP${c.src.includes(':') ? 6 : 4} ${c.src} ${c.dst} ${c.srcPort} ${c.dstPort}\r\n`);
  await new Promise((closed) => socket.once('close', closed));
  return got;
}

// Manual §7.1.6: pattern, address, whether it matches; abbreviations, and families that meet.
for (const [pattern, address, matches] of [
  ['127.1', '127.0.0.1', true],
  ['10', '0.0.0.10', true],
  ['192.168.1', '192.168.0.1', true],
  ['10.12/8', '10.99.0.1', true],
  ['192.168.42/24', '192.168.42.7', false],
  ['10.0.0.0/8', '2002:a01:203::', true],
  ['10.0.0.0/8', '::10.1.2.3', true],
  ['10.0.0.0/8', '::ffff:10.1.2.3', true],
  ['10.0.0.0/8', '2001:a01:203::', false],
  ['::ffff:10.0.0.0/104', '10.1.2.3', true],
  ['::ffff:10.0.0.0/104', '11.1.2.3', false],
  ['2001:db8::/33', '2001:db8:7fff::1', true],
  ['2001:db8::/33', '2001:db8:8000::1', false],
] as const)
  test(`${pattern} ${matches ? 'matches' : 'does not match'} ${address}`, () => {
    const parsed = parseIpPattern(pattern) ?? assert.fail(pattern);
    const bytes = parseIpv4(address) ?? parseIpv6(address) ?? assert.fail(address);
    assert.equal(matchesIp(parsed, address.includes(':') ? 6 : 4, bytes), matches);
  });

for (const text of ['', '1.2.3.4.5', '256.1', '1.2.3.4/33', '::/129', '1.2.3.4/8/8', 'localhost', '1..2', '::1/ffff::'])
  test(`'${text}' is no pattern`, () => assert.equal(parseIpPattern(text), undefined));

test('a name that no acl line defines is found again under its own tests only', () => {
  const condition = parseCondition('if nothing', AT, new Diagnostics())!;
  assert.equal(compileCondition(condition, [])(contextOf(CLIENTS[0])), FAILS);
});

for (const [text, wrong] of [
  ['rdp_cookie(x) -m found', /does not run/],
  ['src,ipmask(33) 10.0.0.0', /converter 'ipmask'/],
  ['src,map_ip() 10.0.0.0', /converter 'map_ip' needs a file/],
  ['src_port,add(x) 10', /needs one number/],
  ['str(a) -m reg \\p{L}', /regular expression/],
  ['req.payload(x) -m bin 00', /needs an offset/],
  ['src -m beg 10.', null],
] as const)
  test(`${text} says why it does not run`, () => {
    const parsed = parseAclTest(text, AT, new Diagnostics()) ?? assert.fail(text);
    if (wrong === null) assert.equal(aclTestProblem(parsed), null);
    else assert.match(aclTestProblem(parsed) ?? '', wrong);
  });
