/** From what a database said to status and words: clustercheck's bodies, and the paths of the built-in checks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerTo } from '../../src/agents/answer.js';
import { type Finding, undecided } from '../../src/agents/finding.js';
import { judgeGalera, judgePath, judgeRole } from '../../src/agents/judge.js';
import { PLAIN } from '../../src/agents/request.js';
import type { AgentEndpoint } from '../../src/config/model.js';
import { CheckStatus } from '../../src/core/check-status.js';
import type { RoleReport } from '../../src/core/role/report.js';

const CLAIM = { kind: 'postgres', systemId: '7', timeline: 1, lsn: '0/1' } as const;

function report(changes: Partial<RoleReport>): RoleReport {
  const base: RoleReport = {
    status: CheckStatus.L7OK,
    role: 'primary',
    text: 'primary',
    durationMs: 1,
    claim: CLAIM,
    lagMs: null,
    lagBytes: null,
    isDefinite: false,
    isLoginRefused: false,
  };
  return { ...base, ...changes };
}

const PRIMARY = report({});
const STANDBY = report({ status: CheckStatus.L7STS, role: 'replica', text: 'standby', lagMs: 1200, lagBytes: 4096 });
const READ_ONLY = report({ status: CheckStatus.L7STS, role: 'unfit', text: 'primary that refuses writes' });
const REFUSED = report({ status: CheckStatus.L7STS, role: 'unfit', text: 'login refused', claim: null });
const SILENT = report({ status: CheckStatus.L4TOUT, role: 'unknown', text: 'no answer', claim: null });

// what was found, path, query, status
for (const [name, found, path, query, expected] of [
  ['a primary', PRIMARY, '/', '', 200],
  ['a primary', PRIMARY, '/primary', '', 200],
  ['a primary', PRIMARY, '/master/', '', 200],
  ['a primary', PRIMARY, '/replica', '', 503],
  ['a primary', PRIMARY, '/health', '', 200],
  ['a primary', PRIMARY, '/elsewhere', '', 404],
  ['a standby', STANDBY, '/', '', 503],
  ['a standby', STANDBY, '/primary', '', 503],
  ['a standby', STANDBY, '/replica', '', 200],
  ['a standby', STANDBY, '/REPLICA', 'lag=2s', 200],
  ['a standby', STANDBY, '/replica', 'lag=1s', 503],
  ['a standby', STANDBY, '/replica', 'lag=1200ms', 200],
  ['a standby', STANDBY, '/replica', 'lag=4096', 200],
  ['a standby', STANDBY, '/replica', 'lag=4kB', 200],
  ['a standby', STANDBY, '/replica', 'lag=1kB', 503],
  ['a standby', STANDBY, '/replica', 'lag=soon', 503],
  ['a standby', STANDBY, '/replica', 'lag=-1', 503],
  ['a standby of unknown lag', { ...STANDBY, lagMs: null }, '/replica', 'lag=9s', 503],
  ['a standby', STANDBY, '/health', '', 200],
  ['a read-only primary', READ_ONLY, '/', '', 503],
  ['a read-only primary', READ_ONLY, '/primary', '', 503],
  ['a read-only primary', READ_ONLY, '/health', '', 200],
  ['a refused login', REFUSED, '/health', '', 503],
  ['silence', SILENT, '/', '', 503],
  ['silence', SILENT, '/replica', '', 503],
  ['silence', SILENT, '/health', '', 503],
] as const)
  test(`${name} is ${expected} for ${path}${query && '?'}${query}`, () => {
    const found2 = judgePath(judgeRole(found, 0), path, query);
    assert.equal(found2 === undefined ? 404 : found2.isOk ? 200 : 503, expected);
  });

const endpoint = (kind: AgentEndpoint['kind']): AgentEndpoint => ({
  name: 'x',
  kind,
  address: { kind: 'inet', family: 4, host: '*', port: 1 },
});

function body(kind: AgentEndpoint['kind'], finding: Finding): string {
  return answerTo(endpoint(kind), PLAIN, finding, 0).bytes.toString();
}

/** Written from the script's documentation: status line, three headers in this order, body with CRLF. */
function scripted(status: string, text: string): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
}

