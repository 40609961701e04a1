/**
 * Sample expressions in the texts of checks (`on-error`, `on-success`, `status-code`): a fetch and its converters, as the
 * manual describes them in §7.3. Bytes are latin1 strings, so that they pass through whole.
 */
import { CONVERTERS, type Value } from './converters.js';

/** What an expression may look at. */
export interface CheckSample {
  /** Everything the server sent since the last send. */
  readonly received: string;
  readonly serverName: string;
  readonly serverId: number;
  readonly backendName: string;
  readonly backendId: number;
  /** http checks, once the head is there. */
  readonly response?: {
    readonly status: number;
    readonly version: string;
    readonly headers: readonly (readonly [string, string])[];
    readonly body: string;
  };
}

/** @returns undefined where there is no such sample: the converters behind it are not asked */
export type Expression = (sample: CheckSample) => Value | undefined;

type Fetch = (args: readonly string[]) => Expression;

const NUMBER = /^-?\d+$/;

const FETCHES: { readonly [name: string]: Fetch } = {
  'res.payload': ([offset = '', length = '']) => payload(Number(offset), Number(length)),
  'res.len': () => (sample) => sample.received.length,
  'res.body': () => (sample) => sample.response?.body,
  'res.body_len': () => (sample) => sample.response?.body.length,
  'res.body_size': () => (sample) => sample.response?.body.length,
  'res.ver': () => (sample) => sample.response?.version,
  'res.hdr': ([name = '']) => header(name, true),
  'res.fhdr': ([name = '']) => header(name, false),
  status: () => (sample) => sample.response?.status,
  srv_name: () => (sample) => sample.serverName,
  srv_id: () => (sample) => sample.serverId,
  be_name: () => (sample) => sample.backendName,
  be_id: () => (sample) => sample.backendId,
  int: ([text = '']) => constant(NUMBER.test(text) ? Number(text) : undefined),
  str: ([text = '']) => constant(text),
  bool: ([text = '']) => constant(text === 'true' || text === '1' ? 1 : 0),
};

/**
 * @param text `res.payload(4,0),ltrim(' '),cut_crlf`
 * @returns the expression, or what is wrong with it
 */
export function compileExpression(text: string): Expression | { problem: string } {
  const [first, ...rest] = splitCalls(text);
  if (first === undefined || rest.some((call) => call === undefined))
    return { problem: `'${text}' is not a sample expression` };
  if (!Object.hasOwn(FETCHES, first.name))
    return { problem: `sample fetch '${first.name}' is not available in checks` };
  let expression = FETCHES[first.name](first.args);
  for (const call of rest as Call[]) {
    if (!Object.hasOwn(CONVERTERS, call.name))
      return { problem: `converter '${call.name}' is not available in checks` };
    const before = expression;
    const convert = CONVERTERS[call.name](call.args);
    expression = (sample) => {
      const value = before(sample);
      return value === undefined ? undefined : convert(value);
    };
  }
  return expression;
}

interface Call {
  readonly name: string;
  readonly args: string[];
}

const CALL = /^([a-z0-9_.]+)(?:\((.*)\))?$/s;

function splitCalls(text: string): (Call | undefined)[] {
  return splitOutside(text).map((part) => {
    const match = CALL.exec(part.trim());
    return match === null ? undefined : { name: match[1], args: match[2] === undefined ? [] : splitArgs(match[2]) };
  });
}

/** At commas that stand in no parentheses and no quotes; the quotes stay. */
function splitOutside(text: string): string[] {
  const parts = [''];
  let depth = 0;
  let quote = '';
  for (const c of text) {
    if (quote !== '') quote = c === quote ? '' : quote;
    else if (c === "'" || c === '"') quote = c;
    else if (c === '(') depth++;
    else if (c === ')') depth--;
    if (c === ',' && depth === 0 && quote === '') parts.push('');
    else parts[parts.length - 1] += c;
  }
  return parts;
}

function splitArgs(text: string): string[] {
  return splitOutside(text).map((arg) => arg.replace(/['"]/g, ''));
}

function constant(value: Value | undefined): Expression {
  return () => value;
}

/** Length 0 is everything from the offset on; where there are fewer bytes there is no sample. */
function payload(offset: number, length: number): Expression {
  return ({ received }) => {
    if (offset + length > received.length) return undefined;
    return length === 0 ? received.slice(offset) : received.slice(offset, offset + length);
  };
}

/** The last header of that name: its last value, or (`fhdr`) its whole line. */
function header(name: string, isValue: boolean): Expression {
  const wanted = name.toLowerCase();
  return ({ response }) => {
    const line = response?.headers.findLast(([other]) => other === wanted)?.[1];
    return line !== undefined && isValue ? line.split(',').at(-1)?.trim() : line;
  };
}
