/** The http parts of the four installations: statistics pages with their passwords, and the front-end nodes' routing. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemTest } from '../support/peers.js';
import { Lab, NEEDS, seed } from '../support/seed-lab.js';

const FAIRLEAD = fileURLToPath(new URL('../../../bin/fairlead', import.meta.url));
const STATUS = ['-o', '/dev/null', '-w', '%{http_code}'];

systemTest('ClusterControl: the page on 9600 asks for a password and shows the leader', NEEDS, async (t) => {
  const lab = new Lab(t, ['10.0.0.101', '10.0.0.102', '10.0.0.103']);
  for (const n of [1, 2, 3]) {
    await lab.tell(`serve 10.0.0.10${n} 443 cmon${n}`);
    await lab.tell(`check 10.0.0.10${n} 9201 ${n === 2 ? '200 leader' : '503 follower'}`);
  }
  await lab.run('clustercontrol-ui');
  await lab.until('haproxy_10.0.0.101_81', /^DOWN, UP[^,]*, DOWN$/);
  const page = 'http://10.0.0.101:9600/';
  const refused = await lab.curl('-i', page);
  assert.match(refused, /^HTTP\/1\.1 401 Unauthorized\r\n/);
  assert.match(refused, /\r\nwww-authenticate: Basic realm="admin_page"\r\n/);
  assert.equal(await lab.curl(...STATUS, '-u', 'admin:wrong', page), '401');
  for (const user of ['admin', 'stats']) assert.equal(await lab.curl(...STATUS, '-u', `${user}:admin`, page), '200');
  const html = await lab.curl('-i', '-u', 'stats:admin', page);
  assert.match(html, /haproxy_10\.0\.0\.101_81/);
  assert.match(html, /\r\nrefresh: 60\r\n/i);
  const csv = await lab.curl('-u', 'admin:admin', `${page};csv`);
  assert.match(csv, /^# pxname,svname,qcur,qmax,scur,smax,slim,stot,/);
  assert.match(csv, /^haproxy_10\.0\.0\.101_81,10\.0\.0\.102,(.*,)?UP/m);
  assert.match(csv, /^haproxy_10\.0\.0\.101_81,10\.0\.0\.103,(.*,)?DOWN/m);
});

systemTest('PostgreSQL: the page on 7000 needs no password, and follows the primary', NEEDS, async (t) => {
  const lab = new Lab(t, ['10.0.1.1', '10.0.1.2']);
  writeFileSync(lab.hosts, '127.0.0.1 localhost\n10.0.1.1 sms-01\n10.0.1.2 sms-02\n');
  for (const n of [1, 2]) await lab.tell(`serve 10.0.1.${n} 5432 pg${n}`);
  await lab.tell('check 10.0.1.1 25432 200 OK');
  await lab.tell('check 10.0.1.2 25432 503 standby');
  await lab.run('postgres');
  await lab.until('Postgres-ACD', /^UP, DOWN/);
  assert.equal(await lab.curl(...STATUS, 'http://127.0.0.1:7000/'), '200');
  const states = async () =>
    [...(await lab.curl('http://127.0.0.1:7000/;csv')).matchAll(/^Postgres-ACD,(sms-0\d),.*?,(UP|DOWN)[^,]*,/gm)].map(
      ([, server, state]) => `${server} ${state}`,
    );
  assert.deepEqual(await states(), ['sms-01 UP', 'sms-02 DOWN']);
  await lab.tell('check 10.0.1.1 25432 503 standby');
  await lab.tell('check 10.0.1.2 25432 200 OK');
  await lab.until('Postgres-ACD', /^DOWN, UP$/);
  assert.deepEqual(await states(), ['sms-01 DOWN', 'sms-02 UP']);
});

/** Apache's place is taken by nginx: the machine's own pages on 81, and a Jarvis server on two addresses. */
function startSites(lab: Lab, dir: string): void {
  const site = (listen: string, name: string) =>
    `server { listen ${listen}; location / { return 200 "${name} $uri $http_x_forwarded_for\\n"; } }\n`;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    join(dir, 'nginx.conf'),
    `daemon off;
master_process off;
pid ${dir}/nginx.pid;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${dir}/${name};`).join('\n  ')}
  ${site('127.0.0.1:81', 'apache')}${site('10.0.2.11:80 reuseport', 'jarvis-1')}${site('10.0.2.12:80 reuseport', 'jarvis-2')}
}
`,
  );
  lab.start(['nginx', '-p', dir, '-c', join(dir, 'nginx.conf'), '-e', join(dir, 'error.log')]);
}

const SITES = { ...NEEDS, commands: [...NEEDS.commands, 'nginx'] };
const HOSTS = '127.0.0.1 localhost\n10.0.2.11 sms-01\n10.0.2.12 sms-02\n';

async function route(lab: Lab, path: string): Promise<string> {
  return (await lab.curl(`http://10.0.2.1${path}`)).trim();
}

systemTest(
  'front-end nodes as printed: Jarvis has its paths, Apache the rest, and the check names the trap of mode tcp',
  SITES,
  async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'fl-sites-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    const lab = new Lab(t, ['10.0.2.1', '10.0.2.11', '10.0.2.12']);
    writeFileSync(lab.hosts, HOSTS);
    startSites(lab, dir);
    await lab.run('frontend-nodes');
    await lab.until('jarvis', /^UP, UP$/);
    assert.equal(await route(lab, '/'), 'apache /');
    for (let i = 0; i < 20; i++)
      assert.match(await route(lab, '/n2acd-fe/jarvis-agent/x'), /^jarvis-[12] \/n2acd-fe\/jarvis-agent\/x$/);
    assert.match(await lab.curl('http://10.0.2.1:7000/;csv'), /^jarvis,sms-01,(.*,)?UP/m);
    const { stdout, stderr } = spawnSync(FAIRLEAD, ['check', '-f', seed('frontend-nodes')], { encoding: 'utf8' });
    assert.match(stdout + stderr, /frontend-nodes\.cfg:\d+:\d+: .*path_beg.*mode http/);
  },
);

systemTest('front-end nodes in mode http: Jarvis has its paths, Apache the rest', SITES, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'fl-sites-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const lab = new Lab(t, ['10.0.2.1', '10.0.2.11', '10.0.2.12']);
  writeFileSync(lab.hosts, HOSTS);
  startSites(lab, dir);
  const file = join(dir, 'haproxy.cfg');
  writeFileSync(file, readFileSync(seed('frontend-nodes'), 'utf8').replace('mode tcp', 'mode http'));
  await lab.run('frontend-nodes', file);
  await lab.until('jarvis', /^UP, UP$/);
  assert.equal(await route(lab, '/'), 'apache /');
  const jarvis = [1, 2, 3, 4].map(() => '/n2acd-fe/jarvis-agent/x');
  const served = new Set<string>();
  for (const path of jarvis) served.add(await route(lab, path));
  assert.deepEqual([...served].sort(), ['jarvis-1 /n2acd-fe/jarvis-agent/x', 'jarvis-2 /n2acd-fe/jarvis-agent/x']);
});
