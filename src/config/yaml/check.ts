/** `check:` of a proxy: what kind of check, what it sends and expects, and how often; its presence turns checks on. */
import { z } from 'zod';
import type { BuiltinType } from '../builtin-model.js';
import type { CheckSpec, CheckStep, Proxy } from '../model.js';
import { KIND_NAMES, ROLE_KINDS, type RoleKind, roleKindOf } from '../role-fields.js';
import { didYouMean } from '../suggest.js';
import {
  BUILTIN_KEYS,
  BUILTIN_SHAPE,
  BUILTIN_TYPES,
  builtinTypeOf,
  idleKeys,
  readBuiltin,
  writeBuiltin,
} from './builtin-check.js';
import { defined, duration, either, flag, list, nameOf, type Place, strict, type Written } from './codec.js';
import { type Expect, expectStep } from './expect.js';
import { readFields, type ServerSettings, shapeOf } from './fields.js';
import { ROLE_KEYS, ROLE_SHAPE, readRoleCheck, writeRoleCheck } from './role-check.js';
import { probeFields } from './server.js';
import { isObject, type Plain } from './source.js';
import {
  REQUEST_KEYS,
  REQUEST_SHAPE,
  type Request,
  readRequest,
  readSend,
  readSteps,
  stepsSchema,
  writeRequest,
  writeSend,
  writeSteps,
} from './steps.js';

const TYPES = ['tcp', 'http', 'script'] as const;
type Type = (typeof TYPES)[number];
/** What checks send and expect: of no use to one that knows its questions. */
const NOT_ROLE_KEYS = ['send', 'send-binary', 'expect', 'steps', 'disable-on-404', 'send-state', ...REQUEST_KEYS];
type Keys = { [key: string]: Plain };

/** Every word for a kind of check. */
const TYPE_WORDS = [...TYPES, ...BUILTIN_TYPES, ...KIND_NAMES] as const;

/** Keys that say what is checked: own ones replace all inherited ones. */
const SPEC_KEYS = [
  'type',
  'send',
  'send-binary',
  'expect',
  'steps',
  'disable-on-404',
  'send-state',
  ...REQUEST_KEYS,
  ...ROLE_KEYS,
  ...BUILTIN_KEYS,
];

const typeSchema = z.enum(TYPE_WORDS, {
  error: (issue) => {
    const wanted = String(issue.input).toLowerCase();
    if (wanted === 'agent') return "an agent is asked beside the check of a server; write 'agent: { port: N }' for it";
    const known = [...TYPES, ...BUILTIN_TYPES, ...ROLE_KINDS];
    return `unknown kind of check ${nameOf(issue.input)}; ${didYouMean(wanted, TYPE_WORDS, `write one of ${known.join(', ')}`)}`;
  },
});

const expectSchema = either('what to expect is needed', expectStep.schema, list(expectStep).schema);

const object = strict('a check', {
  type: typeSchema
    .optional()
    .describe(
      'tcp connects, http sends a request, script runs its steps; galera, mysql, postgres, redis and patroni ask a database for its role, exec runs a program; the others are those of HAProxy.',
    ),
  ...shapeOf(probeFields),
  timeout: duration().schema.optional().describe('Longest time a check may take once connected (timeouts.check).'),
  ...REQUEST_SHAPE,
  ...ROLE_SHAPE,
  ...BUILTIN_SHAPE,
  send: z.string().optional().describe('Text to send before expecting (type script).'),
  'send-binary': z.string().optional().describe('Bytes to send, as hexadecimal pairs (type script).'),
  expect: expectSchema.optional().describe('What the answer must be: a status, or a pattern; or a list of them.'),
  steps: stepsSchema.optional().describe('The whole script, step by step.'),
  'disable-on-404': flag.schema
    .optional()
    .describe('An answer 404 stops new connections without taking the server down.'),
  'send-state': flag.schema.optional().describe('Tell the server its state in a header.'),
});

export const checkSchema = either(
  "a check is a type or an object; write 'check: tcp' or 'check: { type: http, port: 9200, interval: 1s }'",
  z.boolean(),
  typeSchema,
  object,
).meta({ id: 'check', description: 'How servers are checked. Its presence turns checks on.' });

