/** `timeout NAME TIME` lines, and the names they had before HAProxy 2.1 (manual §4.2). */
import type { Timeouts } from '../model.js';
import { didYouMean } from '../suggest.js';
import type { Line } from './line.js';
import { isAllowed, mark, type ProxyKeywords, type ProxySection } from './section.js';

interface Timeout {
  field: keyof Timeouts;
  in: string;
}

const TIMEOUTS: { [name: string]: Timeout } = {
  client: { field: 'client', in: 'df' },
  server: { field: 'server', in: 'db' },
  connect: { field: 'connect', in: 'db' },
  check: { field: 'check', in: 'db' },
  queue: { field: 'queue', in: 'db' },
  tunnel: { field: 'tunnel', in: 'db' },
  tarpit: { field: 'tarpit', in: 'dfb' },
  'client-fin': { field: 'clientFin', in: 'df' },
  'server-fin': { field: 'serverFin', in: 'db' },
  'http-request': { field: 'httpRequest', in: 'dfb' },
  'http-keep-alive': { field: 'httpKeepAlive', in: 'dfb' },
};

export const TIMEOUT_KEYWORDS: ProxyKeywords = {
  timeout: { in: 'dfb', read: readTimeout },
  clitimeout: renamed('timeout client'),
  srvtimeout: renamed('timeout server'),
  contimeout: renamed('timeout connect'),
};

function readTimeout(line: Line, section: ProxySection): void {
  const name = line.text(1);
  const timeout = Object.hasOwn(TIMEOUTS, name) ? TIMEOUTS[name] : undefined;
  if (!timeout) {
    const names = Object.keys(TIMEOUTS);
    line.error(
      'unknown-keyword',
      name ? 1 : 0,
      `unknown timeout '${name}'`,
      didYouMean(name, names, `write one of ${names.join(', ')}`),
    );
    return;
  }
  const ms = line.duration(2, `'timeout ${name}'`);
  if (ms === undefined || !line.noMore(3)) return;
  if (!isAllowed(timeout.in, line, section, `timeout ${name}`)) return;
  section.proxy.timeouts[timeout.field] = ms;
  mark(section, `timeout ${name}`, line);
}

function renamed(now: string): ProxyKeywords[string] {
  return {
    in: 'dfb',
    read: (line) =>
      line.error(
        'removed-keyword',
        0,
        `'${line.text(0)}' is not supported any more`,
        `write '${now} ${line.text(1) || 'TIME'}'`,
      ),
  };
}
