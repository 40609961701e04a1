/** A check as it runs: the steps of the configuration with bytes encoded, patterns compiled and texts made once. */
import type { CheckStep, Proxy, Server, TextMatch } from '../config/model.js';
import { CheckStatus } from '../core/check-status.js';
import { NativeBuffer } from '../linux/memory.js';
import type { Codec } from './builtin/finding.js';
import { type BuiltinStep, builtinScript } from './builtin/script.js';
import { bytesText, compileTexts, type StepTexts } from './step-texts.js';

export interface ConnectStep {
  readonly do: 'connect';
  readonly port: number | undefined;
  readonly addr: string | undefined;
  readonly sendProxy: 'v1' | 'v2' | undefined;
  /** Close in an orderly way instead of with a reset. */
  readonly linger: boolean;
  readonly place: string;
}

export interface SendStep {
  readonly do: 'send';
  readonly bytes: NativeBuffer;
  readonly length: number;
  /** Where `http-check send-state` puts its header; -1 = nowhere. */
  readonly stateAt: number;
  /** Where the time of day goes, epoch seconds in 4 bytes; -1 = nowhere. */
  readonly timeAt: number;
  readonly place: string;
}

export interface ExpectStep {
  readonly do: 'expect';
  readonly match: (CheckStep & { do: 'expect' })['match'];
  /** Judges the bytes in place of a pattern. */
  readonly codec: Codec | undefined;
  readonly negate: boolean;
  readonly pattern: string;
  /** For string and binary. */
  readonly bytes: Buffer;
  /** For rstatus, rstring and rbinary. */
  readonly regex: RegExp | undefined;
  readonly ranges: readonly (readonly [number, number])[];
  readonly header: { full: boolean; name: TextMatch; value?: TextMatch } | undefined;
  /** Bytes to wait for; -1 = as many as the pattern wants. */
  readonly minRecv: number;
  readonly okStatus: number | undefined;
  readonly errorStatus: number | undefined;
  readonly timeoutStatus: number | undefined;
  readonly onSuccess: StepTexts['onSuccess'];
  readonly onError: StepTexts['onError'];
  readonly statusCode: StepTexts['statusCode'];
  readonly number: number;
  readonly comment: string | undefined;
  /** ` at step 3 of tcp-check (expect string 'x')`, for what goes wrong there; '' outside scripts. */
  readonly place: string;
}

type Step = ConnectStep | SendStep | ExpectStep;

/** `builtin`: a script whose steps the user did not write, so that messages do not name them. */
type Kind = 'tcp' | 'http' | 'script' | 'builtin';

export interface CheckPlan {
  readonly kind: Kind;
  readonly steps: readonly Step[];
  readonly disableOn404: boolean;
  /** Time to connect, and time for an answer once connected; without the latter one limit holds for both together. */
  readonly connectMs: number;
  readonly answerMs: number | undefined;
}

const DEFAULT_INTER_MS = 2000;
const DEFAULT_REQUEST: CheckStep = { do: 'http-send', method: 'OPTIONS', uri: '/', version: 'HTTP/1.0', headers: [] };
const DEFAULT_EXPECT: CheckStep = { do: 'expect', negate: false, match: 'status', pattern: '200-399' };

/** Manual, `timeout check`: with it min(`timeout connect`, `inter`) to connect, without it `inter` for everything. */
export function compileCheck(proxy: Proxy, server: Server): CheckPlan {
  const { disableOn404 } = proxy.check;
  const type = kindOf(proxy);
  const script = scriptOf(proxy);
  const steps = script.map((each) => compileStep(each, proxy, server));
  return {
    kind: script.length === 1 && type === 'script' && script[0].number === 0 ? 'tcp' : type, // only connects
    steps,
    disableOn404: disableOn404 === true && type === 'http',
    ...limits(proxy, server.interMs ?? DEFAULT_INTER_MS),
  };
}

function limits({ timeouts }: Proxy, interMs: number): Pick<CheckPlan, 'connectMs' | 'answerMs'> {
  const answerMs = timeouts.check || undefined; // 0 is no limit, which is the same as none written
  const connectMs = answerMs === undefined ? interMs : Math.min(timeouts.connect || interMs, interMs);
  return { connectMs, answerMs };
}