/** Reads one layer (defaults, or the proxy) over what is there: the kind of check, and what servers start from. */
export function readCheck(proxy: Proxy, settings: ServerSettings, data: Plain, place: Place): void {
  const keys: Keys = isObject(data) ? data : typeof data === 'string' ? { type: data } : {};
  settings.check = data !== false;
  // Its type was complained about and is gone: whatever else is written belongs to a type that nobody knows.
  if (keys.type === undefined && place.child('type').isWritten) return;
  if (isObject(data)) readFields(probeFields, settings, data, place);
  const timeoutMs = keys.timeout === undefined ? undefined : duration().read(keys.timeout, place.child('timeout'));
  const kind = kindOf(keys, proxy.check);
  if (kind === undefined && timeoutMs !== undefined) proxy.timeouts.check = timeoutMs;
  const isSaid = SPEC_KEYS.some((key) => keys[key] !== undefined) || (kind !== undefined && timeoutMs !== undefined);
  if (!isSaid) return;
  proxy.check = kind === undefined ? readSpec(keys, place) : readRole(keys, kind, place, proxy.check, timeoutMs);
  proxy.at = { ...proxy.at, check: place.loc };
}

/** A role check by its own type, or by keys for the one that defaults have. */
function kindOf(keys: Keys, before: CheckSpec): RoleKind | undefined {
  if (keys.type !== undefined) return roleKindOf(String(keys.type));
  const isOther = NOT_ROLE_KEYS.some((key) => keys[key] !== undefined);
  return isOther ? undefined : before.role?.kind;
}

function readRole(
  keys: Keys,
  kind: RoleKind,
  place: Place,
  before: CheckSpec,
  timeoutMs: number | undefined,
): CheckSpec {
  complainIdle(
    NOT_ROLE_KEYS.filter((key) => keys[key] !== undefined),
    `a check of type '${kind}'`,
    'remove it, or choose another type',
    place,
  );
  const role = readRoleCheck(kind, keys, place, before.role, timeoutMs);
  return { type: 'role', steps: [], role, loc: place.loc };
}

/** The two settings of http checks mean nothing here, and are kept: HAProxy files have them side by side. */
function readOwn(keys: Keys, type: BuiltinType, place: Place): CheckSpec {
  const idle = idleKeys(type, [
    'send',
    'send-binary',
    'expect',
    'steps',
    ...REQUEST_KEYS,
    ...ROLE_KEYS,
    ...BUILTIN_KEYS,
  ]);
  complainIdle(
    idle.filter((key) => keys[key] !== undefined),
    `a check of type '${type}'`,
    'remove it, or choose another type',
    place,
  );
  return defined({
    type,
    steps: [],
    builtin: readBuiltin(type, keys, place),
    disableOn404: keys['disable-on-404'] as boolean | undefined,
    sendState: keys['send-state'] as boolean | undefined,
    loc: place.loc,
  });
}

function readSpec(keys: Keys, place: Place): CheckSpec {
  const own = builtinTypeOf(keys.type);
  if (own !== undefined) return readOwn(keys, own, place);
  const type = (keys.type as Type | undefined) ?? guessType(keys);
  complainMisfits(keys, type, place);
  return defined({
    type,
    steps: type === 'tcp' ? [] : readScript(keys, type, place),
    disableOn404: keys['disable-on-404'] as boolean | undefined,
    sendState: keys['send-state'] as boolean | undefined,
    loc: place.loc,
  });
}

function guessType(keys: Keys): Type {
  if (REQUEST_KEYS.some((key) => keys[key] !== undefined)) return 'http';
  const steps = Array.isArray(keys.steps) ? keys.steps : [];
  if (steps.some((step) => isObject(step) && step.request !== undefined)) return 'http';
  if (keys.send !== undefined || keys['send-binary'] !== undefined || steps.length > 0) return 'script';
  return keys.expect === undefined ? 'tcp' : typeof keys.expect === 'number' ? 'http' : 'script';
}

