/** `check:` of a proxy: what kind of check, what it sends and expects, and how often; its presence turns checks on. */
import { z } from 'zod';
import type { CheckSpec, CheckStep, Proxy } from '../model.js';
import { didYouMean } from '../suggest.js';
import { defined, duration, either, flag, list, nameOf, type Place, strict, type Written } from './codec.js';
import { type Expect, expectStep } from './expect.js';
import { readFields, shapeOf } from './fields.js';
import { probeFields, type ServerSettings } from './server.js';
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
type Keys = { [key: string]: Plain };

/** Keys that say what is checked: own ones replace all inherited ones. */
const SPEC_KEYS = ['type', 'send', 'send-binary', 'expect', 'steps', 'disable-on-404', 'send-state', ...REQUEST_KEYS];

const LATER = ['mysql', 'pgsql', 'postgres', 'postgresql', 'redis', 'smtp', 'ldap', 'galera', 'external', 'agent'];

/** Kinds that come later are named as such: an operator who guesses them is right, only early. */
const typeSchema = z.enum(TYPES, {
  error: (issue) => {
    const wanted = String(issue.input).toLowerCase();
    if (!LATER.includes(wanted))
      return `unknown kind of check ${nameOf(issue.input)}; ${didYouMean(wanted, TYPES, `write one of ${TYPES.join(', ')}`)}`;
    return `checks of type '${wanted}' come with a later version; write 'tcp', 'http' or a 'script' with steps`;
  },
});

const expectSchema = either('what to expect is needed', expectStep.schema, list(expectStep).schema);

const object = strict('a check', {
  type: typeSchema.optional().describe('tcp connects, http sends a request, script runs its steps.'),
  ...shapeOf(probeFields),
  timeout: duration().schema.optional().describe('Longest time a check may take once connected (timeouts.check).'),
  ...REQUEST_SHAPE,
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
  if (isObject(data)) readFields(probeFields, settings, data, place);
  if (keys.timeout !== undefined) proxy.timeouts.check = duration().read(keys.timeout, place.child('timeout'));
  if (!SPEC_KEYS.some((key) => keys[key] !== undefined)) return;
  proxy.check = readSpec(keys, place);
  proxy.at = { ...proxy.at, check: place.loc };
}

function readSpec(keys: Keys, place: Place): CheckSpec {
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
  }[type];
  const isBesideSteps = isScripted && type !== 'tcp';
  for (const key of idle.filter((each) => keys[each] !== undefined)) {
    const { keyLoc, source } = place.child(key);
    const where = `a check of type '${type}'${isBesideSteps ? " with 'steps'" : ''}`;
    const remedy = isBesideSteps ? "move it into 'steps'" : 'remove it, or choose another type';
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
  const entries: [string, Written][] = [['type', spec.type], ...probe, ...writeScript(spec)];
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