export interface AgentQuestion {
  readonly addr: string | undefined;
  readonly port: number;
  /** Bytes as a latin1 string; '' sends nothing. */
  readonly send: string;
  readonly interMs: number;
  readonly codec: Codec;
}

/** A question to an agent: one line is what it answers. HAProxy counts sending as a step, with nothing to send too. */
export function compileAgent(
  proxy: Proxy,
  server: Server,
  { addr, port, send, interMs, codec }: AgentQuestion,
): CheckPlan {
  const connect = compileConnect({ do: 'connect', addr, port, linger: true }, 0, 'builtin', server);
  const sends = send === '' ? [] : [compileSend(send, '')];
  const judge = { ...compileExpect(ANY_BYTES, 2, 'builtin', proxy, server), codec };
  return { kind: 'builtin', steps: [connect, ...sends, judge], disableOn404: false, ...limits(proxy, interMs) };
}

/** Checks of a role and external ones run elsewhere; nobody compiles one, and one that did would connect. */
function kindOf({ check }: Proxy): Kind {
  switch (check.type) {
    case 'http':
    case 'script':
      return check.type;
    case 'tcp':
    case 'role':
    case 'external':
      return 'tcp';
    default:
      return 'builtin';
  }
}

interface Numbered {
  step: BuiltinStep;
  /** Place in the configuration, from 1; 0 for what is implied. */
  number: number;
  comment: string | undefined;
}

/** The written steps, with those that are implied: the first connect, and for http the last expect. */
function scriptOf(proxy: Proxy): Numbered[] {
  const type = kindOf(proxy);
  const script = type === 'tcp' ? [] : numbered(stepsOf(proxy));
  const implied = (step: CheckStep) => ({ step, number: 0, comment: undefined });
  if (script[0]?.step.do !== 'connect') script.unshift(implied({ do: 'connect' }));
  if (type === 'http' && !script.some(({ step }) => step.do === 'http-send' || step.do === 'send'))
    script.splice(1, 0, implied(DEFAULT_REQUEST));
  if (type === 'http' && script.at(-1)?.step.do === 'http-send') script.push(implied(DEFAULT_EXPECT));
  return script;
}

function stepsOf({ check }: Proxy): readonly BuiltinStep[] {
  const { type } = check;
  if (type === 'tcp' || type === 'http' || type === 'script' || type === 'role' || type === 'external')
    return check.steps;
  return builtinScript(type, check.builtin);
}

/** Comment steps are counted, and then stand with the steps they are about. */
function numbered(steps: readonly BuiltinStep[]): Numbered[] {
  const all = steps.map((step, i) => ({ step, number: i + 1, comment: commentOf(steps, i) }));
  return all.filter(({ step }) => step.do !== 'comment');
}

/** Its own comment, or the step in front that is one: a run of expects shares it (as observed on HAProxy 2.6). */
function commentOf(steps: readonly BuiltinStep[], i: number): string | undefined {
  const step = steps[i];
  if ('comment' in step && step.comment !== undefined) return bytesText(step.comment);
  let before = i - 1;
  while (before >= 0 && steps[before].do === 'expect') before--;
  const found = steps[before];
  return found?.do === 'comment' && found.comment !== undefined ? bytesText(found.comment) : undefined;
}

function compileStep({ step, number, comment }: Numbered, proxy: Proxy, server: Server): Step {
  const { sendState } = proxy.check;
  const type = kindOf(proxy);
  switch (step.do) {
    case 'connect':
      return compileConnect({ ...step, comment }, number, type, server);
    case 'send':
      return compileSend(step.data, place(type, number, '(send)', comment));
    case 'send-timed':
      return { ...compileSend(step.data, ''), timeAt: step.timeAt };
    case 'http-send':
      return compileRequest(step, sendState === true);
    case 'judge':
      return { ...compileExpect(ANY_BYTES, number, type, proxy, server), codec: step.codec };
    case 'expect':
      return compileExpect({ ...step, comment }, number, type, proxy, server);
    case 'comment':
      throw new Error('comment steps are gone by now');
  }
}