/** Keys that would have no effect are errors: somebody meant something by them. */
function complainMisfits(keys: Keys, type: Type, place: Place): void {
  const isScripted = keys.steps !== undefined;
  const idle = {
    tcp: ['send', 'send-binary', 'expect', 'steps', ...REQUEST_KEYS],
    http: ['send', 'send-binary', ...(isScripted ? [...REQUEST_KEYS, 'expect'] : [])],
    script: [...REQUEST_KEYS, ...(isScripted ? ['send', 'send-binary', 'expect'] : [])],
  }[type].concat(ROLE_KEYS, BUILTIN_KEYS);
  const isBesideSteps = isScripted && type !== 'tcp';
  const where = `a check of type '${type}'${isBesideSteps ? " with 'steps'" : ''}`;
  const remedy = isBesideSteps ? "move it into 'steps'" : 'remove it, or choose another type';
  complainIdle(
    idle.filter((each) => keys[each] !== undefined),
    where,
    remedy,
    place,
  );
}

function complainIdle(idle: readonly string[], where: string, remedy: string, place: Place): void {
  for (const key of idle) {
    const { keyLoc, source } = place.child(key);
    source.diag.error('misfit-key', keyLoc, `'${key}' has no effect in ${where}`, remedy);
  }
}

function readScript(keys: Keys, type: Type, place: Place): CheckStep[] {
  if (keys.steps !== undefined) return readSteps(keys.steps, place.child('steps'));
  const first = type === 'http' ? readRequest(keys) : readFirstSend(keys, place);
  return [...(first ? [first] : []), ...readExpects(keys.expect, place.child('expect'))];
}

function readFirstSend(keys: Keys, place: Place): CheckStep | undefined {
  const key = keys.send === undefined ? 'send-binary' : 'send';
  return keys[key] === undefined ? undefined : readSend(keys[key], place.child(key), key === 'send-binary');
}

function readExpects(data: Plain | undefined, place: Place): Expect[] {
  if (data === undefined) return [];
  if (Array.isArray(data)) return data.flatMap((entry, i) => expectStep.read(entry, place.child(i)) ?? []);
  return [expectStep.read(data, place)].filter((step) => step !== undefined);
}

/**
 * The check block of a proxy, or undefined where there is nothing to say.
 * @param probe what all servers share
 * @param isOn whether a server is checked
 */
export function writeCheck(spec: CheckSpec, probe: [string, Written][], isOn: boolean): Written | undefined {
  const isPlain = spec.type === 'tcp' && spec.disableOn404 === undefined && spec.sendState === undefined;
  if (isPlain) return !isOn ? undefined : probe.length === 0 ? true : new Map(probe);
  if (spec.role !== undefined) return new Map([['type', spec.role.kind], ...probe, ...writeRoleCheck(spec.role)]);
  const details = spec.builtin === undefined ? writeScript(spec) : writeBuiltin(spec.builtin);
  const entries: [string, Written][] = [['type', spec.type], ...probe, ...details];
  if (spec.disableOn404 !== undefined) entries.push(['disable-on-404', spec.disableOn404]);
  if (spec.sendState !== undefined) entries.push(['send-state', spec.sendState]);
  return entries.length === 1 ? spec.type : new Map(entries);
}

export function hasCheck(proxy: Proxy): boolean {
  const { type, disableOn404, sendState } = proxy.check;
  const isSpecial = type !== 'tcp' || disableOn404 !== undefined || sendState !== undefined;
  return isSpecial || proxy.servers.some((server) => server.check === true);
}

/** The short form where the script is one request or send, and then expectations. */
function writeScript({ type, steps }: CheckSpec): [string, Written][] {
  if (steps.length === 0) return [];
  const [first, ...others] = steps;
  const expects = first.do === 'expect' ? steps : others;
  const isShort =
    expects.every((step) => step.do === 'expect') && (first.do === 'expect' || first.comment === undefined);
  const fitsType = type === 'http' ? first.do === 'http-send' : first.do === 'send' || first.do === 'expect';
  if (!isShort || !fitsType) return [['steps', writeSteps(steps)]];
  const written = (expects as Expect[]).map((step) => expectStep.write(step));
  const expect: [string, Written][] =
    written.length === 0 ? [] : [['expect', written.length === 1 ? written[0] : written]];
  return [...writeFirst(first), ...expect];
}

function writeFirst(step: CheckStep): [string, Written][] {
  if (step.do === 'http-send') return writeRequest(step as Request);
  return step.do === 'send' ? writeSend(step.data) : [];
}
