/** Keywords of mode http beside its rules: reuse, captures, cookies, monitoring, identifiers (manual §4.2). */
import type { Capture, HttpSettings, PersistenceCookie } from '../model.js';
import { parseDuration } from '../units.js';
import { checkTrailingCondition, placeConditional } from './conditions.js';
import { readFormat } from './expression.js';
import type { Line } from './line.js';
import { defer, mark, type ProxyKeywords, type ProxySection } from './section.js';

export const HTTP_KEYWORDS: ProxyKeywords = {
  'http-reuse': { in: 'db', read: readReuse },
  'http-send-name-header': { in: 'db', read: (line, section) => readName(line, section, 'sendNameHeader') },
  'unique-id-header': { in: 'df', read: (line, section) => readName(line, section, 'uniqueIdHeader') },
  'unique-id-format': { in: 'df', read: (line, section) => readFormatLine(line, section, 'uniqueIdFormat') },
  'error-log-format': { in: 'df', read: (line, section) => readFormatLine(line, section, 'errorLogFormat') },
  'max-keep-alive-queue': { in: 'db', read: readMaxQueue },
  'retry-on': { in: 'db', read: readRetryOn },
  'monitor-uri': { in: 'df', read: (line, section) => readName(line, section, 'monitorUri') },
  monitor: { in: 'f', read: readMonitor },
  capture: { in: 'f', read: readCapture },
  declare: { in: 'f', read: readDeclare },
  cookie: { in: 'db', read: readCookie },
  'dynamic-cookie-key': { in: 'db', read: (line, section) => readName(line, section, 'dynamicCookieKey') },
  persist: { in: 'db', read: readPersist },
  'force-persist': { in: 'fb', read: (line, section) => readPersistence(line, section, 'forcePersist') },
  'ignore-persist': { in: 'fb', read: (line, section) => readPersistence(line, section, 'ignorePersist') },
};

const REUSES = ['never', 'safe', 'aggressive', 'always'] as const;

function readReuse(line: Line, section: ProxySection): void {
  const reuse = line.choice(1, 'a way of reuse', REUSES);
  if (reuse) section.proxy.http.reuse = reuse;
}

type Name = 'sendNameHeader' | 'uniqueIdHeader' | 'monitorUri' | 'dynamicCookieKey';

function readName(line: Line, section: ProxySection, field: Name): void {
  if (!line.need(1, field === 'monitorUri' ? 'a path' : 'a name')) return;
  section.proxy.http[field] = line.text(1);
  mark(section, field, line);
}

function readFormatLine(line: Line, section: ProxySection, field: 'uniqueIdFormat' | 'errorLogFormat'): void {
  if (!line.need(1, 'a format')) return;
  if (line.has(2)) {
    const remedy = "put the format into quotes, or write its spaces as '\\ '";
    line.error('extra-argument', 2, `unexpected '${line.text(2)}' after the format`, remedy);
    return;
  }
  const format = readFormat(line, 1, field === 'uniqueIdFormat' ? 'request' : 'log');
  if (format === undefined) return;
  section.proxy.http[field] = format;
  mark(section, field, line);
}

function readMaxQueue(line: Line, section: ProxySection): void {
  const length = line.integer(1, "'max-keep-alive-queue'", { min: -1 });
  if (length !== undefined && line.noMore(2)) {
    section.proxy.http.maxKeepAliveQueue = length;
    mark(section, 'maxKeepAliveQueue', line);
  }
}

const RETRY_REASONS = ['conn-failure', 'empty-response', 'junk-response', 'response-timeout', '0rtt-rejected'];
const RETRY_STATUSES = ['401', '403', '404', '408', '425', '500', '501', '502', '503', '504'];
/** What `all-retryable-errors` stands for (manual, `retry-on`). */
const ALL_RETRYABLE = [...RETRY_REASONS, '500', '502', '503', '504'];

function readRetryOn(line: Line, section: ProxySection): void {
  const known = ['none', 'all-retryable-errors', ...RETRY_REASONS, ...RETRY_STATUSES];
  const words = line.texts.slice(1).filter((word) => word !== '');
  if (!line.need(1, 'a reason')) return;
  for (let i = 1; line.has(i); i++) if (!line.choice(i, 'a reason to try again', known)) return;
  if (words.includes('none') && words.length > 1) {
    line.error('bad-value', 1, "'none' stands alone", "write 'retry-on none', or leave it out");
    return;
  }
  const reasons = words.flatMap((word) => (word === 'all-retryable-errors' ? ALL_RETRYABLE : [word]));
  section.proxy.http.retryOn = [...new Set(reasons)];
  mark(section, 'retryOn', line);
}

function readMonitor(line: Line, section: ProxySection): void {
  if (!line.choice(1, 'a setting', ['fail'])) return;
  placeConditional(line, 2, section, (condition) => section.proxy.http.monitorFail.push(condition));
}

/** `capture request|response header NAME len N`, `capture cookie NAME len N`. */
function readCapture(line: Line, section: ProxySection): void {
  const what = line.choice(1, 'what to capture', ['request', 'response', 'cookie'] as const);
  if (!what) return;
  if (what === 'cookie') {
    readCookieCapture(line, section);
    return;
  }
  if (!line.choice(2, "'header'", ['header']) || !line.need(3, 'a header name')) return;
  const length = readLength(line, 4, 0);
  if (length === undefined || !line.noMore(6)) return;
  capturesOf(section.proxy.http, what).push({ name: line.text(3), length, loc: line.whole });
}

