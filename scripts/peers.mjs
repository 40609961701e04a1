// The programs the system tests run against, by the Debian package that brings each: the one place that lists them.
// Started as root, `installMissingPeers` fetches what is absent; no service is started by the installation.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Command to Debian package. */
export const PEERS = {
  haproxy: 'haproxy',
  mariadbd: 'mariadb-server',
  'mariadb-install-db': 'mariadb-server',
  postgres: 'postgresql',
  'redis-server': 'redis-server',
  openssl: 'openssl',
  rsync: 'rsync',
  socat: 'socat',
  curl: 'curl',
  ip: 'iproute2',
  nft: 'nftables',
  nginx: 'nginx',
  wrk: 'wrk',
  python3: 'python3',
  h2load: 'nghttp2-client',
  pen: 'pen',
  varnishtest: 'varnish',
  xinetd: 'xinetd',
  hatop: 'hatop',
  'prometheus-haproxy-exporter': 'prometheus-haproxy-exporter',
  chromium: 'chromium',
  script: 'bsdutils',
  keepalived: 'keepalived',
  killall: 'psmisc',
  ping: 'iputils-ping',
  tshark: 'tshark',
  dumpcap: 'wireshark-common',
  unshare: 'util-linux',
};

/** Files that are no command: path (one of several, by architecture) to Debian package. */
const FILES = [
  { package: 'galera-4', anyOf: ['/usr/lib/galera/libgalera_smm.so', '/usr/lib/libgalera_smm.so'] },
  { package: 'python3-websockets', anyOf: ['/usr/lib/python3/dist-packages/websockets/__init__.py'] },
  { package: 'libnginx-mod-stream', anyOf: ['/usr/lib/nginx/modules/ngx_stream_module.so'] },
];

const POSTGRES_DIR = '/usr/lib/postgresql';

/** Debian keeps PostgreSQL's server programs out of the path, in a folder per version. */
function searched() {
  const versions = existsSync(POSTGRES_DIR) ? readdirSync(POSTGRES_DIR).sort((a, b) => Number(b) - Number(a)) : [];
  const own = versions.map((version) => join(POSTGRES_DIR, version, 'bin'));
  return [...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin', ...own];
}

/** @param {string} command @returns {string | undefined} where it is */
export function findCommand(command) {
  return searched()
    .filter((dir) => dir !== '')
    .map((dir) => join(dir, command))
    .find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // absent or not ours to run: the same to a caller
  }
}

/** @returns {string[]} Debian packages that are not here, each once */
export function missingPackages() {
  const commands = Object.entries(PEERS).filter(([command]) => findCommand(command) === undefined);
  const files = FILES.filter((file) => !file.anyOf.some((path) => existsSync(path)));
  return [...new Set([...commands.map(([, name]) => name), ...files.map((file) => file.package)])];
}

/** Installs what is missing when this is root on a machine with apt-get. @returns {string[]} what is still missing */
export function installMissingPeers() {
  const missing = missingPackages();
  if (missing.length === 0 || process.getuid?.() !== 0 || findCommand('apt-get') === undefined) return missing;
  console.log(`installing for the system tests: ${missing.join(' ')}`);
  withoutServices(() => {
    apt(['update', '-q']);
    if (apt(['install', '-qy', '--no-install-recommends', ...missing])) return;
    // One package that this distribution lacks must not cost us the others.
    for (const name of missing) apt(['install', '-qy', '--no-install-recommends', name]);
  });
  return missingPackages();
}

function apt(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=120', ...args], { env, encoding: 'utf8' });
  if (run.status !== 0) console.log(`apt-get ${args.join(' ')}: ${(run.stderr ?? String(run.error)).trim()}`);
  return run.status === 0;
}

/** Debian starts services on installation unless policy-rc.d answers 101 ("action forbidden by policy"). */
function withoutServices(install) {
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    install();
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}
