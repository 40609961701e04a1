/**
 * The words of a role check, one table for every language: what a setting is called, which kinds of check know it, and
 * how its text becomes a value. YAML makes codecs and its published schema of it, haproxy.cfg reads its pragma with it.
 */
import type { RoleCheck, Secret } from './model.js';
import { didYouMean } from './suggest.js';
import { type Parsed, parseDuration } from './units.js';

export type RoleKind = RoleCheck['kind'];
type Want = NonNullable<RoleCheck['want']>;
type Lag = Pick<RoleCheck, 'maxLagMs' | 'maxLagBytes'>;

export const ROLE_KINDS: readonly RoleKind[] = ['galera', 'mysql', 'postgres', 'redis', 'patroni', 'exec'];

/** Other names of the kinds. */
const KIND_WORDS: { readonly [word: string]: RoleKind } = {
  mariadb: 'mysql',
  pg: 'postgres',
  pgsql: 'postgres',
  postgresql: 'postgres',
  pxc: 'galera',
  valkey: 'redis',
};

export const KIND_NAMES = [...ROLE_KINDS, ...Object.keys(KIND_WORDS)];

/** @returns undefined for a word that is no kind of role check */
export function roleKindOf(word: string): RoleKind | undefined {
  const plain = word.toLowerCase();
  return (
    ROLE_KINDS.find((kind) => kind === plain) ?? (Object.hasOwn(KIND_WORDS, plain) ? KIND_WORDS[plain] : undefined)
  );
}

/** How the text of a setting is read. */
export type RoleValue = 'text' | 'flag' | 'port' | 'duration' | 'lag' | 'words' | 'secret' | 'role' | 'tls';

export interface RoleField {
  readonly key: string;
  readonly name: keyof RoleCheck & string;
  readonly type: RoleValue;
  readonly kinds: readonly RoleKind[];
  readonly doc: string;
  /** Other words for the key; small letters, no dashes. */
  readonly also?: readonly string[];
}

const SQL: readonly RoleKind[] = ['galera', 'mysql', 'postgres'];
const REPLICATED: readonly RoleKind[] = ['mysql', 'postgres', 'redis', 'patroni'];
const NETWORKED: readonly RoleKind[] = [...SQL, 'redis', 'patroni'];

export const ROLE_FIELDS: readonly RoleField[] = [
  {
    key: 'role',
    name: 'want',
    type: 'role',
    kinds: REPLICATED,
    doc: 'What a server must be to take traffic: primary (default), replica or any.',
    also: ['want', 'require', 'expectrole'],
  },
  {
    key: 'max-lag',
    name: 'maxLagMs',
    type: 'lag',
    kinds: REPLICATED,
    doc: "How far a replica may be behind: a time such as '10s', or a size such as '16MB'.",
    also: ['lag', 'maximumlag', 'maxreplicationlag', 'maxreplicalag'],
  },
  {
    key: 'max-lag-bytes',
    name: 'maxLagBytes',
    type: 'lag',
    kinds: REPLICATED,
    doc: "How far a replica may be behind as a size, where 'max-lag' is a time.",
  },
  {
    key: 'primary-as-fallback',
    name: 'primaryAsFallback',
    type: 'flag',
    kinds: REPLICATED,
    doc: 'With role replica: the primary serves while no replica is fit.',
    also: ['primaryfallback', 'fallbacktoprimary', 'fallback'],
  },
  { key: 'user', name: 'user', type: 'text', kinds: NETWORKED, doc: 'User to log in as.', also: ['username', 'login'] },
  {
    key: 'password',
    name: 'password',
    type: 'secret',
    kinds: NETWORKED,
    doc: 'Its password: { env: NAME }, { file: PATH }, or (better not) the text itself.',
    also: ['pass', 'passwd', 'secret'],
  },
  {
    key: 'database',
    name: 'database',
    type: 'text',
    kinds: ['mysql', 'postgres'],
    doc: "Database to connect to; postgres: 'postgres' where nothing is written.",
    also: ['db', 'dbname'],
  },
  {
    key: 'tls',
    name: 'tls',
    type: 'tls',
    kinds: NETWORKED,
    doc: 'off, prefer (default: where the server offers it) or require.',
    also: ['ssl', 'sslmode'],
  },
  {
    key: 'tls-ca',
    name: 'tlsCa',
    type: 'text',
    kinds: NETWORKED,
    doc: 'File of certificate authorities; with it the certificate of the server is verified.',
    also: ['ca', 'cafile', 'sslrootcert'],
  },
  {
    key: 'accept-donor',
    name: 'acceptDonor',
    type: 'flag',
    kinds: ['galera'],
    doc: 'A donor may take traffic.',
    also: ['availablewhendonor', 'donor'],
  },
  {
    key: 'accept-read-only',
    name: 'acceptReadOnly',
    type: 'flag',
    kinds: ['galera'],
    doc: 'A node with read_only set may take traffic.',
    also: ['availablewhenreadonly', 'readonly'],
  },
  {
    key: 'rest-port',
    name: 'restPort',
    type: 'port',
    kinds: ['patroni'],
    doc: "Port of Patroni's REST interface, 8008 where nothing is written.",
    also: ['apiport', 'patroniport'],
  },
  {
    key: 'command',
    name: 'command',
    type: 'words',
    kinds: ['exec'],
    doc: 'Program and arguments; it runs without a shell, and exit status 0 means fit.',
    also: ['cmd', 'program', 'script'],
  },
];