/** A name that ends in '=' is whole; else every cookie that begins with it counts. */
function readCookieCapture(line: Line, section: ProxySection): void {
  if (!line.need(2, 'a cookie name')) return;
  const length = readLength(line, 3, 0);
  if (length === undefined || !line.noMore(5)) return;
  const name = line.text(2).replace(/=$/, '');
  section.proxy.http.captureCookie = { name, length, ...(name === line.text(2) && { isPrefix: true as const }) };
}

function readDeclare(line: Line, section: ProxySection): void {
  if (!line.choice(1, 'a declaration', ['capture'])) return;
  const side = line.choice(2, 'a direction', ['request', 'response'] as const);
  if (!side) return;
  const length = readLength(line, 3, 1);
  if (length !== undefined && line.noMore(5)) capturesOf(section.proxy.http, side).push({ length, loc: line.whole });
}

function capturesOf(http: HttpSettings, side: 'request' | 'response'): Capture[] {
  return side === 'request' ? http.requestCaptures : http.responseCaptures;
}

function readLength(line: Line, i: number, min: number): number | undefined {
  return line.choice(i, "'len'", ['len']) && line.integer(i + 1, 'the length', { min });
}

type CookieFlag = { [K in keyof PersistenceCookie]-?: PersistenceCookie[K] extends true | undefined ? K : never }[
  | 'isIndirect'
  | 'noCache'
  | 'onlyPost'
  | 'preserves'
  | 'httpOnly'
  | 'secure'
  | 'isDynamic'];

const COOKIE_FLAGS: { readonly [word: string]: CookieFlag } = {
  indirect: 'isIndirect',
  nocache: 'noCache',
  postonly: 'onlyPost',
  preserve: 'preserves',
  httponly: 'httpOnly',
  secure: 'secure',
  dynamic: 'isDynamic',
};
const COOKIE_MODES = ['rewrite', 'insert', 'prefix'] as const;
const COOKIE_WORDS = ['domain', 'maxidle', 'maxlife', 'attr'];

function readCookie(line: Line, section: ProxySection): void {
  if (!line.need(1, 'a cookie name')) return;
  const cookie: PersistenceCookie = { name: line.text(1), mode: 'passive', loc: line.whole };
  let i = 2;
  while (line.has(i)) {
    const next = readCookieWord(line, i, cookie);
    if (next === undefined) return;
    i = next;
  }
  if (cookie.preserves && cookie.mode !== 'insert' && !cookie.isIndirect)
    line.error('bad-value', 1, "'preserve' needs 'insert' or 'indirect'", "write 'insert' too");
  else {
    section.proxy.http.cookie = cookie;
    mark(section, 'cookie', line);
  }
}

function readCookieWord(line: Line, i: number, cookie: PersistenceCookie): number | undefined {
  const word = line.choice(i, 'a cookie option', [...COOKIE_MODES, ...Object.keys(COOKIE_FLAGS), ...COOKIE_WORDS]);
  if (!word) return undefined;
  const mode = COOKIE_MODES.find((known) => known === word);
  if (mode) return setMode(line, i, cookie, mode);
  if (Object.hasOwn(COOKIE_FLAGS, word)) {
    cookie[COOKIE_FLAGS[word]] = true;
    return i + 1;
  }
  if (!line.has(i + 1)) {
    line.error('missing-argument', i, `'${word}' needs a value`, `write it after '${word}'`);
    return undefined;
  }
  return setCookieValue(line, i + 1, cookie, word) ? i + 2 : undefined;
}

function setMode(
  line: Line,
  i: number,
  cookie: PersistenceCookie,
  mode: (typeof COOKIE_MODES)[number],
): number | undefined {
  if (cookie.mode === 'passive' || cookie.mode === mode) {
    cookie.mode = mode;
    return i + 1;
  }
  line.error('bad-value', i, `'${mode}' and '${cookie.mode}' exclude each other`, 'write one of the two');
  return undefined;
}

function setCookieValue(line: Line, i: number, cookie: PersistenceCookie, word: string): boolean {
  const text = line.text(i);
  if (word === 'domain') {
    if (!/^[A-Za-z0-9.-]+$/.test(text))
      return refuse(line, i, `'${text}' is not a domain`, "write such as '.example.com'");
    cookie.domains = [...(cookie.domains ?? []), text];
  } else if (word === 'attr') {
    if (/[\x00-\x1f\x7f;]/.test(text)) return refuse(line, i, `'${text}' cannot be an attribute`, "leave out ';'");
    cookie.attributes = [...(cookie.attributes ?? []), text];
  } else {
    const time = line.parsed(i, parseDuration(text, 's'), 'bad-time');
    if (time?.trailing !== undefined)
      return refuse(line, i, `unexpected '${time.trailing}' in '${text}'`, "write such as '30m'");
    if (time === undefined) return false;
    cookie[word === 'maxidle' ? 'maxIdleS' : 'maxLifeS'] = Math.ceil(time.ms / 1000);
  }
  return true;
}

function refuse(line: Line, i: number, message: string, remedy: string): false {
  line.error('bad-value', i, message, remedy);
  return false;
}

function readPersist(line: Line, section: ProxySection): void {
  if (!line.choice(1, 'a kind of persistence', [/^rdp-cookie\(.*\)$/.test(line.text(1)) ? line.text(1) : 'rdp-cookie']))
    return;
  checkTrailingCondition(line, section);
  defer(line, section.proxy.deferred, 'RDP cookies are not read: write a stick-table instead');
}

function readPersistence(line: Line, section: ProxySection, field: 'forcePersist' | 'ignorePersist'): void {
  placeConditional(line, 1, section, (condition) => section.proxy[field].push(condition));
}
