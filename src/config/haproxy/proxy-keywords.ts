/** The keywords of proxy sections, and where each may stand (manual §4.1). */
import { parseListenAddresses } from '../address.js';
import type { ProxyOptions } from '../model.js';
import { readBalance, readHashBalanceFactor, readHashType } from './balance.js';
import { readBind } from './bind.js';
import { EXTERNAL_KEYWORDS } from './builtin-checks.js';
import { CHECK_KEYWORDS } from './check-rules.js';
import { DEFERRED_KEYWORDS } from './deferred.js';
import { ERROR_KEYWORDS } from './error-pages.js';
import { checkSamples } from './expression.js';
import { HTTP_KEYWORDS } from './http-keywords.js';
import { HTTP_RULE_KEYWORDS } from './http-rules.js';
import type { Line } from './line.js';
import { parseLog } from './log.js';
import { readOption } from './options.js';
import { RULE_KEYWORDS } from './rules.js';
import { isAllowed, mark, type ProxyKeyword, type ProxyKeywords, type ProxySection } from './section.js';
import { readDefaultServer, readServer, readServerTemplate } from './server.js';
import { readSource } from './source.js';
import { STATS_KEYWORDS } from './stats.js';
import { STICK_KEYWORDS } from './stick.js';
import { TIMEOUT_KEYWORDS } from './timeouts.js';

type Numbers = 'maxconn' | 'backlog' | 'fullconn' | 'retries';

const number = (places: string, field: Numbers): ProxyKeyword => ({
  in: places,
  read: (line, section) => {
    const value = line.looseInteger(1, `'${line.text(0)}'`, { min: 0 });
    if (value === undefined || !line.noMore(2)) return;
    section.proxy[field] = value;
    mark(section, field, line);
  },
});

type KeepaliveTimes = Extract<keyof ProxyOptions, `${string}tcpka${string}Ms`>;

/** Times of TCP keep-alive are seconds where no unit is written. */
const keepaliveTime = (places: string, field: KeepaliveTimes): ProxyKeyword => ({
  in: places,
  read: (line, section) => {
    section.proxy.options[field] = line.duration(1, `'${line.text(0)}'`, 's');
    line.noMore(2);
  },
});

const keepaliveCount = (places: string, field: 'clitcpkaCnt' | 'srvtcpkaCnt'): ProxyKeyword => ({
  in: places,
  read: (line, section) => {
    section.proxy.options[field] = line.integer(1, `'${line.text(0)}'`, { min: 1 });
    line.noMore(2);
  },
});

const gone = (remedy: string): ProxyKeyword => ({
  in: 'dfb',
  read: (line) => line.error('removed-keyword', 0, `'${line.text(0)}' is not supported any more`, remedy),
});

const KEYWORDS: ProxyKeywords = {
  bind: { in: 'f', read: readBind },
  server: { in: 'b', isFatalElsewhere: true, read: readServer },
  'server-template': { in: 'b', isFatalElsewhere: true, read: readServerTemplate },
  'default-server': { in: 'db', isFatalElsewhere: true, read: readDefaultServer },
  mode: { in: 'dfb', read: readMode },
  id: { in: 'fb', read: readId },
  description: { in: 'fb', read: readDescription },
  disabled: { in: 'dfb', read: (line, section) => setDisabled(line, section, true) },
  enabled: { in: 'dfb', read: (line, section) => setDisabled(line, section, false) },
  maxconn: number('df', 'maxconn'),
  backlog: number('df', 'backlog'),
  fullconn: number('db', 'fullconn'),
  retries: number('db', 'retries'),
  balance: { in: 'db', read: readBalance },
  'hash-type': { in: 'db', read: readHashType },
  'hash-balance-factor': { in: 'db', read: readHashBalanceFactor },
  option: { in: 'dfb', read: readOption },
  log: { in: 'dfb', read: readLog },
  'log-tag': { in: 'dfb', read: readLogTag },
  'log-format': { in: 'df', read: (line, section) => readLogFormat(line, section, 'logFormat') },
  'log-format-sd': { in: 'df', read: (line, section) => readLogFormat(line, section, 'logFormatSd') },
  source: { in: 'db', read: readSourceLine },
  'rate-limit': { in: 'df', read: readRateLimit },
  'load-server-state-from-file': { in: 'db', read: readLoadState },
  'server-state-file-name': { in: 'db', read: readStateFileName },
  'clitcpka-cnt': keepaliveCount('df', 'clitcpkaCnt'),
  'clitcpka-idle': keepaliveTime('df', 'clitcpkaIdleMs'),
  'clitcpka-intvl': keepaliveTime('df', 'clitcpkaIntvlMs'),
  'srvtcpka-cnt': keepaliveCount('db', 'srvtcpkaCnt'),
  'srvtcpka-idle': keepaliveTime('db', 'srvtcpkaIdleMs'),
  'srvtcpka-intvl': keepaliveTime('db', 'srvtcpkaIntvlMs'),
  transparent: { in: 'db', read: readTransparent },
  dispatch: { in: 'b', read: readDispatch },
  'bind-process': {
    in: 'dfb',
    read: (line) => line.warning('no-effect', 0, "'bind-process' has no effect", 'remove the line'),
  },
  grace: gone("write 'grace' in the global section"),
  redispatch: gone("write 'option redispatch'"),
  ...TIMEOUT_KEYWORDS,
  ...CHECK_KEYWORDS,
  ...EXTERNAL_KEYWORDS,
  ...RULE_KEYWORDS,
  ...HTTP_RULE_KEYWORDS,
  ...HTTP_KEYWORDS,
  ...ERROR_KEYWORDS,
  ...STATS_KEYWORDS,
  ...STICK_KEYWORDS,
  ...DEFERRED_KEYWORDS,
};

