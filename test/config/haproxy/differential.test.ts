/**
 * The same verdict as the real HAProxy 2.6 on many small configurations: accepted by both, or refused by both.
 * Where we differ on purpose the exception says why. Corpora: one configuration per line, see the head of each file.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Diagnostics } from '../../../src/config/diagnostics.js';
import { readHaproxy } from '../../../src/config/haproxy/read.js';
import { validate } from '../../../src/config/validate.js';
import { systemTest } from '../../support/peers.js';

const COMPLETE =
  'defaults\n timeout connect 1s\n timeout client 1s\n timeout server 1s\nlisten a\n bind 127.0.0.1:39999\n';

const HTTP = `http-errors E
 errorfile 503 /dev/null
userlist U
 group admin
 user u insecure-password p groups admin
defaults
 mode http
 timeout connect 1s
 timeout client 1s
 timeout server 1s
backend b1
 server x 127.0.0.1:1
listen a
 bind 127.0.0.1:39999
 server s 127.0.0.1:2
`;

const HAPROXY = 'haproxy';

/** Where our verdict differs on purpose, and why. */
const REASONS: { [line: string]: string } = {
  'bind foo.invalid:80': 'names are looked up when listening begins, not while reading',
  'server s foo.invalid:80': 'a server whose name does not resolve starts down and is looked up again',
  'source foo.invalid': 'names are looked up when they are needed',
  'server s 127.0.0.1:80 weight': 'a missing value is never meant as 0',
  'server s 127.0.0.1:80 check port 70000': 'there is no such port',
  'maxconn -5': 'a negative limit is never meant',
  'server s 127.0.0.1:80 init-state up': 'a keyword of HAProxy 3.x',
  'server s 127.0.0.1:80 ssl verify none': 'TLS to servers is not supported',
  'log tcp@127.0.0.1:514 local0': 'rings are not supported, so logs cannot go over TCP',
  'tune.fd.edge-triggered on': 'it is experimental there and not here',
  'acl a src 10.0.0': 'short forms of addresses are misread too easily',
  'acl a src localhost': 'names are not looked up while reading',
  'acl a dst_port ne 5': 'the manual knows no such operator',
  'http-request set-var-fmt(txn.x)': 'a missing format is never meant as nothing',
  'http-request set-var(txn.a) date,ltime': 'a missing format is never meant as nothing',
  'http-request deny if': 'a missing condition is never meant',
  'option http-use-htx': 'an option of older versions, which HAProxy 2.6 has forgotten',
  'http-request set-var(txn.a) src,,lower': 'a converter without a name is never meant',
  'stick-table type ip size 1 store conn_rate(0)': 'a rate over no time is never meant',
  'default option splice-auto': 'the manual allows it, HAProxy 2.6 does not',
  'http-request add-acl(/dev/null) a': 'no ACL would change, and a refusal may depend on it',
  'http-request del-acl(/dev/null) %[src]': 'no ACL would change, and a refusal may depend on it',
  '@backend b\\n default_backend x\\n': 'the line is ignored with a warning, so its target does not matter',
  '@backend b\\n mode http\\n use_backend a\\n': 'the line is ignored with a warning, so its target does not matter',
  '@frontend f\\n mode http\\n bind :39998\\n use-server s if TRUE\\n':
    'the line is ignored with a warning, so its target does not matter',
  'defaults d\\n mode http\\n timeout client 1s\\n timeout server 1s\\n timeout connect 1s\\n http-request deny if { path /x }\\nfrontend f from d\\n bind :39998\\n default_backend b\\nbackend b from d\\n server s 127.0.0.1:1\\n':
    'rules of one defaults section may serve both sides',
  'global\\n tune.http.maxhdr 0\\n@': 'a limit that has no effect is not judged',
  '@backend b\\n use_backend x\\n': 'the line is ignored with a warning, so its target does not matter',
};

const corpusDir = fileURLToPath(new URL('../../../../test/config/haproxy/corpus/', import.meta.url));
const workDir = mkdtempSync(join(tmpdir(), 'fairlead-differential-'));
const file = join(workDir, 'haproxy.cfg');
after(() => rmSync(workDir, { recursive: true }));

const COMPOSE: { [corpus: string]: (line: string) => string } = {
  'listen.txt': (line) => `${COMPLETE} ${line}\n`,
  'http.txt': (line) => `${HTTP} ${line}\n`,
  'global.txt': (line) => `global\n ${line}\n${COMPLETE}`,
  'files.txt': (line) => line.replaceAll('@', COMPLETE),
};

for (const [corpus, compose] of Object.entries(COMPOSE)) {
  for (const line of readCorpus(corpus)) {
    systemTest(`${corpus}: ${line}`, { commands: [HAPROXY] }, () => {
      const text = compose(unescape(line));
      const theirs = haproxyAccepts(text);
      const ours = judge(text);
      const reason = REASONS[line];
      if (reason) assert.notEqual(ours.accepted, theirs.accepted, `no longer an exception (${reason})`);
      else assert.equal(ours.accepted, theirs.accepted, `ours: ${ours.said}\ntheirs: ${theirs.said}`);
    });
  }
}

function readCorpus(name: string): string[] {
  const lines = readFileSync(join(corpusDir, name), 'utf8').split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

function unescape(line: string): string {
  return line.replace(/\\([nrt\\])/g, (_, c: string) => ({ n: '\n', r: '\r', t: '\t', '\\': '\\' })[c] ?? c);
}

/** Exit code 2 is "no error, but no listener". */
function haproxyAccepts(text: string): { accepted: boolean; said: string } {
  writeFileSync(file, text);
  const { status, stderr } = spawnSync(HAPROXY, ['-c', '-f', file], {
    encoding: 'utf8',
    env: { HOME: '/root', PATH: '/usr/sbin:/usr/bin' },
  });
  return { accepted: status === 0 || status === 2, said: stderr };
}

function judge(text: string): { accepted: boolean; said: string } {
  const diag = new Diagnostics();
  const model = readHaproxy([{ file, text }], diag, { env: { HOME: '/root', PATH: '/usr/sbin' }, version: '2.6.12' });
  if (!diag.hasErrors) validate(model, diag);
  return { accepted: !diag.hasErrors, said: diag.renderAll() };
}
