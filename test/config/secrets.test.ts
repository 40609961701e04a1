/** Passwords: where they are found, what is said when they are not, and that they are printed nowhere. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { correct } from '../../src/config/correct.js';
import { loadConfig } from '../../src/config/load.js';
import type { Secret } from '../../src/config/model.js';
import { resolveSecret } from '../../src/config/secrets.js';
import { writeYaml } from '../../src/config/yaml/write.js';

const dir = mkdtempSync(join(tmpdir(), 'fl-secrets-'));
after(() => rmSync(dir, { recursive: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};
mkdirSync(join(dir, 'directory'));

const found: readonly (readonly [string, Secret, string])[] = [
  ['an environment variable', { from: 'env', name: 'PW' }, 'from env'],
  ['a file without its line feed', { from: 'file', path: file('lf', 'ge heim\n') }, 'ge heim'],
  ['a file with the line feed of another system', { from: 'file', path: file('crlf', 'x\r\n') }, 'x'],
  ['a file without a line feed', { from: 'file', path: file('plain', ' x ') }, ' x '],
  ['a member of a JSON file', { from: 'file', path: file('a.json', '{"a":"no","pw":"yes"}'), key: 'pw' }, 'yes'],
  ['a line of a settings file', { from: 'file', path: file('env', '# pw=no\nexport pw="a b"\n'), key: 'pw' }, 'a b'],
  ['the configuration itself', { from: 'text', text: 'x' }, 'x'],
];
for (const [name, secret, expected] of found)
  test(name, () => assert.deepEqual(resolveSecret(secret, { PW: 'from env' }), { ok: true, value: expected }));

const missing: readonly (readonly [string, Secret, RegExp])[] = [
  ['an unset variable', { from: 'env', name: 'NO' }, /environment variable NO .* is not set/],
  ['a file that is not there', { from: 'file', path: join(dir, 'none') }, /there is no such file/],
  ['a directory', { from: 'file', path: join(dir, 'directory') }, /it is a directory/],
  ['an empty file', { from: 'file', path: file('empty', '\n') }, /is empty/],
  ['a file that is no password', { from: 'file', path: file('huge', 'x'.repeat(70_000)) }, /is 70000 bytes long/],
  [
    'a key that is not there',
    { from: 'file', path: file('b.json', '{"a":"geheim"}'), key: 'pw' },
    /has no value for 'pw'/,
  ],
  ['JSON that is none', { from: 'file', path: file('c.json', '{geheim'), key: 'pw' }, /has no value for 'pw'/],
];
for (const [name, secret, expected] of missing)
  test(name, () => {
    const result = resolveSecret(secret, {});
    assert.ok(!result.ok);
    assert.match(result.message, expected);
    assert.doesNotMatch(`${result.message} ${result.remedy}`, /geheim/);
  });

const HAPROXY = `listen pg
 bind :5432
 mode tcp
 # fairlead: check postgres user=checker password=geheim rle=primary
 server a 10.0.0.1:5432 check
`;
const YAML = `services:
  pg: { bind: ':5432', check: { type: postgres, user: checker, password: geheim, rle: primary }, servers: { a: '10.0.0.1:5432' } }
`;
test('what is imported names a place for the token of notifications as well, and says so', () => {
  const text = "control: { bind: '127.0.0.1:8406', token: geheim }\n";
  const { model, diagnostics } = loadConfig(['-'], { stdin: () => text, env: {}, needsSecrets: false });
  correct(model, diagnostics);
  assert.match(writeYaml(model), /token: \{ file: \/etc\/fairlead\/notify\.token \}/);
  assert.match(
    diagnostics.renderAll(),
    /notice: the token is not printed: write it into \/etc\/fairlead\/notify\.token/,
  );
  assert.doesNotMatch(`${writeYaml(model)}${diagnostics.renderAll()}`, /geheim/);
});

for (const [name, text] of [
  ['haproxy.cfg', HAPROXY],
  ['fairlead.yaml', YAML],
] as const) {
  test(`${name}: complaints about the line do not show its password`, () => {
    const { diagnostics } = loadConfig(['-'], { stdin: () => text, env: {} });
    assert.ok(diagnostics.hasErrors);
    assert.match(diagnostics.renderAll(), /password ?[=:] ?\*{6}/);
    assert.doesNotMatch(diagnostics.renderAll(), /geheim/);
  });

  test(`${name}: what is imported names a place for the password instead, and says so`, () => {
    const right = text.replace(/,? rle[=:] ?primary/, '');
    const { model, diagnostics } = loadConfig(['-'], { stdin: () => right, env: {}, needsSecrets: false });
    assert.equal(diagnostics.hasErrors, false, diagnostics.renderAll());
    assert.deepEqual(model.proxies[0].check.role?.password, { from: 'text', text: 'geheim' });
    assert.doesNotMatch(writeYaml(model), /geheim/);
    correct(model, diagnostics);
    assert.match(writeYaml(model), /password: \{ file: \/etc\/fairlead\/pg\.password \}/);
    assert.doesNotMatch(writeYaml(model), /geheim/);
    assert.match(
      diagnostics.renderAll(),
      /notice: the password is not printed: write it into \/etc\/fairlead\/pg\.password/,
    );
    assert.doesNotMatch(diagnostics.renderAll(), /geheim/);
  });
}
