/** `log` lines of every section (manual §3.1 and §4.2). */
import { parseLogAddress } from '../address.js';
import type { LogFacility, LogLevel, LogSyslogFormat, LogTarget } from '../model.js';
import type { Parsed } from '../units.js';
import type { Line } from './line.js';

const FACILITIES: readonly LogFacility[] = [
  ...(['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news'] as const),
  ...(['uucp', 'cron', 'auth2', 'ftp', 'ntp', 'audit', 'alert', 'cron2'] as const),
  ...(['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'] as const),
];
const LEVELS: readonly LogLevel[] = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];
const FORMATS: readonly LogSyslogFormat[] = ['local', 'rfc3164', 'rfc5424', 'priority', 'short', 'timed', 'iso', 'raw'];

/** `log ADDRESS [len N] [format F] [sample R:N] FACILITY [LEVEL [MINLEVEL]]`: the options in this order only. */
export function parseLog(line: Line): LogTarget | undefined {
  if (!line.need(1, 'an address and a facility')) return undefined;
  const target = line.parsed(1, parseLogAddress(line.text(1)), 'bad-address');
  const options = parseOptions(line);
  if (!target || !options) return undefined;
  const { next, ...settings } = options;
  const facility = line.choice(next, 'a log facility', FACILITIES);
  if (!facility) return undefined;
  const levels = parseLevels(line, next + 1);
  return levels && { target, ...settings, facility, ...levels, loc: line.whole };
}

function parseOptions(line: Line): (Pick<LogTarget, 'len' | 'format' | 'sample'> & { next: number }) | undefined {
  let next = 2;
  const found: Pick<LogTarget, 'len' | 'format' | 'sample'> = {};
  if (line.text(next) === 'len') {
    found.len = line.integer(next + 1, 'the longest log line', { min: 80, max: 65535 });
    if (found.len === undefined) return undefined;
    next += 2;
  }
  if (line.text(next) === 'format') {
    found.format = line.choice(next + 1, 'a log format', FORMATS);
    if (found.format === undefined) return undefined;
    next += 2;
  }
  if (line.text(next) === 'sample') {
    found.sample = line.parsed(next + 1, parseSample(line.text(next + 1)), 'bad-sample');
    if (found.sample === undefined) return undefined;
    next += 2;
  }
  return { ...found, next };
}

function parseLevels(line: Line, from: number): Pick<LogTarget, 'level' | 'minLevel'> | undefined {
  const levels: Pick<LogTarget, 'level' | 'minLevel'> = {};
  if (line.has(from)) {
    levels.level = line.choice(from, 'a log level', LEVELS);
    if (!levels.level) return undefined;
  }
  if (line.has(from + 1)) {
    levels.minLevel = line.choice(from + 1, 'a log level', LEVELS);
    if (!levels.minLevel) return undefined;
  }
  return line.noMore(from + 2) ? levels : undefined;
}

/** `1,2-3:5`: of every 5 lines the first to the third. */
function parseSample(text: string): Parsed<NonNullable<LogTarget['sample']>> {
  const [, list, sizeText] = /^([0-9,-]+):(\d+)$/.exec(text) ?? [];
  const wrong = (message: string) => ({
    ok: false as const,
    message,
    remedy: "write ranges and a size, such as '1,2-3:5'",
  });
  if (list === undefined) return wrong(`'${text}' is not a sample`);
  const ranges: [number, number][] = [];
  for (const part of list.split(',')) {
    const [, low, , high = low] = /^(\d+)(-(\d+))?$/.exec(part) ?? [];
    const isRange = part.includes('-');
    if (low === undefined || Number(low) < 1 || Number(high) < Number(low) || (isRange && low === high))
      return wrong(`wrong range '${part}'`);
    ranges.push([Number(low), Number(high)]);
  }
  const size = Number(sizeText);
  const top = Math.max(...ranges.map(([, high]) => high));
  if (size < top) return wrong(`the size ${size} is smaller than the range end ${top}`);
  return { ok: true, value: { ranges, size } };
}
