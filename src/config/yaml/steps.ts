/** The steps of a check script: `connect`, `send`, `request` (HTTP), `expect`. */
import { z } from 'zod';
import type { CheckStep } from '../model.js';
import { hostOnly } from './address.js';
import { count, defined, either, flag, nameOf, type Place, strict, text, type Written } from './codec.js';
import { type Expect, expectStep } from './expect.js';
import { isObject, type Plain } from './source.js';

export type Request = CheckStep & { do: 'http-send' };
type Connect = CheckStep & { do: 'connect' };
type Headers = [string, string][];

/** Keys of an HTTP request; they may stand in the check itself, where it has only one. */
export const REQUEST_SHAPE = {
  method: text.schema.optional().describe('Method of the request; GET where a path is written, else OPTIONS.'),
  path: text.schema.optional().describe('Path of the request; / where nothing is written.'),
  version: either('an HTTP version is needed', z.string(), z.number()).optional().describe('HTTP/1.0 or HTTP/1.1.'),
  headers: either(
    'headers are written with names; write such as { Host: db.example }',
    z.record(z.string(), either('a header value is a text', z.string(), z.int())),
    z.array(
      strict('a header', {
        name: text.schema.describe('Name of the header.'),
        value: text.schema.describe('Its value.'),
      }),
    ),
  )
    .optional()
    .describe('Headers of the request, by name.'),
  body: text.schema.optional().describe('Body of the request.'),
};
export const REQUEST_KEYS = Object.keys(REQUEST_SHAPE);

const CONNECT_SHAPE = {
  port: count(1, 65535).schema.optional().describe('Port to connect to.'),
  address: hostOnly.schema.optional().describe('Host to connect to.'),
  'send-proxy': flag.schema.optional().describe('Begin with a PROXY protocol header.'),
  linger: flag.schema.optional().describe('Close cleanly instead of with a reset.'),
  default: flag.schema.optional().describe("Connect as the server's check settings say."),
};

const stepSchema = strict('a step', {
  connect: either('true, or where to connect, is needed', z.literal(true), strict('a connect step', CONNECT_SHAPE))
    .optional()
    .describe('Open a connection.'),
  send: text.schema.optional().describe('Text to send.'),
  'send-binary': text.schema.optional().describe('Bytes to send, as hexadecimal pairs.'),
  request: strict('a request', REQUEST_SHAPE).optional().describe('An HTTP request.'),
  expect: expectStep.schema.optional().describe('What the answer must be.'),
  comment: text.schema.optional().describe('Text for the log; alone, a step that tells what the next is about.'),
});
const STEP_KEYS = ['connect', 'send', 'send-binary', 'request', 'expect'];

export const stepsSchema = z.array(stepSchema, {
  error: (issue) => `steps are a list, not ${nameOf(issue.input)}; write '- send: …' and '- expect: …' below it`,
});

export function readSteps(data: Plain, place: Place): CheckStep[] {
  if (!Array.isArray(data)) return [];
  const found = data.map((entry, i) => (isObject(entry) ? readStep(entry, place.child(i)) : undefined));
  for (const [i, step] of found.entries()) if (step) complainOrder(found, i, step, place.child(i));
  return found.filter((step) => step !== undefined);
}

/** As HAProxy demands: it must be clear which connection the bytes of a step go to. */
function complainOrder(steps: readonly (CheckStep | undefined)[], i: number, step: CheckStep, place: Place): void {
  const earlier = steps.slice(0, i);
  const first = steps.find((each) => each?.do !== 'comment');
  if (step.do === 'connect' && i > 0 && first?.do !== 'connect')
    place.error('late-connect', "a 'connect' follows other steps, and the first step is none", "begin with 'connect'");
  const lastRequest = earlier.findLastIndex((each) => each?.do === 'http-send');
  const isSecond = step.do === 'http-send' && lastRequest >= 0;
  if (isSecond && !earlier.slice(lastRequest).some((each) => each?.do === 'connect'))
    place.error(
      'missing-connect',
      "a second 'request' needs a new connection",
      "write '- connect: true' in front of it",
    );
}

function readStep(data: { [key: string]: Plain }, place: Place): CheckStep | undefined {
  const [kind, second] = STEP_KEYS.filter((key) => data[key] !== undefined);
  if (!kind && typeof data.comment === 'string') return { do: 'comment', comment: data.comment };
  if (!kind) return place.error('missing-key', 'a step does nothing', `write one of ${STEP_KEYS.join(', ')}`);
  if (second) return place.error('extra-key', `a step does both '${kind}' and '${second}'`, 'write two steps');
  const step = STEP_READERS[kind](data[kind], place.child(kind));
  return step && withComment(step, data.comment);
}

function withComment(step: CheckStep, comment: Plain | undefined): CheckStep {
  return typeof comment === 'string' ? { ...step, comment } : step;
}