/** What stands behind a codec. */
const ANY_BYTES: CheckStep & { do: 'expect' } = { do: 'expect', negate: false, match: 'binary', pattern: '' };

function place(type: Kind, number: number, what: string, comment: string | undefined): string {
  if (type !== 'script') return '';
  if (number === 0) return ' at initial connection step of tcp-check';
  return ` at step ${number} of tcp-check ${what}${comment === undefined ? '' : ` comment: '${comment}'`}`;
}

/** The PROXY header goes out where the server wants one and the check goes to the server's own port (manual, `check`). */
function compileConnect(step: CheckStep & { do: 'connect' }, number: number, type: Kind, server: Server): ConnectStep {
  const isElsewhere = server.checkPort !== undefined || server.checkAddr !== undefined;
  const implied = server.sendProxy !== undefined && !isElsewhere;
  const isDefault = number === 0 || step.useDefault === true;
  const wanted = step.sendProxy === true || (isDefault && (server.checkSendProxy === true || implied));
  const port = step.port === undefined ? '' : ` port ${step.port}`;
  return {
    do: 'connect',
    port: step.port,
    addr: step.addr,
    sendProxy: wanted ? (server.sendProxy ?? 'v1') : undefined,
    linger: step.linger === true,
    place: place(type, number, `(connect${port})`, step.comment),
  };
}

function compileRequest(step: CheckStep & { do: 'http-send' }, sendState: boolean): SendStep {
  const text = requestText(step);
  return { ...compileSend(text, ''), stateAt: sendState ? text.indexOf('\r\n') + 2 : -1 };
}

function compileSend(data: string, where: string): SendStep {
  const bytes = new NativeBuffer(data.length);
  bytes.bytes.set(Buffer.from(data, 'latin1'));
  return { do: 'send', bytes, length: data.length, stateAt: -1, timeAt: -1, place: where };
}

/** As HAProxy writes it: header names in lower case, a length where there is a body, no second request afterwards. */
function requestText(step: CheckStep & { do: 'http-send' }): string {
  const isPersistent = step.version === 'HTTP/1.1';
  const own = ['content-length', 'connection', 'transfer-encoding'];
  const headers = step.headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !own.includes(name));
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  const body = Buffer.from(step.body ?? '', 'utf8').toString('latin1');
  if (body !== '') lines.push(`content-length: ${body.length}\r\n`);
  if (isPersistent) lines.push('connection: close\r\n');
  const version = step.version === '' ? 'HTTP/1.0' : step.version;
  return `${step.method} ${step.uri} ${version}\r\n${lines.join('')}\r\n${body}`;
}

function compileExpect(
  step: CheckStep & { do: 'expect' },
  number: number,
  type: Kind,
  proxy: Proxy,
  server: Server,
): ExpectStep {
  return {
    do: 'expect',
    match: step.match,
    codec: undefined,
    negate: step.negate,
    pattern: step.pattern,
    bytes: Buffer.from(step.pattern, 'latin1'),
    regex: step.match.startsWith('r') ? new RegExp(step.pattern, step.match === 'rbinary' ? 'i' : 's') : undefined,
    ranges: step.match === 'status' ? rangesOf(step.pattern) : [],
    header: step.header,
    minRecv: step.minRecv ?? -1,
    okStatus: statusNumber(step.okStatus),
    errorStatus: statusNumber(step.errorStatus),
    timeoutStatus: statusNumber(step.timeoutStatus),
    ...compileTexts(step, proxy, server),
    number,
    comment: step.comment,
    place: place(type, number, `(${expectWords(step)})`, step.comment),
  };
}

function expectWords(step: CheckStep & { do: 'expect' }): string {
  if (step.match === 'string') return `expect string '${step.pattern}'`;
  if (step.match === 'binary') return `expect binary '${step.pattern}'`;
  return step.match === 'rbinary' ? 'expect binary regex' : 'expect regex';
}

/** `200,301-303`. */
function rangesOf(pattern: string): [number, number][] {
  return pattern.split(',').map((part) => {
    const [low, high = low] = part.split('-').map(Number);
    return [low, high];
  });
}

function statusNumber(name: string | undefined): number | undefined {
  if (name === undefined) return undefined;
  return (CheckStatus as Readonly<Record<string, number>>)[name];
}
