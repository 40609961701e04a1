/** The files of the documents, as printed there: they start their endpoints, and `fairlead import` translates them. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemTest } from '../support/peers.js';
import { directory, printed, until } from './support.js';

const FAIRLEAD = fileURLToPath(new URL('../../../bin/fairlead', import.meta.url));

/** Runs `fairlead` inside a network namespace of its own, where every port of the documents is free. */
function namespace(t: TestContext): { name: string; inside(words: readonly string[]): string } {
  const name = `flagents-${process.pid}`;
  const ip = (...words: string[]) => execFileSync('ip', words);
  ip('netns', 'add', name);
  t.after(() => {
    ip('netns', 'del', name);
    rmSync(`/etc/netns/${name}`, { recursive: true, force: true });
  });
  mkdirSync(`/etc/netns/${name}`, { recursive: true });
  writeFileSync(`/etc/netns/${name}/hosts`, '127.0.0.1 localhost\n');
  ip('-n', name, 'link', 'set', 'lo', 'up');
  return {
    name,
    inside: ([command, ...args]) =>
      execFileSync('ip', ['netns', 'exec', name, command, ...args], { encoding: 'utf8', timeout: 10_000 }),
  };
}

systemTest('the printed files start their endpoints unmodified', { commands: ['ip'], root: true }, async (t) => {
  const dir = directory(t);
  const names = ['config.json', 'mysqlchk', 'cmonhachk'];
  for (const name of names) writeFileSync(join(dir, name), printed(name));
  const { name, inside } = namespace(t);
  const files = names.flatMap((each) => ['-f', join(dir, each)]);
  const child = spawn('ip', ['netns', 'exec', name, process.execPath, FAIRLEAD, 'run', ...files], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  t.after(async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  await until('three endpoints', () => output.split('\n').filter((line) => /^ready: agent /.test(line)).length === 3);
  const ask = (port: number) =>
    inside([
      process.execPath,
      '-e',
      `require('http').get('http://localhost:${port}/',(r)=>{console.log(r.statusCode);r.pipe(process.stdout)})`,
    ]);
  // No database and no controller here: each says no in its own words, on the port of its document.
  assert.match(ask(9200), /^503\nPercona XtraDB Cluster Node is not synced\./);
  assert.match(ask(9201), /^503\n<html><body>This node is in an unknown state\.<\/body><\/html>/);
  assert.match(ask(25432), /^503\n.*refused/);
});

test('fairlead import prints what means the same, without a password', async (t) => {
  const dir = directory(t);
  const names = ['config.json', 'mysqlchk', 'cmonhachk'];
  for (const name of names) writeFileSync(join(dir, name), printed(name));
  const service = printed('mysqlchk')
    .replace('}', '        server_args = checker Top-S3cret 1\n}')
    .replace('service mysqlchk', 'service other')
    .replace('9200', '9209');
  writeFileSync(join(dir, 'other'), service);
  const paths = [...names, 'other'].map((name) => join(dir, name));
  const text = execFileSync(process.execPath, [FAIRLEAD, 'import', ...paths], { encoding: 'utf8', stdio: 'pipe' });
  assert.doesNotMatch(text, /Top-S3cret|: health_check_user$|clustercheckpassword/m);
  assert.match(text, /user: checker/);
  assert.match(text, /accept-donor: true/);
  writeFileSync(join(dir, 'again.yaml'), text.replaceAll('/etc/fairlead/other.password', join(dir, 'config.json')));
  execFileSync(process.execPath, [FAIRLEAD, 'check', '-f', join(dir, 'again.yaml')], { stdio: 'pipe' });
  const again = execFileSync(process.execPath, [FAIRLEAD, 'import', join(dir, 'again.yaml')], {
    encoding: 'utf8',
    stdio: 'pipe',
  });
  const plain = (yamlText: string) =>
    yamlText
      .replace(/^#.*\n/, '')
      .replaceAll(join(dir, 'config.json'), 'X')
      .replaceAll('/etc/fairlead/other.password', 'X');
  assert.equal(plain(again), plain(text));
});
