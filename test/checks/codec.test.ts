/** The codecs of checks alone: answers cut anywhere, random bytes, and what a check plan is made of (manual §4.2). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { evaluate } from '../../src/checks/expect.js';
import { bodyOf, parseHead } from '../../src/checks/http-response.js';
import { type CheckPlan, compileCheck, type ExpectStep } from '../../src/checks/plan.js';
import { emptyProxy } from '../../src/config/defaults.js';
import type { CheckSpec, CheckStep, Proxy, Server } from '../../src/config/model.js';
import { checkStatus } from '../../src/core/check-status.js';

const address = { kind: 'inet' as const, family: 4 as const, host: '127.0.0.1', port: 80 };
const plain: Server = { name: 's', id: 1, address, portMode: 'fixed', check: true };

function planOf(check: Partial<CheckSpec>, server: Partial<Server> = {}, settings: Partial<Proxy> = {}): CheckPlan {
  const proxy: Proxy = { ...emptyProxy('backend', 'be', 2), ...settings };
  proxy.check = { type: 'tcp', steps: [], ...check };
  return compileCheck(proxy, { ...plain, ...server });
}

function expectation(step: Partial<CheckStep & { do: 'expect' }>): CheckStep {
  return { do: 'expect', negate: false, match: 'string', pattern: 'x', ...step };
}

/** Outcome of the last expect step of a plan. */
function judge(plan: CheckPlan, received: string | Uint8Array, isFinal: boolean): string {
  const step = plan.steps.findLast((s) => s.do === 'expect') as ExpectStep;
  const bytes = typeof received === 'string' ? Buffer.from(received, 'latin1') : Buffer.from(received);
  const { outcome, status } = evaluate(plan, step, bytes, isFinal, true);
  return outcome === 'wait' ? 'wait' : `${outcome} ${checkStatus(status).name}`;
}

const HTTP = planOf({ type: 'http' });

test('a response cut anywhere is waited for, and is no garbage', () => {
  const response = 'HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 2\r\n\r\n';
  for (let length = 0; length < response.length; length++)
    assert.equal(judge(HTTP, response.slice(0, length), false), 'wait', `after ${length} bytes`);
  assert.equal(judge(HTTP, response, false), 'matched L7OK');
});

test('a chunked body cut anywhere yields its beginning', () => {
  const text = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n';
  for (let length = 48; length <= text.length; length++) {
    const bytes = Buffer.from(text.slice(0, length), 'latin1');
    const head = parseHead(bytes);
    assert.ok(typeof head === 'object');
    const body = bodyOf(head, bytes);
    assert.ok(body !== 'bad');
    assert.ok('hello'.startsWith(body.bytes.toString('latin1').replace(/\r$/, '')), `after ${length} bytes`);
  }
});

test('random bytes never throw, and at the end there is always a verdict', () => {
  const plans = [
    HTTP,
    planOf({ type: 'http', steps: [expectation({ match: 'string', pattern: 'a' })] }),
    planOf({ type: 'script', steps: [expectation({ match: 'binary', pattern: '\x00' })] }),
    planOf({ type: 'script', steps: [expectation({ match: 'rbinary', pattern: '^00' })] }),
    planOf({ type: 'script', steps: [expectation({ match: 'rstring', pattern: 'a|b', negate: true })] }),
  ];
  const heads = fc.constantFrom('', 'HTTP/1.1 200 OK\r\n\r\n', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
  fc.assert(
    fc.property(heads, fc.uint8Array({ maxLength: 300 }), fc.boolean(), (head, tail, isFinal) => {
      const received = Buffer.concat([Buffer.from(head), tail]);
      for (const plan of plans) {
        const outcome = judge(plan, received, isFinal);
        assert.ok(!isFinal || outcome !== 'wait', outcome);
      }
    }),
    { numRuns: 500 },
  );
});

// Manual, `timeout check`: limits in ms from `timeout check`, `timeout connect` and inter.
for (const [check, connect, inter, connectMs, answerMs] of [
  [undefined, undefined, undefined, 2000, undefined],
  [undefined, 500, 3000, 3000, undefined],
  [700, 500, 3000, 500, 700],
  [700, 5000, 3000, 3000, 700],
  [700, undefined, 3000, 3000, 700],
  [0, 500, 900, 900, undefined],
] as const)
  test(`timeout check ${check}, connect ${connect}, inter ${inter}: ${connectMs} to connect, then ${answerMs}`, () => {
    const plan = planOf({}, { interMs: inter }, { timeouts: { check, connect } });
    assert.deepEqual([plan.connectMs, plan.answerMs], [connectMs, answerMs]);
  });

// Who gets a PROXY header on the implied connection (manual, `check` and `check-send-proxy`).
for (const [server, header] of [
  [{}, undefined],
  [{ sendProxy: 'v1' }, 'v1'],
  [{ sendProxy: 'v2', checkPort: 81 }, undefined],
  [{ sendProxy: 'v2', checkAddr: '127.0.0.2' }, undefined],
  [{ sendProxy: 'v2', checkPort: 81, checkSendProxy: true }, 'v2'],
  [{ checkSendProxy: true }, 'v1'],
] as [Partial<Server>, string | undefined][])
  test(`${JSON.stringify(server)} sends ${header ?? 'no header'}`, () => {
    const [step] = planOf({}, server).steps;
    assert.ok(step.do === 'connect');
    assert.equal(step.sendProxy, header);
  });

test('a header may be looked for by part of its name and value', () => {
  const response = 'HTTP/1.1 200 OK\r\nX-Role: primary\r\nX-Lag: 12\r\n\r\n';
  for (const [name, value, isThere] of [
    [{ method: 'beg', text: 'x-r' }, { method: 'end', text: 'ary' }, true],
    [{ method: 'sub', text: 'lag' }, { method: 'reg', text: '^1\\d$' }, true],
    [{ method: 'str', text: 'X-ROLE' }, undefined, true],
    [{ method: 'str', text: 'x-rol' }, undefined, false],
    [{ method: 'reg', text: '^x-' }, { method: 'str', text: 'standby' }, false],
  ] as const) {
    const steps = [expectation({ match: 'header', header: { full: false, name, value } })];
    assert.equal(judge(planOf({ type: 'http', steps }), response, false), isThere ? 'matched L7OK' : 'failed L7STS');
  }
});