const STEP_READERS: { [kind: string]: (data: Plain, place: Place) => CheckStep | undefined } = {
  connect: readConnect,
  send: (data) => ({ do: 'send', data: Buffer.from(String(data), 'utf8').toString('latin1') }),
  'send-binary': readBinary,
  request: (data) => readRequest(isObject(data) ? data : {}),
  expect: (data, place) => expectStep.read(data, place),
};

/** @param binary whether `data` is hexadecimal pairs */
export function readSend(data: Plain, place: Place, binary: boolean): CheckStep | undefined {
  return STEP_READERS[binary ? 'send-binary' : 'send'](data, place);
}

function readBinary(data: Plain, place: Place): CheckStep | undefined {
  const isHex = /^([0-9a-fA-F]{2})+$/.test(String(data));
  if (isHex) return { do: 'send', data: Buffer.from(String(data), 'hex').toString('latin1') };
  return place.error('bad-hex', `'${data}' is not a row of hexadecimal pairs`, 'write pairs such as "50494e47"');
}

function readConnect(data: Plain, place: Place): Connect {
  if (!isObject(data)) return { do: 'connect' };
  return defined({
    do: 'connect' as const,
    port: data.port as number | undefined,
    addr: data.address === undefined ? undefined : hostOnly.read(data.address, place.child('address')),
    sendProxy: data['send-proxy'] === true || undefined,
    linger: data.linger === true || undefined,
    useDefault: data.default === true || undefined,
  });
}

/** The request, completed as HAProxy completes it. */
export function readRequest(data: { [key: string]: Plain }): Request {
  const version = String(data.version ?? 'HTTP/1.0');
  return defined({
    do: 'http-send' as const,
    method: String(data.method ?? (data.path === undefined ? 'OPTIONS' : 'GET')),
    uri: String(data.path ?? '/'),
    version: /^\d/.test(version) ? `HTTP/${version}` : version,
    headers: readHeaders(data.headers),
    body: data.body as string | undefined,
  });
}

function readHeaders(data: Plain | undefined): Headers {
  if (Array.isArray(data)) return data.map((entry) => [String((entry as Named).name), String((entry as Named).value)]);
  return isObject(data) ? Object.entries(data).map(([name, value]) => [name, String(value)]) : [];
}

type Named = { [key: string]: Plain };

export function writeSteps(steps: readonly CheckStep[]): Written {
  return steps.map((step) => new Map([...writeStep(step), ...writeComment(step)]));
}

/** Expectations hold their comment themselves. */
function writeComment(step: CheckStep): [string, Written][] {
  return step.do !== 'expect' && step.comment !== undefined ? [['comment', step.comment]] : [];
}

function writeStep(step: CheckStep): [string, Written][] {
  switch (step.do) {
    case 'connect':
      return [['connect', writeConnect(step)]];
    case 'send':
      return writeSend(step.data);
    case 'http-send':
      return [['request', new Map(writeRequest(step))]];
    case 'expect':
      return [['expect', expectStep.write(step as Expect)]];
    case 'comment':
      return []; // the comment itself is all there is
  }
}

/** As text where it is UTF-8 one can read, else as hexadecimal pairs. */
export function writeSend(data: string): [string, Written][] {
  const bytes = Buffer.from(data, 'latin1');
  const readable = bytes.toString('utf8');
  const isText = Buffer.from(readable, 'utf8').equals(bytes) && !/[^\P{C}\t\r\n]/u.test(readable);
  return isText ? [['send', readable]] : [['send-binary', bytes.toString('hex')]];
}

function writeConnect(step: Connect): Written {
  const entries: [string, Written | undefined][] = [
    ['port', step.port],
    ['address', step.addr === undefined ? undefined : hostOnly.write(step.addr)],
    ['send-proxy', step.sendProxy],
    ['linger', step.linger],
    ['default', step.useDefault],
  ];
  const written = entries.filter((entry): entry is [string, Written] => entry[1] !== undefined);
  return written.length === 0 ? true : new Map(written);
}

/** Nothing for the request that HAProxy sends by itself. */
export function writeRequest({ method, uri, version, headers, body }: Request): [string, Written][] {
  const entries: [string, Written][] = [];
  if (method !== 'OPTIONS' || uri !== '/') entries.push(['method', method], ['path', uri]);
  if (version !== 'HTTP/1.0') entries.push(['version', version]);
  if (headers.length > 0) entries.push(['headers', writeHeaders(headers)]);
  if (body !== undefined) entries.push(['body', body]);
  return entries;
}

/** A name that is repeated, or that JavaScript would move to the front, needs the list form. */
function writeHeaders(headers: Headers): Written {
  const names = headers.map(([name]) => name);
  const isPlain = new Set(names).size === names.length && names.every((name) => /^[A-Za-z][\w-]*$/.test(name));
  return isPlain
    ? new Map(headers)
    : headers.map(
        ([name, value]) =>
          new Map<string, Written>([
            ['name', name],
            ['value', value],
          ]),
      );
}
