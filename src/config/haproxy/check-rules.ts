/** `http-check` and `tcp-check` lines: the steps of a check script (manual §4.2). */
import { parseServerAddress } from '../address.js';
import type { CheckStep } from '../model.js';
import { defaultRequest, ownHttp, ownTcp, readCheckFlag, requestStep, withoutUndefined } from './checks.js';
import { readExpect } from './expect.js';
import type { Line } from './line.js';
import { type CheckRequest, defer, type ProxyKeywords, type ProxySection } from './section.js';

const VARIABLES = 'variables come with a later version';
const HTTP_RULES = [
  'disable-on-404',
  'send-state',
  'comment',
  'connect',
  'send',
  'expect',
  'set-var',
  'set-var-fmt',
  'unset-var',
];
const TCP_RULES = [
  'comment',
  'connect',
  'send',
  'send-lf',
  'send-binary',
  'send-binary-lf',
  'expect',
  'set-var',
  'set-var-fmt',
  'unset-var',
];

export const CHECK_KEYWORDS: ProxyKeywords = {
  'http-check': { in: 'db', read: readHttpCheck },
  'tcp-check': { in: 'db', read: readTcpCheck },
};

function readHttpCheck(line: Line, section: ProxySection): void {
  const rule = line.choice(1, 'an http-check rule', HTTP_RULES.includes(stem(line)) ? [line.text(1)] : HTTP_RULES);
  if (!rule) return;
  if (stem(line).includes('set-var')) {
    defer(line, section.proxy.deferred, VARIABLES);
    return;
  }
  if (rule === 'disable-on-404') {
    readCheckFlag(line, section, 'disableOn404');
    return;
  }
  if (rule === 'send-state') {
    readCheckFlag(line, section, 'sendState');
    return;
  }
  const draft = ownHttp(section);
  draft.httpLines.push(line);
  if (rule === 'comment') {
    readComment(line, draft.httpSteps);
    return;
  }
  if (rule === 'send') {
    readHttpSend(line, section);
    return;
  }
  addStep(line, draft.httpSteps, rule === 'connect' ? readConnect(line) : readExpect(line, 2, 'http'));
}

function readTcpCheck(line: Line, section: ProxySection): void {
  const rule = line.choice(1, 'a tcp-check rule', TCP_RULES.includes(stem(line)) ? [line.text(1)] : TCP_RULES);
  if (!rule) return;
  if (stem(line).includes('set-var')) {
    defer(line, section.proxy.deferred, VARIABLES);
    return;
  }
  const draft = ownTcp(section);
  draft.tcpLines.push(line);
  if (rule === 'comment') {
    readComment(line, draft.tcpSteps);
    return;
  }
  if (rule === 'connect') {
    addStep(line, draft.tcpSteps, readConnect(line));
    return;
  }
  if (rule === 'expect') {
    addStep(line, draft.tcpSteps, readExpect(line, 2, 'tcp'));
    return;
  }
  addStep(line, draft.tcpSteps, readTcpSend(line, rule));
}

