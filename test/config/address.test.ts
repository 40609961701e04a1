import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseListenAddresses,
  parseLogAddress,
  parseServerAddress,
  parseSourceAddress,
} from '../../src/config/address.js';
import { nearest } from '../../src/config/suggest.js';

const inet = (host: string, port: number, family = 4) => ({ kind: 'inet', family, host, port });

// Manual §11 and `bind`: text, addresses.
for (const [text, expected] of [
  [':80', [inet('*', 80)]],
  ['*:80', [inet('*', 80)]],
  ['0.0.0.0:80', [inet('0.0.0.0', 80)]],
  ['ipv6@:80', [inet('*', 80, 6)]],
  [':::80', [inet('::', 80, 6)]],
  ['::1:80', [inet('::1', 80, 6)]],
  ['[::1]:80', [inet('::1', 80, 6)]],
  ['db.example.com:80', [inet('db.example.com', 80, 0)]],
  ['ipv4@db:80', [inet('db', 80, 4)]],
  ['tcp6@db:80', [inet('db', 80, 6)]],
  ['stream+ipv4@127.0.0.1:80', [inet('127.0.0.1', 80)]],
  ['10.0.0.1:80-82', [{ ...inet('10.0.0.1', 80), portEnd: 82 }]],
  ['10.0.0.1:80,:81', [inet('10.0.0.1', 80), inet('*', 81)]],
  ['10.0.0.1:80,', [inet('10.0.0.1', 80)]],
  ['/run/x.sock', [{ kind: 'unix', path: '/run/x.sock' }]],
  ['unix@x.sock', [{ kind: 'unix', path: 'x.sock' }]],
  ['abns@x', [{ kind: 'abns', name: 'x' }]],
  ['fd@3', [{ kind: 'fd', fd: 3 }]],
] as const)
  test(`listen on ${text}`, () => assert.deepEqual(parseListenAddresses(text), { ok: true, value: expected }));

const BAD_LISTEN = [
  '',
  ':',
  '127.0.0.1',
  '127.0.0.1:',
  ':0',
  ':65536',
  ':80-',
  ':82-80',
  ':+5',
  ':http',
  '300.1.1.1:80',
];
for (const text of [
  ...BAD_LISTEN,
  'a b:80',
  'ipv4@::1:80',
  'ipv6@1.1.1.1:80',
  'fd@x',
  'udp@:80',
  'quic4@:80',
  'sockpair@3',
])
  test(`'${text}' is not an address to listen on`, () => assert.equal(parseListenAddresses(text).ok, false));

// `server`: text, address, how the port is found.
for (const [text, expected] of [
  ['db:3306', { address: inet('db', 3306, 0), portMode: 'fixed' }],
  ['10.0.0.1', { address: inet('10.0.0.1', 0), portMode: 'same' }],
  ['10.0.0.1:', { address: inet('10.0.0.1', 0), portMode: 'same' }],
  ['10.0.0.1:+1000', { address: inet('10.0.0.1', 0), portMode: 'offset', portOffset: 1000 }],
  ['10.0.0.1:-10', { address: inet('10.0.0.1', 0), portMode: 'offset', portOffset: -10 }],
  ['[::1]', { address: inet('::1', 0, 6), portMode: 'same' }],
  ['unix@/x', { address: { kind: 'unix', path: '/x' }, portMode: 'fixed' }],
] as const)
  test(`server at ${text}`, () => assert.deepEqual(parseServerAddress(text), { ok: true, value: expected }));

for (const text of ['::1', 'fe80::1', 'db:80-90', 'fd@3', 'db:70000', 'udp@db:80'])
  test(`'${text}' is not a server address`, () => assert.equal(parseServerAddress(text).ok, false));

test('an IPv6 address without brackets is answered with the brackets', () => {
  const parsed = parseServerAddress('fe80::1');
  assert.equal(!parsed.ok && parsed.remedy, "write '[fe80::1]'");
});

for (const [text, target] of [
  ['127.0.0.1', { kind: 'udp', host: '127.0.0.1', port: 514 }],
  ['[::1]:515', { kind: 'udp', host: '::1', port: 515 }],
  ['/dev/log', { kind: 'unix', path: '/dev/log' }],
  ['stdout', { kind: 'fd', fd: 1 }],
  ['stderr', { kind: 'fd', fd: 2 }],
  ['fd@7', { kind: 'fd', fd: 7 }],
] as const)
  test(`log to ${text}`, () => assert.deepEqual(parseLogAddress(text), { ok: true, value: target }));

for (const text of ['ring@x', 'tcp@127.0.0.1:514', '127.0.0.1:1-2', 'abns@x'])
  test(`'${text}' is no place for logs`, () => assert.equal(parseLogAddress(text).ok, false));

test('a source may have a range of ports where the caller allows it', () => {
  assert.equal(parseSourceAddress('10.0.0.1:1000-2000', false).ok, false);
  const parsed = parseSourceAddress('10.0.0.1:1000-2000', true);
  assert.deepEqual(parsed, { ok: true, value: { host: '10.0.0.1', port: 1000, portEnd: 2000 } });
});

for (const [word, known, expected] of [
  ['blance', ['balance', 'bind'], 'balance'],
  ['tiemout', ['timeout', 'mode'], 'timeout'],
  ['MODE', ['mode'], 'mode'],
  ['xyzzy', ['mode', 'bind'], undefined],
] as const)
  test(`'${word}' is near ${expected ?? 'nothing'}`, () => assert.equal(nearest(word, known), expected));
