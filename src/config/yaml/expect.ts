/** What a check expects: `expect: 200`, `expect: { string: "+PONG" }`, `expect: { header: { name: …, value: … } }`. */
import { z } from 'zod';
import type { CheckStep, TextMatch } from '../model.js';
import {
  type Codec,
  choice,
  count,
  defined,
  either,
  flag,
  nameOf,
  type Place,
  strict,
  text,
  type Written,
} from './codec.js';
import { isObject, type Plain } from './source.js';

export type Expect = CheckStep & { do: 'expect' };
type Match = Expect['match'];

/** Key of a pattern and what it looks for. */
const MATCHES: { readonly [match in Match]: string } = {
  status: "Status codes and ranges, such as 200 or '200-299,401'.",
  rstatus: 'Regular expression for the status code.',
  string: 'Text the answer must contain.',
  rstring: 'Regular expression for the answer.',
  binary: 'Bytes the answer must contain, as hexadecimal pairs.',
  rbinary: 'Regular expression for the answer as hexadecimal pairs.',
  header: 'A header of the answer.',
};
const MATCH_NAMES = Object.keys(MATCHES) as Match[];
const METHODS: { readonly [method in TextMatch['method']]: string } = {
  str: 'The whole text.',
  beg: 'How it begins.',
  end: 'How it ends.',
  sub: 'A part of it.',
  reg: 'A regular expression for it.',
};

const statusCodes = either("status codes are needed; write such as 200 or '200-299'", z.int(), z.string());

const textMatch = either(
  'a text, or a method and a text, is needed',
  z.string(),
  z.int(),
  strict(
    'a header pattern',
    Object.fromEntries(Object.entries(METHODS).map(([method, doc]) => [method, z.string().optional().describe(doc)])),
  ),
);

const header = strict('a header expectation', {
  name: textMatch.describe('Name of the header.'),
  value: textMatch.optional().describe('Its value; any where nothing is written.'),
  full: flag.schema.optional().describe('Compare the whole line instead of each comma-separated value.'),
});

/** Settings beside the pattern: key and field of the model. */
const SETTINGS: readonly { key: string; name: keyof Expect; codec: Codec<string> | Codec<number>; doc: string }[] = [
  { key: 'min-recv', name: 'minRecv', codec: count(-1), doc: 'Bytes to wait for before judging.' },
  { key: 'ok-status', name: 'okStatus', codec: choice('L7OK', 'L7OKC', 'L6OK', 'L4OK'), doc: 'Status of success.' },
  {
    key: 'error-status',
    name: 'errorStatus',
    codec: choice('L7OKC', 'L7RSP', 'L7STS', 'L6RSP', 'L4CON'),
    doc: 'Status of a mismatch.',
  },
  {
    key: 'timeout-status',
    name: 'timeoutStatus',
    codec: choice('L7TOUT', 'L6TOUT', 'L4TOUT'),
    doc: 'Status of a timeout.',
  },
  { key: 'on-success', name: 'onSuccess', codec: text, doc: 'Text for the log on success.' },
  { key: 'on-error', name: 'onError', codec: text, doc: 'Text for the log on a mismatch.' },
  { key: 'status-code', name: 'statusCode', codec: text, doc: 'Expression for the status code.' },
  { key: 'comment', name: 'comment', codec: text, doc: 'Text for the log.' },
];

const object = strict('an expectation', {
  ...Object.fromEntries(MATCH_NAMES.map((match) => [match, schemaOf(match).optional().describe(MATCHES[match])])),
  not: flag.schema.optional().describe('Expect that it does not match.'),
  ...Object.fromEntries(SETTINGS.map(({ key, codec, doc }) => [key, codec.schema.optional().describe(doc)])),
});

function schemaOf(match: Match): z.ZodType {
  if (match === 'header') return header;
  return match === 'status'
    ? statusCodes
    : z.string({ error: (issue) => `a text is needed, not ${nameOf(issue.input)}; put it in quotes` });
}

export const expectStep: Codec<Expect> = {
  schema: either(
    'an expectation is a status or a pattern; write such as 200 or { string: OK }',
    z.int(),
    z.string(),
    object,
  ).meta({ id: 'expectation' }),
  read: (data, place) => (isObject(data) ? readObject(data, place) : readShort(data, place)),
  write: (step) => {
    const entries: [string, Written][] = [[step.match, writePattern(step)]];
    if (step.negate) entries.push(['not', true]);
    for (const { key, name } of SETTINGS)
      if (step[name] !== undefined) entries.push([key, step[name] as string | number]);
    return entries.length === 1 && step.match === 'status' ? entries[0][1] : new Map(entries);
  },
};

