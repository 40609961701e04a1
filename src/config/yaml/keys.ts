/** Keys as operators spell them: kebab-case is canonical, and the words other tools use for the same thing are read too. */

/** Other words for our keys, mostly the HAProxy manual's own. A word is only replaced where its meaning is known. */
const ALIASES: { readonly [word: string]: string } = {
  addr: 'address',
  addresses: 'address',
  'advert-int': 'interval',
  'advert-interval': 'interval',
  'auth-pass': 'password',
  agent: 'agents',
  algorithm: 'balance',
  'available-when-donor': 'accept-donor',
  'available-when-readonly': 'accept-read-only',
  backend: 'default-backend',
  binds: 'bind',
  'bind-address': 'bind',
  ca: 'tls-ca',
  checks: 'check',
  cmd: 'command',
  command: 'run',
  db: 'database',
  dbname: 'database',
  'default-server': 'server-defaults',
  downinter: 'down-interval',
  'fallback-to-primary': 'primary-as-fallback',
  file: 'files',
  fastinter: 'fast-interval',
  inter: 'interval',
  interface: 'interfaces',
  'inspect-delay': 'tcp-inspect-delay',
  lag: 'max-lag',
  listen: 'services',
  listens: 'services',
  logs: 'log',
  'excluded-address': 'extra-address',
  'excluded-addresses': 'extra-address',
  'max-connections': 'maxconn',
  'max-queue': 'maxqueue',
  'max-replication-lag': 'max-lag',
  'min-connections': 'minconn',
  nbthread: 'threads',
  option: 'options',
  passwd: 'password',
  'primary-fallback': 'primary-as-fallback',
  peer: 'peers',
  program: 'command',
  process: 'processes',
  proxies: 'services',
  'router-id': 'id',
  script: 'scripts',
  server: 'servers',
  service: 'services',
  frontend: 'frontends',
  'slow-start': 'slowstart',
  ssl: 'tls',
  'stats-socket': 'stats-sockets',
  'tcp-rules': 'tcp-request',
  'tcp-ut': 'tcp-user-timeout',
  timeout: 'timeouts',
  uri: 'path',
  'unicast-peer': 'peers',
  'unicast-peers': 'peers',
  'unicast-src-ip': 'source',
  'use-backends': 'use-backend',
  'use-servers': 'use-server',
  userlist: 'userlists',
  username: 'user',
  verb: 'method',
  vip: 'vips',
  'virtual-ipaddress': 'address',
  'virtual-router-id': 'id',
  vrid: 'id',
  want: 'role',
  workers: 'threads',
  writer: 'write',
  writers: 'write',
  rw: 'write',
  'read-write': 'write',
  reader: 'read',
  readers: 'read',
  ro: 'read',
  replicas: 'read',
};

/** `maxConn`, `MAX_CONN` and `max-conn` are one key. */
function letters(key: string): string {
  return key.replace(/[-_ ]/g, '').toLowerCase();
}

const BY_LETTERS = new Map(Object.entries(ALIASES).map(([word, key]) => [letters(word), key]));

/** Whether `raw` stands for the key: another spelling of it, or of its other names. */
export function standsFor(raw: string, key: string): boolean {
  const plain = letters(raw);
  return plain === letters(key) || BY_LETTERS.get(plain) === key;
}

/** The known key that `raw` stands for; undefined where there is none. */
export function knownKey(raw: string, known: readonly string[]): string | undefined {
  if (known.includes(raw)) return raw;
  const plain = letters(raw);
  const alias = BY_LETTERS.get(plain);
  return known.find((key) => letters(key) === plain) ?? (alias && known.includes(alias) ? alias : undefined);
}
