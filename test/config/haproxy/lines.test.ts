/** Pieces of the HAProxy language inside other languages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyProxy } from '../../../src/config/defaults.js';
import { Diagnostics } from '../../../src/config/diagnostics.js';
import { parseAclTest, parseCondition } from '../../../src/config/haproxy/acl.js';
import { readProxyLines } from '../../../src/config/haproxy/read.js';

const at = { file: 'fairlead.yaml', line: 7, col: 5, len: 1 };
const ctx = () => ({ env: {}, version: '2.6.12' });

test('lines join the proxy they are given', () => {
  const diag = new Diagnostics();
  const proxy = emptyProxy('listen', 'db', 2);
  const text = 'option httpchk GET /ready\ndefault-server inter 1s\nserver a 10.0.0.1:3306 check\n';
  readProxyLines(proxy, 'listen', text, at, diag, ctx());
  assert.deepEqual(diag.list, []);
  assert.equal(proxy.servers[0].interMs, 1000);
  assert.equal(proxy.servers[0].id, 1);
  assert.equal(proxy.check.type, 'http');
});

test('what the proxy has already stays', () => {
  const diag = new Diagnostics();
  const proxy = emptyProxy('listen', 'db', 2);
  proxy.check = {
    type: 'http',
    steps: [{ do: 'http-send', method: 'GET', uri: '/x', version: 'HTTP/1.1', headers: [] }],
  };
  readProxyLines(proxy, 'listen', 'maxconn 5', at, diag, ctx());
  assert.equal(proxy.maxconn, 5);
  assert.deepEqual(proxy.check.steps, [
    { do: 'http-send', method: 'GET', uri: '/x', version: 'HTTP/1.1', headers: [] },
  ]);
});

test('complaints are placed in the outer file', () => {
  const diag = new Diagnostics();
  readProxyLines(emptyProxy('backend', 'db', 2), 'backend', 'retries 3\nblance leastconn', at, diag, ctx());
  assert.equal(diag.list.length, 1);
  const { loc, remedy } = diag.list[0];
  assert.deepEqual([loc?.file, loc?.line, loc?.col, remedy], ['fairlead.yaml', 8, 1, "did you mean 'balance'?"]);
});

test('a condition as text', () => {
  const diag = new Diagnostics();
  const condition = parseCondition('if inside !{ dst_port 80 } or other', at, diag);
  assert.deepEqual(condition?.anyOf, [
    [
      { negate: false, acl: 'inside' },
      { negate: true, test: { fetch: 'dst_port', args: [], converters: [], flags: [], patterns: ['80'] } },
    ],
    [{ negate: false, acl: 'other' }],
  ]);
});

test('a test as text, with converters, flags and a matching method', () => {
  const diag = new Diagnostics();
  assert.deepEqual(parseAclTest('req.hdr(host,1),lower -i -m beg www. img.', at, diag), {
    fetch: 'req.hdr',
    args: ['host', '1'],
    converters: [{ name: 'lower', args: [] }],
    flags: ['-i'],
    match: 'beg',
    patterns: ['www.', 'img.'],
  });
});

for (const text of ['', 'srk 10.0.0.1', 'src 10.0.0.1/33', 'src(', 'src -x 1', 'dst_port http'])
  test(`'${text}' is no test`, () => {
    const diag = new Diagnostics();
    assert.equal(parseAclTest(text, at, diag), undefined);
    assert.equal(diag.list.length, 1);
    assert.equal(diag.list[0].loc?.line, 7);
  });
