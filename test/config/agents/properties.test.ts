/** Agents in YAML read back as they were written; and no file of any kind, however broken, makes a reader throw. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPgsqlchk } from '../../../src/config/agents/pgsqlchk.js';
import { readShellSettings } from '../../../src/config/agents/shell-settings.js';
import { readXinetd } from '../../../src/config/agents/xinetd.js';
import { emptyModel } from '../../../src/config/defaults.js';
import { Diagnostics } from '../../../src/config/diagnostics.js';
import type { AgentEndpoint, RoleCheck } from '../../../src/config/model.js';
import { readYaml } from '../../../src/config/yaml/read.js';
import { writeYaml } from '../../../src/config/yaml/write.js';

const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,8}$/);
const text = fc.oneof(word, fc.constantFrom('a b', "it's", '"q"', 'yes', '12', 'null', '#c', 'ä ö', ''));
const ms = fc.constantFrom(1, 50, 1000, 1500, 60_000, 86_400_000);
const network = fc.constantFrom('10.0.0.1', '10.0.0.0/8', '0.0.0.0/0', '2001:db8::/32');
const address = fc
  .tuple(
    fc.constantFrom(['*', 4], ['*', 6], ['10.0.0.1', 4], ['::1', 6], ['localhost', 0]),
    fc.integer({ min: 1, max: 65535 }),
  )
  .map(([[host, family], port]) => ({ kind: 'inet' as const, family: family as 0 | 4 | 6, host: String(host), port }));
const secret = fc.oneof(
  word.map((name) => ({ from: 'env' as const, name })),
  fc
    .tuple(word, fc.option(word, { nil: undefined }))
    .map(([path, key]) => ({ from: 'file' as const, path, ...(key && { key }) })),
);

function some<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  return fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
}

const common = some<Partial<AgentEndpoint>>({
  disabled: fc.boolean(),
  onlyFrom: fc.array(network, { maxLength: 3 }),
  noAccess: fc.array(network, { minLength: 1, maxLength: 2 }),
  perSource: fc.integer({ min: 1, max: 99 }),
  maxconn: fc.integer({ min: 1, max: 9999 }),
  connectionRate: fc.record({ perSecond: fc.integer({ min: 1, max: 999 }), pauseMs: ms }),
  shareMs: fc.oneof(ms, fc.constant(0)),
  timeoutMs: ms,
  disabledFile: text,
});
const target = fc.oneof(
  fc.record({ host: fc.constantFrom('db1', '10.0.0.1', '::1'), port: fc.integer({ min: 0, max: 65535 }) }),
  fc.constant({ host: '/run/x.sock', port: 0 }),
);
const login = some<Partial<RoleCheck>>({
  user: text,
  password: secret,
  tls: fc.constantFrom('off', 'prefer', 'require'),
});
const replicated = some<Partial<RoleCheck>>({ want: fc.constantFrom('primary', 'replica', 'any'), maxLagMs: ms });
const flags = some<Partial<RoleCheck>>({ acceptDonor: fc.boolean(), acceptReadOnly: fc.boolean() });

function role(kind: RoleCheck['kind'], ...parts: fc.Arbitrary<object>[]): fc.Arbitrary<RoleCheck> {
  return fc.tuple(...parts).map((all) => Object.assign({ kind }, ...all) as RoleCheck);
}
const place = some<Partial<AgentEndpoint>>({ target });
const run = some<Partial<AgentEndpoint>>({
  env: fc.dictionary(word, text, { maxKeys: 3 }),
  user: word,
  group: word,
});
const command = fc.tuple(word, fc.array(text, { maxLength: 3 })).map(([first, more]) => [`/bin/${first}`, ...more]);

const kinds: fc.Arbitrary<Partial<AgentEndpoint>>[] = [
  fc
    .tuple(place, role('galera', login, flags), some<Partial<AgentEndpoint>>({ defaultsFile: text }))
    .map(([at, check, more]) => ({ kind: 'clustercheck', ...at, check, ...more })),
  fc.tuple(place, role('postgres', login, replicated)).map(([at, check]) => ({ kind: 'pgsqlchk', ...at, check })),
  fc
    .tuple(place, fc.oneof(role('redis', login, replicated), role('mysql', login, replicated), role('patroni', login)))
    .map(([at, check]) => ({ kind: 'check', ...at, check })),
  fc.tuple(run, command).map(([how, words]) => ({ kind: 'program', ...how, command: words })),
  fc
    .tuple(run, some<Partial<AgentEndpoint>>({ nodes: fc.array(word, { minLength: 1, maxLength: 2 }) }))
    .map(([how, nodes]) => ({ kind: 'cmonhachk', ...how, ...nodes })),
];
const agent = fc
  .tuple(word, address, common, fc.oneof(...kinds))
  .map(([name, at, shared, kind]) => ({ name, address: at, ...shared, ...kind }) as AgentEndpoint);

const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, each) => (key === 'loc' || key === 'at' ? undefined : each)));

test('what is written is read back', () => {
  fc.assert(
    fc.property(fc.uniqueArray(agent, { maxLength: 3, selector: ({ name }) => name }), (agents) => {
      const yaml = writeYaml({ ...emptyModel(), agents });
      const diag = new Diagnostics();
      diag.addSource('a.yaml', yaml);
      const found = readYaml([{ file: 'a.yaml', text: yaml }], diag, { env: {}, version: '2.6.12' });
      assert.equal(diag.hasErrors, false, `${diag.renderAll()}\n${yaml}`);
      assert.deepEqual(plain(found.agents), plain(agents), yaml);
    }),
    { numRuns: 300 },
  );
});

const printed = (name: string) =>
  readFileSync(new URL(`../../../../test/config/agents/files/${name}`, import.meta.url), 'utf8');
const NOWHERE = { read: () => undefined, list: () => [], env: {} };

/** A text with a piece cut out, doubled, or replaced by noise. */
function damaged(original: string): fc.Arbitrary<string> {
  const at = fc.integer({ min: 0, max: original.length });
  return fc
    .tuple(at, at, fc.oneof(fc.constant(''), fc.constant(original), fc.string({ unit: 'binary', maxLength: 20 })))
    .map(([a, b, noise]) => original.slice(0, Math.min(a, b)) + noise + original.slice(Math.max(a, b)));
}

for (const [name, reader] of [
  ['config.json', (text: string, diag: Diagnostics) => readPgsqlchk({ file: 'f', text }, diag)],
  ['mysqlchk', (text: string, diag: Diagnostics) => readXinetd([{ file: 'f', text }], [], diag, NOWHERE)],
  ['cmonhachk', (text: string, diag: Diagnostics) => readXinetd([{ file: 'f', text }], [], diag, NOWHERE)],
  ['mysqlchk', (text: string, diag: Diagnostics) => readShellSettings('f', text, diag)],
] as const)
  test(`${name}, damaged in any way, is read or complained about in its place`, () => {
    fc.assert(
      fc.property(damaged(printed(name)), (text) => {
        const diag = new Diagnostics();
        diag.addSource('f', text);
        reader(text, diag);
        const lines = text.split('\n').length;
        for (const { loc } of diag.list)
          assert.ok(loc && loc.line >= 1 && loc.line <= lines && loc.col >= 1, JSON.stringify(loc));
        diag.renderAll();
      }),
      { numRuns: 300 },
    );
  });
