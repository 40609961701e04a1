/** Checks that know the role of a database: the keys of `check:` with `type: postgres` and its kin. */
import { z } from 'zod';
import type { RoleCheck, Secret } from '../model.js';
import {
  LITERAL_PASSWORD,
  misfitOf,
  parseLag,
  parseRole,
  parseTls,
  ROLE_FIELDS,
  type RoleField,
  type RoleKind,
  type RoleValue,
  secretOf,
  sizeText,
  TLS_MODES,
  WANTS,
} from '../role-fields.js';
import {
  type Codec,
  count,
  duration,
  either,
  flag,
  list,
  nameOf,
  type Place,
  strict,
  text,
  type Written,
} from './codec.js';
import { isObject, type Plain } from './source.js';

/** One key of the table as a codec; a lag reads into two fields, so its value is a part of the check. */
interface RoleCodec {
  readonly field: RoleField;
  readonly schema: z.ZodType;
  read(data: Plain, place: Place): Partial<RoleCheck>;
  write(check: RoleCheck): Written | undefined;
}

const word = z.string({ error: (issue) => `a word is needed, not ${nameOf(issue.input)}; put it in quotes` });
const path = text;

const secretSchema = either(
  'a password is needed; write { env: NAME } or { file: PATH }',
  z.string(),
  strict('a password', {
    env: text.schema.optional().describe('Environment variable that holds it.'),
    file: path.schema.optional().describe('File that holds it, without the line feed at its end.'),
    key: text.schema.optional().describe('Key whose value it is, in a JSON file or one of KEY=value lines.'),
  }),
);

/** Where a secret is; shared with whatever else in the language needs one. */
export const secret: Codec<Secret> = {
  schema: secretSchema,
  read: (data, place) => {
    if (data === '') return { from: 'text', text: '' }; // none, where something else would hold otherwise
    if (!isObject(data)) {
      place.warning(LITERAL_PASSWORD.code, LITERAL_PASSWORD.message, "write '{ env: NAME }' or '{ file: PATH }'");
      return { from: 'text', text: String(data) };
    }
    const { env, file, key } = data;
    if ((env === undefined) === (file === undefined))
      return place.error(
        'bad-secret',
        'one place of the password is needed',
        "write '{ env: NAME }' or '{ file: PATH }'",
      );
    if (env !== undefined) return { from: 'env', name: String(env) };
    return { from: 'file', path: String(file), ...(key === undefined ? {} : { key: String(key) }) };
  },
  // The text itself is never written: whoever imports has replaced it by a place of its own before.
  write: (value) => {
    if (value.from === 'env') return new Map([['env', value.name]]);
    if (value.from === 'text') return value.text === '' ? '' : new Map([['env', 'FAIRLEAD_PASSWORD']]);
    return new Map([['file', value.path], ...(value.key === undefined ? [] : ([['key', value.key]] as const))]);
  },
};

/** `/usr/bin/x -a` or `[/usr/bin/x, -a]`: no shell takes it apart. */
const words: Codec<string[]> = {
  schema: either(
    'a program and its arguments are needed; write [ /path/program, argument ]',
    z.string(),
    list(text).schema,
  ),
  read: (data) =>
    Array.isArray(data)
      ? data.map(String)
      : String(data)
          .split(/\s+/)
          .filter((each) => each !== ''),
  write: (value) => value,
};

const lagSchema = z.union([z.string(), z.int()]);

const SCHEMAS: { readonly [type in RoleValue]: z.ZodType } = {
  text: text.schema,
  flag: flag.schema,
  port: count(1, 65535).schema,
  duration: duration(1).schema,
  lag: lagSchema,
  words: words.schema,
  secret: secret.schema,
  role: word.meta({ examples: [...WANTS] }),
  tls: either('off, prefer or require is needed', z.boolean(), word.meta({ examples: [...TLS_MODES] })),
};