/** A number or a list of ranges is a status, any other text is looked for in the answer. */
function readShort(data: Plain, place: Place): Expect | undefined {
  const isStatus = STATUS.test(String(data));
  return readPattern(isStatus ? 'status' : 'string', data, place);
}

const STATUS = /^\d+(-\d+)?(,\d+(-\d+)?)*$/;

function readObject(data: { [key: string]: Plain }, place: Place): Expect | undefined {
  const [match, second] = MATCH_NAMES.filter((name) => data[name] !== undefined);
  const remedy = `write one of ${MATCH_NAMES.join(', ')}`;
  if (!match) return place.error('missing-key', 'an expectation needs a pattern', remedy);
  if (second) return place.error('extra-key', `both '${match}' and '${second}' are expected`, 'write two expectations');
  const step = readPattern(match, data[match], place.child(match));
  const settings = SETTINGS.map(({ key, name }) => [name, data[key]]);
  return step && defined({ ...step, ...Object.fromEntries(settings), negate: data.not === true });
}

function readPattern(match: Match, data: Plain, place: Place): Expect | undefined {
  const step = { do: 'expect' as const, negate: false, match };
  const written = String(data);
  const wrong = (message: string, remedy: string) => place.error('bad-pattern', message, remedy);
  if (match === 'header') return { ...step, ...readHeader(data) };
  if (match === 'status' && !STATUS.test(written))
    return wrong(`'${written}' is not a list of status codes`, "write such as 200 or '200-299,401'");
  if (match === 'binary' && !/^([0-9a-fA-F]{2})+$/.test(written))
    return wrong(`'${written}' is not a row of hexadecimal pairs`, 'write pairs such as "2b504f"');
  if (match.startsWith('r') && !isRegex(written))
    return wrong(`'${written}' is not a regular expression`, 'escape what it should match literally');
  return { ...step, pattern: encode(match, written) };
}

function isRegex(pattern: string): boolean {
  try {
    new RegExp(pattern);
    return true;
  } catch {
    return false; // The only thing RegExp throws is that the text is no pattern, which is the answer.
  }
}

/** The model holds the bytes of texts and binary patterns as latin1. */
function encode(match: Match, written: string): string {
  if (match === 'binary') return Buffer.from(written, 'hex').toString('latin1');
  return match === 'string' ? Buffer.from(written, 'utf8').toString('latin1') : written;
}

function writePattern(step: Expect): Written {
  const { match, pattern } = step;
  if (match === 'header') return writeHeader(step);
  if (match === 'status')
    return /^\d+$/.test(pattern) && String(Number(pattern)) === pattern ? Number(pattern) : pattern;
  if (match === 'binary') return Buffer.from(pattern, 'latin1').toString('hex');
  return match === 'string' ? Buffer.from(pattern, 'latin1').toString('utf8') : pattern;
}

function readHeader(data: Plain): Pick<Expect, 'header' | 'pattern'> {
  const { name, value, full } = data as { [key: string]: Plain };
  const found = {
    full: full === true,
    name: readTextMatch(name),
    ...(value !== undefined && { value: readTextMatch(value) }),
  };
  return { header: found, pattern: headerPattern(found) };
}

/** The words HAProxy would be given: what logs and messages show. */
function headerPattern({ full, name, value }: NonNullable<Expect['header']>): string {
  const words = (key: string, { method, text }: TextMatch) => [key, ...(method === 'str' ? [] : ['-m', method]), text];
  return [full ? 'fhdr' : 'hdr', ...words('name', name), ...(value ? words('value', value) : [])].join(' ');
}

function readTextMatch(data: Plain): TextMatch {
  if (!isObject(data)) return { method: 'str', text: String(data) };
  const [method, found] = Object.entries(data)[0] ?? ['str', ''];
  return { method: method as TextMatch['method'], text: String(found) };
}

function writeHeader({ header: found }: Expect): Written {
  const write = ({ method, text: sought }: TextMatch): Written =>
    method === 'str' ? sought : new Map([[method, sought]]);
  if (!found) return null;
  const entries: [string, Written][] = [['name', write(found.name)]];
  if (found.value) entries.push(['value', write(found.value)]);
  if (found.full) entries.push(['full', true]);
  return new Map(entries);
}
