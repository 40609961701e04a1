/** HAProxy's own checks in YAML: `check: { type: mysql-handshake, user: haproxy }` and its kin. */
import type { BuiltinCheck, BuiltinType } from '../builtin-model.js';
import { defined, flag, type Place, text, type Written } from './codec.js';
import type { Plain } from './source.js';

type Keys = { [key: string]: Plain };

/** Which keys a kind knows, beside those every check has. */
const KEYS_OF: { readonly [type in BuiltinType]: readonly string[] } = {
  'mysql-handshake': ['user', 'pre-41'],
  'pgsql-startup': ['user'],
  'redis-ping': [],
  smtp: ['hello'],
  ldap: [],
  'ssl-hello': [],
  external: ['command', 'search-path'],
};

export const BUILTIN_TYPES = Object.keys(KEYS_OF) as readonly BuiltinType[];

/** Keys that no other kind of check has. */
export const BUILTIN_SHAPE = {
  'pre-41': flag.schema.optional().describe('Log in as MySQL clients before 4.1 do (type mysql-handshake).'),
  hello: text.schema.optional().describe("Greeting to send, such as 'EHLO my.domain' (type smtp)."),
  'search-path': text.schema.optional().describe('PATH in the environment of the program (type external).'),
};
export const BUILTIN_KEYS = Object.keys(BUILTIN_SHAPE);

export function builtinTypeOf(word: Plain | undefined): BuiltinType | undefined {
  return BUILTIN_TYPES.find((type) => type === word);
}

/** @returns the keys that the kind has no use for */
export function idleKeys(type: BuiltinType, all: readonly string[]): string[] {
  return all.filter((key) => !KEYS_OF[type].includes(key));
}

/** @returns undefined where there are no details */
export function readBuiltin(type: BuiltinType, keys: Keys, place: Place): BuiltinCheck | undefined {
  const details = defined({
    user: type.endsWith('-handshake') || type.endsWith('-startup') ? (keys.user as string | undefined) : undefined,
    pre41: keys['pre-41'] === true || undefined,
    ...readHello(keys.hello, place),
    command: type === 'external' ? readCommand(keys.command, place) : undefined,
    path: keys['search-path'] as string | undefined,
  });
  if (type === 'pgsql-startup' && details.user === undefined)
    place.error('missing-key', "a check of type 'pgsql-startup' needs a user", "write 'user: NAME'");
  return Object.keys(details).length === 0 ? undefined : details;
}

function readHello(written: Plain | undefined, place: Place): Pick<BuiltinCheck, 'hello' | 'domain'> {
  if (written === undefined) return {};
  const [, hello, domain] = /^(HELO|EHLO) +(\S+)$/.exec(String(written)) ?? [];
  if (hello !== undefined) return { hello: hello as 'HELO' | 'EHLO', domain };
  const at = place.child('hello');
  at.error('bad-value', `'${written}' is no greeting of SMTP`, "write such as 'EHLO my.domain'");
  return {};
}

/** HAProxy gives the program arguments of its own, and takes none. */
function readCommand(written: Plain | undefined, place: Place): string | undefined {
  if (written === undefined) return undefined;
  const words = Array.isArray(written) ? written.map(String) : [String(written)];
  if (words.length === 1) return words[0];
  return place
    .child('command')
    .error('extra-argument', "a check of type 'external' runs a program without arguments of yours", 'write its path');
}

export function writeBuiltin({ user, pre41, hello, domain, command, path }: BuiltinCheck): [string, Written][] {
  const entries: [string, Written | undefined][] = [
    ['user', user],
    ['pre-41', pre41],
    ['hello', hello === undefined ? undefined : `${hello} ${domain}`],
    ['command', command],
    ['search-path', path],
  ];
  return entries.filter((entry): entry is [string, Written] => entry[1] !== undefined);
}