/** `set-var(check.x)` without what is in the parentheses. */
function stem(line: Line): string {
  return line.text(1).replace(/\(.*$/s, '');
}

/** A step of its own, which is counted. */
function readComment(line: Line, steps: CheckStep[]): void {
  if (!line.has(2)) {
    line.error('missing-argument', 1, "'comment' needs a text", "write it after 'comment'");
    return;
  }
  steps.push({ do: 'comment', comment: line.texts.slice(2).join(' ') });
}

/** A script that connects itself must begin with that, so that it is clear where the bytes go. */
function addStep(line: Line, steps: CheckStep[], step: CheckStep | undefined): void {
  if (!step) return;
  const first = steps.find(({ do: what }) => what !== 'comment');
  const isLateConnect = step.do === 'connect' && first !== undefined && first.do !== 'connect';
  if (isLateConnect) {
    line.error(
      'late-connect',
      1,
      "a 'connect' follows other steps, and the first step is none",
      "begin the script with 'connect'",
    );
    return;
  }
  steps.push(withoutUndefined(step));
}

/** The first `send` completes the request of `option httpchk`; a further one needs a connection of its own. */
function readHttpSend(line: Line, section: ProxySection): void {
  const draft = section.check;
  const lastSend = draft.httpSteps.findLastIndex((step) => step.do === 'http-send');
  const hasConnected = draft.httpSteps.slice(lastSend + 1).some((step) => step.do === 'connect');
  if (lastSend >= 0 && !hasConnected) {
    line.error(
      'missing-connect',
      1,
      "a second 'send' needs a new connection",
      "write 'http-check connect' in front of it",
    );
    return;
  }
  const request = lastSend < 0 ? (draft.request ?? defaultRequest()) : defaultRequest();
  const comment = readRequestWords(line, request);
  if (lastSend < 0) draft.request = request;
  addStep(line, draft.httpSteps, withoutUndefined({ ...requestStep(request), comment }));
}

/** Completes `request` from the words of the line; returns its comment. */
function readRequestWords(line: Line, request: CheckRequest): string | undefined {
  const words = ['comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body', 'body-lf'];
  let comment: string | undefined;
  for (let i = 2; line.has(i); i += line.text(i) === 'hdr' ? 3 : 2) {
    const word = line.choice(i, 'a part of the request', words);
    if (!word || !hasValue(line, i, word === 'hdr' ? 2 : 1)) return comment;
    if (word === 'comment') comment = line.text(i + 1);
    else if (word === 'hdr') request.headers.push([line.text(i + 1), plainText(line, i + 2)]);
    else if (word === 'meth') request.method = line.text(i + 1);
    else if (word === 'ver') request.version = line.text(i + 1);
    else if (word === 'uri' || word === 'body') request[word] = line.text(i + 1);
    else request[word === 'uri-lf' ? 'uri' : 'body'] = plainText(line, i + 1);
  }
  return comment;
}

function hasValue(line: Line, i: number, count: number): boolean {
  if (line.words.length > i + count) return true;
  line.error(
    'missing-argument',
    i,
    `'${line.text(i)}' needs ${count > 1 ? 'a name and a value' : 'a value'}`,
    `write it after '${line.text(i)}'`,
  );
  return false;
}

/** A log-format text that needs no evaluation; anything else is refused, for a check must not send nonsense. */
function plainText(line: Line, i: number): string {
  const text = line.text(i).replaceAll('%%', '\0');
  if (text.includes('%'))
    line.error(
      'unsupported',
      i,
      `variables in check texts are not supported: '${line.text(i)}'`,
      "write the text itself, with '%%' for a percent sign",
    );
  return text.replaceAll('\0', '%');
}

function readTcpSend(line: Line, rule: string): CheckStep | undefined {
  if (!line.has(2)) {
    line.error('missing-argument', 1, `'${rule}' needs what to send`, `write it after '${rule}'`);
    return undefined;
  }
  if (line.has(3) && line.text(3) !== 'comment') {
    line.error(
      'extra-argument',
      3,
      `unexpected '${line.text(3)}' after the data`,
      "write spaces of the data as '\\ ' or put it into quotes",
    );
    return undefined;
  }
  if (line.text(3) === 'comment' && !hasValue(line, 3, 1)) return undefined;
  const data = sendData(line, rule);
  return data === undefined
    ? undefined
    : withoutUndefined({ do: 'send', data, comment: line.has(4) ? line.text(4) : undefined });
}

/** Bytes as latin1 text: HAProxy sends the bytes of the file, which is UTF-8. */
function sendData(line: Line, rule: string): string | undefined {
  const text = rule.endsWith('-lf') ? plainText(line, 2) : line.text(2);
  if (!rule.startsWith('send-binary')) return Buffer.from(text, 'utf8').toString('latin1');
  if (/^([0-9a-fA-F]{2})+$/.test(text)) return Buffer.from(text, 'hex').toString('latin1');
  line.error('bad-hex', 2, `'${text}' is not a row of hexadecimal pairs`, "write pairs such as '50494e47'");
  return undefined;
}

const CONNECT_WORDS = [
  'default',
  'port',
  'addr',
  'send-proxy',
  'linger',
  'comment',
  'via-socks4',
  'ssl',
  'sni',
  'alpn',
  'proto',
];

function readConnect(line: Line): CheckStep | undefined {
  const step: CheckStep & { do: 'connect' } = { do: 'connect' };
  for (let i = 2; line.has(i); i++) {
    const word = line.choice(i, 'a connect option', CONNECT_WORDS);
    if (!word) return undefined;
    if (word === 'default') step.useDefault = true;
    else if (word === 'send-proxy') step.sendProxy = true;
    else if (word === 'linger') step.linger = true;
    else if (word === 'ssl' || word === 'via-socks4') refuseConnectOption(line, i);
    else if (!hasValue(line, i, 1)) return undefined;
    else readConnectValue(line, i++, step);
  }
  return step;
}

function readConnectValue(line: Line, i: number, step: CheckStep & { do: 'connect' }): void {
  switch (line.text(i)) {
    case 'comment':
      step.comment = line.text(i + 1);
      return;
    case 'port':
      readConnectPort(line, i, step);
      return;
    case 'addr':
      readConnectAddress(line, i, step);
      return;
    default:
      refuseConnectOption(line, i);
  }
}

function readConnectPort(line: Line, i: number, step: CheckStep & { do: 'connect' }): void {
  if (/^[a-z]/.test(line.text(i + 1)))
    line.error(
      'unsupported',
      i + 1,
      `a computed port is not supported: '${line.text(i + 1)}'`,
      'write the port number',
    );
  else step.port = line.integer(i + 1, 'the port', { min: 1, max: 65535 });
}

function readConnectAddress(line: Line, i: number, step: CheckStep & { do: 'connect' }): void {
  const parsed = line.parsed(i + 1, parseServerAddress(line.text(i + 1)), 'bad-address');
  if (parsed?.address.kind === 'inet') step.addr = parsed.address.host;
  else if (parsed)
    line.error('bad-address', i + 1, `a check cannot connect to '${line.text(i + 1)}'`, 'write an IP address');
}

function refuseConnectOption(line: Line, i: number): void {
  line.error('unsupported', i, `'${line.text(i)}' is not supported in checks`, 'check the server without TLS or SOCKS');
}
