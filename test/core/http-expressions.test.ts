/**
 * core/expr: sample fetches and converters of layer 7 have the values the real HAProxy gives them, and tests on them
 * decide as there, for requests of many kinds. HAProxy answers every request with a list of what it found.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Diagnostics } from '../../src/config/diagnostics.js';
import { parseCondition } from '../../src/config/haproxy/acl.js';
import { compileCondition, HOLDS } from '../../src/core/expr/condition.js';
import type { SampleContext } from '../../src/core/expr/context.js';
import { compileFormat } from '../../src/core/log-format/format.js';
import { systemTest } from '../support/peers.js';
import { freePort, type Program, startProxy } from '../support/proxy.js';
import { sampleContext } from '../support/sample-context.js';
import { CONDITIONS, EXPRESSIONS, MAPS, REQUESTS } from './http-expressions.js';

const AT = { file: 'test', line: 1, col: 1, len: 1 };
/** A value that is not there prints nothing, an empty one the mark. */
const MARK = '!';
const BETWEEN = '^^';
const PER_PROXY = 60;

function listen(port: number, name: string, body: string, before = ''): string {
  return `listen ${name}\n bind 127.0.0.1:${port} accept-proxy name plug\n option http-buffer-request\n capture request header host len 12\n capture request header none len 5\n${before} http-request return status 200 content-type text/plain lf-string '${body}'`;
}

function formatOf(expression: string): string {
  return `%[${expression},concat(${MARK})]`;
}

function chunks<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / PER_PROXY) }, (_, i) =>
    all.slice(i * PER_PROXY, (i + 1) * PER_PROXY),
  );
}

function contextOf(request: string, frontendName: string): SampleContext {
  const hosts = [...request.matchAll(/^host:[ \t]*(.*?)[ \t]*\r$/gim)].map((match) => match[1]);
  const context = sampleContext({
    request,
    src: '10.1.2.3',
    dst: '10.9.9.9',
    srcPort: 1000,
    dstPort: 80,
    rest: { frontendName },
    http: { requestCaptures: [hosts.length > 0 ? hosts[hosts.length - 1].slice(0, 12) : null, null] },
  });
  for (const [name, text] of Object.entries(MAPS)) context.patternFiles.load(name, text, true);
  return context;
}

systemTest(
  'every expression has the value it has in HAProxy',
  { commands: ['haproxy'], timeoutMs: 180_000 },
  async () => {
    const groups = chunks(EXPRESSIONS);
    const proxy = (port: number, i: number) => listen(port, `l${i}`, groups[i].map(formatOf).join(BETWEEN));
    const wrong = await compare(groups, proxy, (expression, context) => compileFormat(formatOf(expression))(context));
    assert.equal(wrong.length, 0, wrong.join('\n'));
  },
);

systemTest('every test on requests decides as in HAProxy', { commands: ['haproxy'], timeoutMs: 180_000 }, async () => {
  const groups = chunks(CONDITIONS);
  const proxy = (port: number, i: number) => {
    const rules = groups[i].map((condition, n) => ` http-request set-var(txn.c${n}) int(1) ${condition}\n`).join('');
    return listen(port, `c${i}`, groups[i].map((_, n) => `%[var(txn.c${n},0)]`).join(BETWEEN), rules);
  };
  const wrong = await compare(groups, proxy, (condition, context) => {
    const diag = new Diagnostics();
    const parsed = parseCondition(condition, AT, diag) ?? assert.fail(`${condition}: ${diag.renderAll()}`);
    return compileCondition(parsed, [])(context) === HOLDS ? '1' : '0';
  });
  assert.equal(wrong.length, 0, wrong.join('\n'));
});

/** @returns a line for each item and request of which the core, or Fairlead as a whole, says something else than HAProxy */
async function compare(
  groups: readonly (readonly string[])[],
  proxy: (port: number, i: number) => string,
  core: (item: string, context: SampleContext) => string,
): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'fl-maps-'));
  for (const [name, content] of Object.entries(MAPS)) writeFileSync(join(dir, name), content);
  const [real, whole] = await Promise.all(
    (['haproxy', 'fairlead'] as const).map((program) => answers(program, groups, proxy, dir)),
  );
  rmSync(dir, { recursive: true });
  const wrong: string[] = [];
  for (const [r, request] of REQUESTS.entries())
    for (const [i, group] of groups.entries()) {
      const context = contextOf(request, group.includes('fe_name') ? `l${i}` : 'c');
      for (const [n, item] of group.entries()) {
        const expected = real[r][i][n];
        for (const [who, found] of Object.entries({ core: core(item, context), whole: whole[r][i][n] }))
          if (found !== expected)
            wrong.push(`${item} of request ${r} is ${JSON.stringify(expected)}, not ${JSON.stringify(found)} (${who})`);
      }
    }
  return wrong;
}

/** By request, group and item. */
async function answers(
  program: Program,
  groups: readonly (readonly string[])[],
  proxy: (port: number, i: number) => string,
  dir: string,
): Promise<string[][][]> {
  const ports: number[] = [];
  for (const _ of groups) ports.push(await freePort());
  const text = `global\n nbthread 1\n tune.bufsize 65536\ndefaults\n mode http\n timeout connect 2s\n timeout client 3s\n timeout server 3s
userlist users\n group staff\n group admins\n group other\n user ann insecure-password secret:1 groups staff,admins\n user bob insecure-password b
${ports.map(proxy).join('\n')}`;
  const running = await startProxy(program, text.replaceAll('@', `${dir}/@`), ports);
  const found: string[][][] = [];
  try {
    for (const request of REQUESTS) {
      const row: string[][] = [];
      for (const [i, group] of groups.entries()) {
        row.push((await answer(ports[i], request)).split(BETWEEN));
        assert.equal(row[i].length, group.length, `${program} refused ${JSON.stringify(request)}: ${row[i]}`);
      }
      found.push(row);
    }
  } finally {
    await running.stop();
  }
  return found;
}

async function answer(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let got = '';
  socket.on('data', (d) => (got += d));
  socket.on('error', () => socket.destroy());
  socket.write(`PROXY TCP4 10.1.2.3 10.9.9.9 1000 80\r\n${request}`, 'latin1');
  await new Promise((closed) => socket.once('close', closed));
  return got.slice(got.indexOf('\r\n\r\n') + 4);
}