export const PROXY_KEYWORD_NAMES = Object.keys(KEYWORDS);

export function isKnownProxyKeyword(name: string): boolean {
  return Object.hasOwn(KEYWORDS, name);
}

/** Reads a line whose keyword is known, if it may stand in the section. */
export function readProxyKeyword(line: Line, section: ProxySection): void {
  const keyword = KEYWORDS[line.text(0)];
  if (isAllowed(keyword.in, line, section, line.text(0), keyword.isFatalElsewhere)) keyword.read(line, section);
}

function readMode(line: Line, section: ProxySection): void {
  const mode = line.choice(1, 'a mode', ['tcp', 'http'] as const);
  if (!mode || !line.noMore(2)) return;
  section.proxy.mode = mode;
  mark(section, 'mode', line);
}

function readId(line: Line, section: ProxySection): void {
  const id = line.integer(1, "'id'", { min: 1 });
  if (id === undefined || !line.noMore(2)) return;
  section.proxy.id = id;
  section.hasOwnId = true;
  mark(section, 'id', line);
}

function readDescription(line: Line, section: ProxySection): void {
  if (line.need(1, 'a text')) section.proxy.description = line.texts.slice(1).join(' ');
}

function setDisabled(line: Line, section: ProxySection, isDisabled: boolean): void {
  if (line.noMore(1)) section.proxy.disabled = isDisabled;
}

/** `log global` is replaced by what the global section says so far; `no log` drops what was inherited. */
function readLog(line: Line, section: ProxySection): void {
  const { proxy } = section;
  if (line.prefix === 'no') proxy.logs = [];
  else if (line.text(1) === 'global') {
    if (line.noMore(2)) proxy.logs.push(...structuredClone(section.globalLogs));
  } else {
    const target = parseLog(line);
    if (target) proxy.logs.push(target);
  }
}

function readLogTag(line: Line, section: ProxySection): void {
  if (line.need(1, 'a tag')) section.proxy.logTag = line.text(1);
}

function readLogFormat(line: Line, section: ProxySection, field: 'logFormat' | 'logFormatSd'): void {
  if (!line.need(1, 'a format')) return;
  if (line.has(2)) {
    line.error(
      'extra-argument',
      2,
      `unexpected '${line.text(2)}' after the format`,
      "put the format into quotes, or write its spaces as '\\ '",
    );
    return;
  }
  if (!checkSamples(line, 1, 'log')) return;
  section.proxy[field] = line.text(1);
  mark(section, field, line);
  if (field === 'logFormat') section.proxy.logStyle = 'format';
}

function readSourceLine(line: Line, section: ProxySection): void {
  const { source, next } = readSource(line, 1, false);
  if (line.has(next) && source) {
    line.error(
      'extra-argument',
      next,
      `unexpected '${line.text(next)}' after the source`,
      "write 'usesrc …' or 'interface NAME'",
    );
    return;
  }
  section.proxy.source = source;
}

function readRateLimit(line: Line, section: ProxySection): void {
  if (!line.choice(1, 'a rate', ['sessions'])) return;
  section.proxy.rateLimitSessions = line.integer(2, "'rate-limit sessions'", { min: 0 });
  line.noMore(3);
}

function readLoadState(line: Line, section: ProxySection): void {
  section.proxy.loadServerStateFrom = line.choice(1, 'a place of the state', ['global', 'local', 'none'] as const);
}

/** Without a name, or with `use-backend-name`, the file is called like the backend. */
function readStateFileName(line: Line, section: ProxySection): void {
  const name = line.text(1);
  section.proxy.serverStateFileName = name === '' || name === 'use-backend-name' ? section.name : name;
}

function readTransparent(line: Line, section: ProxySection): void {
  line.warning('deprecated', 0, "'transparent' is deprecated", "write 'option transparent'");
  section.proxy.options.transparent = true;
}

function readDispatch(line: Line): void {
  if (!line.need(1, 'an address')) return;
  if (line.parsed(1, parseListenAddresses(line.text(1)), 'bad-address')) {
    line.error('unsupported', 0, "'dispatch' is not supported", `write 'server dispatch ${line.text(1)}'`);
  }
}
