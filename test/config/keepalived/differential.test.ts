/**
 * The same verdict as the real keepalived on many small configurations: `keepalived -t` has something to say, or nothing.
 * It says the same of a value that it corrects and of one it refuses (exit status 5), so our errors and warnings count
 * alike. Where we differ on purpose the exception says why. Every file is for one interface, eth0, of a namespace.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { emptyModel } from '../../../src/config/defaults.js';
import { Diagnostics } from '../../../src/config/diagnostics.js';
import { readKeepalived } from '../../../src/config/keepalived/read.js';
import { realWorld } from '../../../src/config/keepalived/world.js';
import { validate } from '../../../src/config/validate.js';
import { systemTest } from '../../support/peers.js';
import { REASONS } from './differences.js';

/** Without it keepalived complains of every program. */
const SECURE = 'global_defs {\nenable_script_security\nscript_user root\n}\n';
const COMPLETE =
  'vrrp_instance A {\ninterface eth0\nvirtual_router_id 3\npriority 90\nvirtual_ipaddress {\n1.2.3.4\n}\n';

const corpusDir = fileURLToPath(new URL('../../../../test/config/keepalived/corpus/', import.meta.url));
const workDir = mkdtempSync(join(tmpdir(), 'fairlead-keepalived-'));
const file = join(workDir, 'keepalived.conf');
const NAMESPACE = `fl-kdiff-${process.pid}`;
const NEEDS = { commands: ['keepalived', 'ip'], root: true };

let hasNamespace = false;
after(() => {
  rmSync(workDir, { recursive: true });
  if (hasNamespace) execFileSync('ip', ['netns', 'delete', NAMESPACE]);
});

const COMPOSE: { [corpus: string]: (line: string) => string } = {
  'instance.txt': (line) => `${COMPLETE}${line}\n}\n`,
  'file.txt': (line) => line.replaceAll('\\@', '\0').replaceAll('@', `${COMPLETE}}\n`).replaceAll('\0', '@'),
};

for (const [corpus, compose] of Object.entries(COMPOSE))
  for (const line of readCorpus(corpus))
    systemTest(`${corpus}: ${line}`, NEEDS, () => {
      const text = SECURE + compose(line.replaceAll('\\n', '\n'));
      const theirs = keepalived(text);
      const ours = judge(text);
      const reason = REASONS[line];
      const said = `ours: ${ours.said}\ntheirs: ${theirs.said}`;
      if (reason) assert.notEqual(ours.complains, theirs.complains, `no longer an exception (${reason})\n${said}`);
      else assert.equal(ours.complains, theirs.complains, said);
    });

function readCorpus(name: string): string[] {
  const lines = readFileSync(join(corpusDir, name), 'utf8').split('\n');
  return lines.filter((line, i) => line !== '' && i > 0);
}

interface Verdict {
  complains: boolean;
  said: string;
}

function keepalived(text: string): Verdict {
  if (!hasNamespace) addNamespace();
  writeFileSync(file, text);
  const command = ['netns', 'exec', NAMESPACE, 'keepalived', '-t', '-f', file];
  const { status, stderr } = spawnSync('ip', command, { encoding: 'utf8', timeout: 20_000 });
  return { complains: status !== 0, said: stderr };
}

function addNamespace(): void {
  const ip = (...words: string[]) => execFileSync('ip', words);
  ip('netns', 'add', NAMESPACE);
  hasNamespace = true;
  ip('-n', NAMESPACE, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'other');
  ip('-n', NAMESPACE, 'address', 'add', '1.2.3.1/24', 'dev', 'eth0');
  for (const name of ['lo', 'eth0', 'other']) ip('-n', NAMESPACE, 'link', 'set', name, 'up');
}

/** Traps are our own: keepalived runs them in silence. */
const TRAPS = ['weight-without-effect', 'weight-never-moves', 'weight-too-small'];

function judge(text: string): Verdict {
  const diag = new Diagnostics();
  diag.addSource(file, text);
  const { vips } = readKeepalived([{ file, text }], diag, realWorld());
  validate({ ...emptyModel(), vips }, diag);
  const complains = diag.list.some(({ severity, code }) => severity !== 'notice' && !TRAPS.includes(code));
  return { complains, said: diag.renderAll() };
}