function codecOf(field: RoleField): RoleCodec {
  return {
    field,
    schema: SCHEMAS[field.type].describe(field.doc),
    read: (data, place) => readValue(field, data, place),
    write: (check) => writeValue(field, check),
  };
}

function readValue({ name, type }: RoleField, data: Plain, place: Place): Partial<RoleCheck> {
  switch (type) {
    case 'role':
      return { want: place.parsed('bad-value', parseRole(String(data))) };
    case 'tls':
      // YAML reads a bare `off` as it stands, and true or false by whoever thinks of a switch.
      return {
        tls: place.parsed('bad-value', parseTls(data === false ? 'off' : data === true ? 'require' : String(data))),
      };
    case 'lag':
      return place.parsed('bad-value', parseLag(String(data))) ?? {};
    case 'words':
      return { command: words.read(data, place) };
    case 'secret':
      return { password: secret.read(data, place) };
    default:
      return { [name]: data };
  }
}

function writeValue({ key, name, type }: RoleField, check: RoleCheck): Written | undefined {
  if (type === 'lag') return writeLag(key, check);
  if (type === 'secret') return check.password && secret.write(check.password);
  return check[name] as Written | undefined;
}

/** One limit is `max-lag`, whatever its unit; of two the size has its own key. */
function writeLag(key: string, { maxLagMs, maxLagBytes }: RoleCheck): Written | undefined {
  const isOnlySize = maxLagMs === undefined;
  if (key === 'max-lag' && !isOnlySize) return duration().write(maxLagMs);
  if (maxLagBytes === undefined || isOnlySize !== (key === 'max-lag')) return undefined;
  return sizeText(maxLagBytes);
}

const codecs = ROLE_FIELDS.map(codecOf);

/** For the schema of `check:`. */
export const ROLE_SHAPE: z.ZodRawShape = {
  ...Object.fromEntries(codecs.map(({ field, schema }) => [field.key, schema.optional()])),
  'password-file': text.schema.optional().describe('File that holds the password: short for password: { file: PATH }.'),
  'password-env': text.schema
    .optional()
    .describe('Environment variable that holds the password: short for password: { env: NAME }.'),
};
export const ROLE_KEYS = Object.keys(ROLE_SHAPE);

/**
 * @param before what defaults said; own keys go over it as long as the kind is the same
 * @param timeoutMs `timeout` of the check block
 */
export function readRoleCheck(
  kind: RoleKind,
  data: { [key: string]: Plain },
  place: Place,
  before: RoleCheck | undefined,
  timeoutMs: number | undefined,
): RoleCheck {
  const check: RoleCheck = before?.kind === kind ? { ...structuredClone(before) } : { kind };
  for (const { field, read } of codecs) {
    if (data[field.key] === undefined) continue;
    const at = place.child(field.key);
    const misfit = misfitOf(field, kind);
    if (misfit !== undefined) at.source.diag.error('misfit-key', at.keyLoc, misfit.message, misfit.remedy);
    else {
      assign(check, read(data[field.key], at));
      check.at = { ...check.at, [field.name]: at.loc };
    }
  }
  for (const from of ['file', 'env'] as const) {
    const written = data[`password-${from}`];
    if (written === undefined) continue;
    check.password = secretOf(from, String(written));
    check.at = { ...check.at, password: place.child(`password-${from}`).loc };
  }
  if (timeoutMs !== undefined) check.timeoutMs = timeoutMs;
  check.loc = place.loc;
  return check;
}

function assign(check: RoleCheck, found: Partial<RoleCheck>): void {
  Object.assign(check, Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)));
}

export function writeRoleCheck(check: RoleCheck): [string, Written][] {
  const entries = codecs.flatMap(({ field, write }): [string, Written][] => {
    const written = write(check);
    return written === undefined ? [] : [[field.key, written]];
  });
  if (check.timeoutMs !== undefined) entries.push(['timeout', duration().write(check.timeoutMs)]);
  return entries;
}