/** @returns the setting that a word stands for, however it is spelled */
export function roleFieldOf(word: string): RoleField | undefined {
  const plain = word.replace(/[-_]/g, '').toLowerCase();
  return ROLE_FIELDS.find(({ key, also }) => key.replace(/-/g, '') === plain || also?.includes(plain));
}

/** Why a kind of check has no use for a setting. */
export function misfitOf({ key, kinds }: RoleField, kind: RoleKind): { message: string; remedy: string } | undefined {
  if (kinds.includes(kind)) return undefined;
  const others = ROLE_FIELDS.filter((field) => field.kinds.includes(kind)).map((field) => field.key);
  return {
    message: `'${key}' has no effect in a check of type '${kind}'`,
    remedy: `remove it; such a check knows ${others.join(', ')}`,
  };
}

const WANT_WORDS: { readonly [word: string]: Want } = {
  primary: 'primary',
  master: 'primary',
  leader: 'primary',
  writer: 'primary',
  write: 'primary',
  'read-write': 'primary',
  rw: 'primary',
  replica: 'replica',
  slave: 'replica',
  standby: 'replica',
  secondary: 'replica',
  follower: 'replica',
  reader: 'replica',
  read: 'replica',
  'read-only': 'replica',
  ro: 'replica',
  any: 'any',
  either: 'any',
};

export const WANTS: readonly Want[] = ['primary', 'replica', 'any'];

export function parseRole(text: string): Parsed<Want> {
  const word = text.toLowerCase();
  if (Object.hasOwn(WANT_WORDS, word)) return { ok: true, value: WANT_WORDS[word] };
  const remedy = didYouMean(word, Object.keys(WANT_WORDS), `write one of ${WANTS.join(', ')}`);
  return { ok: false, message: `unknown role '${text}'`, remedy };
}

export const TLS_MODES: readonly NonNullable<RoleCheck['tls']>[] = ['off', 'prefer', 'require'];

export function parseTls(text: string): Parsed<NonNullable<RoleCheck['tls']>> {
  const word = text.toLowerCase();
  const found = TLS_MODES.find((mode) => mode === word);
  if (found !== undefined) return { ok: true, value: found };
  const remedy = didYouMean(word, TLS_MODES, `write one of ${TLS_MODES.join(', ')}`);
  return { ok: false, message: `unknown word '${text}' for tls`, remedy };
}

const BYTES: { readonly [unit: string]: number } = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** `10s` or `16MB`: the unit tells what is meant, so `10m` is minutes and `10MB` a size. */
export function parseLag(text: string): Parsed<Lag> {
  const [, digits, unit] = /^(\d+)\s*([kmg]?)i?b$/i.exec(text) ?? [];
  if (digits !== undefined) {
    const bytes = Number(digits) * BYTES[`${unit.toLowerCase()}b`];
    return Number.isSafeInteger(bytes) ? { ok: true, value: { maxLagBytes: bytes } } : badLag(text);
  }
  if (/^\d+$/.test(text)) return badLag(text);
  const time = parseDuration(text);
  return time.ok && time.value.trailing === undefined ? { ok: true, value: { maxLagMs: time.value.ms } } : badLag(text);
}

function badLag(text: string): { ok: false; message: string; remedy: string } {
  return {
    ok: false,
    message: `'${text}' is neither a time nor a size`,
    remedy: "write a time such as '10s', or a size such as '16MB'",
  };
}

/** The largest unit that holds the size exactly. */
export function sizeText(bytes: number): string {
  const unit = (['gb', 'mb', 'kb'] as const).find((each) => bytes > 0 && bytes % BYTES[each] === 0);
  const names = { gb: 'GB', mb: 'MB', kb: 'kB' };
  return unit === undefined ? `${bytes}B` : `${bytes / BYTES[unit]}${names[unit]}`;
}

/** A password that stands in the file itself: read, and complained about. */
export const LITERAL_PASSWORD = {
  code: 'literal-password',
  message: 'the password stands in the configuration, where everybody who may read it finds it',
};

export function secretOf(from: 'env' | 'file' | 'text', value: string): Secret {
  if (from === 'env') return { from, name: value };
  return from === 'file' ? { from, path: value } : { from, text: value };
}
