/** core/expr: sample fetches of responses have the values the real HAProxy gives them (see http-expressions.test.ts). */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { Diagnostics } from '../../src/config/diagnostics.js';
import { parseCondition } from '../../src/config/haproxy/acl.js';
import { compileCondition, HOLDS } from '../../src/core/expr/condition.js';
import type { SampleContext } from '../../src/core/expr/context.js';
import { compileFormat } from '../../src/core/log-format/format.js';
import { systemTest } from '../support/peers.js';
import { freePort, serve, startProxy } from '../support/proxy.js';
import { sampleContext } from '../support/sample-context.js';
import { RESPONSE_CONDITIONS, RESPONSE_EXPRESSIONS, RESPONSES } from './http-expressions.js';

const BETWEEN = '^^';
const AT = { file: 'test', line: 1, col: 1, len: 1 };
const REQUEST = 'GET /path?q HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n';
const FORMATS = RESPONSE_EXPRESSIONS.map((expression) => `%[${expression},concat(!)]`);

systemTest('every expression on responses has the value it has in HAProxy', { commands: ['haproxy'] }, async () => {
  const wrong: string[] = [];
  for (const [r, response] of RESPONSES.entries()) {
    const real = await realAnswers(response);
    const context = contextOf(response);
    assert.equal(real.length, FORMATS.length + RESPONSE_CONDITIONS.length, `response ${r}: ${real}`);
    for (const [n, format] of FORMATS.entries()) {
      const own = compileFormat(format)(context);
      if (own !== real[n]) wrong.push(`${RESPONSE_EXPRESSIONS[n]} of response ${r} is ${real[n]}, not ${own}`);
    }
    for (const [n, condition] of RESPONSE_CONDITIONS.entries()) {
      const own = verdict(condition, context);
      const found = real[FORMATS.length + n];
      if (own !== found) wrong.push(`${condition} of response ${r} is ${found}, not ${own}`);
    }
  }
  assert.equal(wrong.length, 0, wrong.join('\n'));
});

function verdict(condition: string, context: SampleContext): string {
  const diag = new Diagnostics();
  const parsed = parseCondition(condition, AT, diag) ?? assert.fail(`${condition}: ${diag.renderAll()}`);
  return compileCondition(parsed, [])(context) === HOLDS ? '1' : '0';
}

function contextOf(response: string): SampleContext {
  const [, type] = /^content-type: *([^\r]*)/im.exec(response) ?? [];
  const context = sampleContext({
    request: REQUEST,
    response,
    http: { responseCaptures: [type?.slice(0, 8) ?? null, null] },
    rest: {
      ...{ backendName: 'r0', backendId: 2, serverName: 's1', serverId: 1 },
      timeout: (which) => ({ client: 3000, server: 4000, tunnel: 0 })[which],
    },
  });
  context.setVariable('txn.kept', 'yes');
  return context;
}

/** What HAProxy says of one response of a server. */
async function realAnswers(response: string): Promise<string[]> {
  const server = await serve((socket) => {
    socket.once('data', () => socket.end(Buffer.from(response, 'latin1')));
  });
  const port = await freePort();
  const rules = RESPONSE_CONDITIONS.map((condition, n) => ` http-response set-var(txn.c${n}) int(1) ${condition}\n`);
  const body = [...FORMATS, ...RESPONSE_CONDITIONS.map((_, n) => `%[var(txn.c${n},0)]`)].join(BETWEEN);
  const text = `global\n nbthread 1\n tune.bufsize 65536\n tune.maxrewrite 32768\ndefaults\n mode http\n timeout connect 2s\n timeout client 3s\n timeout server 4s
listen r0\n bind 127.0.0.1:${port}\n capture response header content-type len 8\n capture response header none len 8
 http-request set-var(txn.kept) str(yes)\n http-request set-var(req.gone) str(no)
${rules.join('')} http-response set-header x-all '${body}'\n server s1 127.0.0.1:${server.port}`;
  const proxy = await startProxy('haproxy', text, [port]);
  try {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1');
    let got = '';
    socket.on('data', (d) => (got += d));
    socket.write(REQUEST);
    await new Promise((closed) => socket.once('close', closed));
    const [, all = ''] = /^x-all: (.*)\r$/m.exec(got) ?? [];
    return all.split(BETWEEN);
  } finally {
    await proxy.stop();
    server.close();
  }
}