const node = (status: RoleReport['status'], text: string) => judgeGalera(report({ status, text, claim: null }), 0);
const { L7OK, L7STS, L4CON } = CheckStatus;

// what was found, status, the script's words, their length
for (const [finding, status, text, length] of [
  [node(L7OK, 'synced, 3 in the group'), '200 OK', 'is synced.', 40],
  [node(L7STS, 'not synced: Joined'), '503 Service Unavailable', 'is not synced.', 44],
  [node(L7STS, 'read-only (read_only is ON)'), '503 Service Unavailable', 'is read-only.', 43],
  [node(L4CON, 'connection refused'), '503 Service Unavailable', 'is not synced.', 44],
  [{ ...undecided('x exists', 0), state: 'disabled' }, '503 Service Unavailable', 'is manually disabled.', 51],
  [undecided('no answer', 0), '503 Service Unavailable', 'is not synced.', 44],
] as const)
  test(`clustercheck: ${finding.reason}`, () => {
    const expected = scripted(status, `Percona XtraDB Cluster Node ${text}\r\n`);
    assert.equal(body('clustercheck', finding), expected);
    assert.match(expected, new RegExp(`Content-Length: ${length}\r\n`));
  });

for (const [state, status, text] of [
  ['leader', 200, '<html><body>This node is a leader.</body></html>'],
  ['follower', 503, '<html><body>This node is a follower.</body></html>'],
  ['unknown', 503, '<html><body>This node is in an unknown state.</body></html>'],
] as const)
  test(`cmonhachk: ${state}`, () => {
    const answer = body('cmonhachk', { ...undecided('why', 0), state, isOk: state === 'leader' });
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} .*\r\nContent-Type: text/html\r\n`));
    assert.match(answer, new RegExp(`Content-Length: ${text.length}\r\n`));
    assert.equal(answer.split('\r\n\r\n')[1], text);
  });

test('JSON carries the reason', () => {
  const request = { ...PLAIN, method: 'GET', path: '/', wantsJson: true };
  const { bytes, status } = answerTo(endpoint('pgsqlchk'), request, judgeRole(STANDBY, 100), 150);
  const [head, json] = bytes.toString().split('\r\n\r\n');
  assert.match(head, /^HTTP\/1\.1 503 .*\r\nContent-Type: application\/json\r\n/);
  assert.equal(status, 503);
  const expected = { status: 503, ok: false, endpoint: 'x', type: 'pgsqlchk', state: 'unfit', role: 'replica' };
  const measured = { reason: 'standby', lagMs: 1200, lagBytes: 4096, checkMs: 1, ageMs: 50 };
  assert.deepEqual(JSON.parse(json), { ...expected, ...measured });
});

test('a path that is no check: 404, in the form that was asked for', () => {
  const endpoint = { name: 'pg', kind: 'check', check: { kind: 'postgres' } } as AgentEndpoint;
  const finding = judgeRole(PRIMARY, 0);
  const answerIn = (wantsJson: boolean) =>
    answerTo(endpoint, { ...PLAIN, method: 'GET', path: '/elsewhere', wantsJson }, finding, 0);
  assert.deepEqual([answerIn(false).status, answerIn(true).status], [404, 404]);
  assert.match(answerIn(false).bytes.toString(), /text\/plain[\s\S]*\r\n\r\nno such check: ask for /);
  const [head, body] = answerIn(true).bytes.toString().split('\r\n\r\n');
  assert.match(head, /^HTTP\/1\.1 404 Not Found\r\nContent-Type: application\/json\r\n/);
  const { status, ok, endpoint: name, reason } = JSON.parse(body);
  assert.deepEqual([status, ok, name], [404, false, 'pg']);
  assert.match(reason, /^no such check: ask for /);
});
