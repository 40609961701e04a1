/** `option` lines of mode http (manual §4.2). */
import type { HttpSettings } from '../model.js';
import { isNetwork } from './acl.js';
import type { Line } from './line.js';
import type { Option } from './options.js';
import { defer, mark, type ProxySection } from './section.js';

type Switch = {
  [K in keyof HttpSettings]-?: NonNullable<HttpSettings[K]> extends boolean ? K : never;
}[keyof HttpSettings];

function flag(places: string, field: Switch): Option {
  const read = (line: Line, section: ProxySection) => {
    if (!line.noMore(2)) return;
    const { http } = section.proxy;
    if (line.prefix === 'default') delete http[field];
    else http[field] = line.prefix !== 'no';
    mark(section, `option ${line.text(1)}`, line);
  };
  return { in: places, isNegatable: true, read };
}

/** Read, and without effect here. */
function noted(places: string, reason: string): Option {
  const read = (line: Line, section: ProxySection) => {
    if (line.noMore(2) && line.prefix === undefined) defer(line, section.proxy.deferred, reason);
  };
  return { in: places, isNegatable: true, read };
}

function connectionMode(mode: NonNullable<HttpSettings['connectionMode']>): Option {
  const read = (line: Line, section: ProxySection) => {
    if (!line.noMore(2)) return;
    if (line.prefix === 'default') {
      line.error('bad-negation', 1, `'default' cannot stand in front of 'option ${line.text(1)}'`, 'remove the line');
      return;
    }
    const { http } = section.proxy;
    if (line.prefix === undefined) http.connectionMode = mode;
    else if (http.connectionMode === mode) delete http.connectionMode;
  };
  return { in: 'dfb', isNegatable: true, read };
}

const CASE = 'header names go out in lower case to everybody';

export const HTTP_OPTIONS: { readonly [name: string]: Option } = {
  'accept-invalid-http-request': flag('df', 'acceptInvalidRequest'),
  'accept-invalid-http-response': flag('db', 'acceptInvalidResponse'),
  'disable-h2-upgrade': flag('df', 'disableH2Upgrade'),
  'h1-case-adjust-bogus-client': noted('df', CASE),
  'h1-case-adjust-bogus-server': noted('db', CASE),
  'http-buffer-request': flag('dfb', 'bufferRequest'),
  'http-ignore-probes': flag('df', 'ignoreProbes'),
  'http-no-delay': flag('dfb', 'noDelay'),
  'http-pretend-keepalive': flag('db', 'pretendKeepalive'),
  'http-use-proxy-header': flag('df', 'useProxyHeader'),
  'http-use-htx': flag('dfb', 'useHtx'),
  'idle-close-on-response': flag('df', 'idleCloseOnResponse'),
  'http-keep-alive': connectionMode('keep-alive'),
  'http-server-close': connectionMode('server-close'),
  httpclose: connectionMode('close'),
  'http-restrict-req-hdr-names': { in: 'dfb', isNegatable: false, read: readRestriction },
  forwardfor: { in: 'dfb', isNegatable: false, read: (line, section) => readForward(line, section, 'forwardFor') },
  originalto: { in: 'dfb', isNegatable: false, read: (line, section) => readForward(line, section, 'originalTo') },
  forwarded: { in: 'db', isNegatable: true, read: readForwarded },
};

function readRestriction(line: Line, section: ProxySection): void {
  const action = line.choice(2, 'what to do with such headers', ['preserve', 'delete', 'reject'] as const);
  if (action && line.noMore(3)) section.proxy.http.restrictReqHdrNames = action;
}

/** `option forwardfor [except NET] [header NAME] [if-none]`; `originalto` without the last. */
function readForward(line: Line, section: ProxySection, field: 'forwardFor' | 'originalTo'): void {
  const setting: { header?: string; except?: string; ifNone?: true } = {};
  const words = field === 'forwardFor' ? ['except', 'header', 'if-none'] : ['except', 'header'];
  for (let i = 2; line.has(i); i += line.text(i) === 'if-none' ? 1 : 2) {
    const word = line.choice(i, `a word of 'option ${line.text(1)}'`, words);
    if (!word || !readForwardWord(line, i, word, setting)) return;
  }
  section.proxy.http[field] = setting;
  mark(section, field, line);
}

function readForwardWord(
  line: Line,
  i: number,
  word: string,
  to: { header?: string; except?: string; ifNone?: true },
): boolean {
  if (word === 'if-none') {
    to.ifNone = true;
    return true;
  }
  const value = line.text(i + 1);
  const isGood = word === 'header' ? value !== '' : isNetwork(value);
  if (!isGood) {
    const [what, example] = word === 'header' ? ['a header name', 'X-Client'] : ['a network', '127.0.0.0/8'];
    line.error(
      'bad-value',
      Math.min(i + 1, line.words.length - 1),
      `'${word}' needs ${what}`,
      `write such as '${word} ${example}'`,
    );
    return false;
  }
  to[word === 'header' ? 'header' : 'except'] = value;
  return true;
}

/** Of HAProxy 3: RFC 7239. Its words are kept and read where the header is made. */
function readForwarded(line: Line, section: ProxySection): void {
  const { http } = section.proxy;
  if (line.prefix === 'default') delete http.forwarded;
  else http.forwarded = line.prefix === 'no' ? false : line.words.slice(2).map(({ text }) => text);
}
