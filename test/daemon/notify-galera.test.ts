/** A real Galera node calls examples/notify/wsrep-notify.sh by itself, and the proxy knows at once that it is a donor. */
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startGalera } from '../support/databases.js';
import { systemTest } from '../support/peers.js';
import { fairlead, freePort, until } from './program.js';
import { command } from './two-nodes.js';

const SCRIPT = fileURLToPath(new URL('../../../examples/notify/wsrep-notify.sh', import.meta.url));

const PUSHED = (status: string) =>
  ` +first sign notify from 127\\.0\\.0\\.1: status=${status}, primary=yes, index=\\d, \\d+ ms before\\n`;
const DONOR = new RegExp(`\\d {2}UP -> DOWN.*\\n +why +the check failed: L7STS ".*donor.*\\n${PUSHED('donor')}`, 'i');
const SYNCED = new RegExp(`\\d {2}DOWN -> UP.*\\n +why +the check passed.*\\n${PUSHED('synced')}`);

systemTest(
  'wsrep_notify_cmd: a donor is noticed at once, and so is its return, long before the next check',
  { commands: ['mariadbd', 'rsync', 'curl'] },
  async (t) => {
    // Where the account of the database can read it.
    const dir = mkdtempSync(join(tmpdir(), 'fl-notify-'));
    t.after(() => rmSync(dir, { recursive: true }));
    chmodSync(dir, 0o755);
    const [script, token] = [join(dir, 'notify.sh'), join(dir, 'token')];
    copyFileSync(SCRIPT, script);
    chmodSync(script, 0o755);
    writeFileSync(token, 'correct-horse', { mode: 0o644 });
    const [control, listen] = [await freePort(), await freePort()];
    Object.assign(process.env, { FAIRLEAD_URLS: `http://127.0.0.1:${control}`, FAIRLEAD_TOKEN_FILE: token });
    const galera = await startGalera(undefined, [`--wsrep-notify-cmd=${script}`]);
    t.after(() => galera.close());
    await galera.sql("CREATE USER checker@'127.0.0.1' IDENTIFIED BY 'geheim'");

    const socket = join(dir, 's.sock');
    const file = join(dir, 'fairlead.yaml');
    writeFileSync(
      file,
      `global: { threads: 1, stats-sockets: [{ address: ${socket}, level: admin }] }
control: { bind: 127.0.0.1:${control}, token: { file: ${token} } }
services:
  g:
    bind: 127.0.0.1:${listen}
    check: { type: galera, user: checker, password: geheim, interval: 60s }
    timeouts: { connect: 1s, client: 5s, server: 5s }
    servers: { n1: 127.0.0.1:${galera.port} }
`,
    );
    const program = fairlead(t, 'run', '-f', file);
    await until('n1 is up', () => program.output().includes('g/n1 is UP'), 20_000);
    // Whoever joins takes its copy from n1, which is a donor for that time.
    const second = await startGalera(galera);
    t.after(() => second.close());
    let story = '';
    const tells = (what: RegExp) => async () => {
      story = (await command(t, 'explain', 'g/n1', '-s', socket)).output;
      return what.test(story);
    };
    await until('it is a donor', tells(DONOR), 10_000).catch(() => assert.match(story, DONOR));
    await until('it is synced again', tells(SYNCED), 10_000).catch(() => assert.match(story, SYNCED));
  },
);
