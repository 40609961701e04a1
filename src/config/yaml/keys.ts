/** Keys as operators spell them: kebab-case is canonical, and the words other tools use for the same thing are read too. */

/** Other words for our keys, mostly the HAProxy manual's own. A word is only replaced where its meaning is known. */
const ALIASES: { readonly [word: string]: string } = {
  addr: 'address',
  algorithm: 'balance',
  backend: 'default-backend',
  binds: 'bind',
  'bind-address': 'bind',
  checks: 'check',
  'default-server': 'server-defaults',
  downinter: 'down-interval',
  fastinter: 'fast-interval',
  inter: 'interval',
  'inspect-delay': 'tcp-inspect-delay',
  listen: 'services',
  listens: 'services',
  logs: 'log',
  'max-connections': 'maxconn',
  'max-queue': 'maxqueue',
  'min-connections': 'minconn',
  nbthread: 'threads',
  option: 'options',
  proxies: 'services',
  server: 'servers',
  service: 'services',
  frontend: 'frontends',
  'slow-start': 'slowstart',
  'stats-socket': 'stats-sockets',
  'tcp-rules': 'tcp-request',
  'tcp-ut': 'tcp-user-timeout',
  timeout: 'timeouts',
  uri: 'path',
  'use-backends': 'use-backend',
  'use-servers': 'use-server',
  userlist: 'userlists',
  verb: 'method',
  workers: 'threads',
};

/** `maxConn`, `MAX_CONN` and `max-conn` are one key; then its other names. */
export function canonicalKey(raw: string): string {
  const kebab = raw
    .replace(/([a-z\d])([A-Z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();
  return Object.hasOwn(ALIASES, kebab) ? ALIASES[kebab] : kebab;
}

/** The known key that `raw` stands for: itself, its canonical spelling, or its other name; undefined where there is none. */
export function knownKey(raw: string, known: readonly string[]): string | undefined {
  if (known.includes(raw)) return raw;
  const canonical = canonicalKey(raw);
  return known.includes(canonical) ? canonical : undefined;
}
