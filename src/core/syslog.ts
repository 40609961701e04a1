/**
 * Syslog messages as HAProxy 2.6 frames them (manual §4.2 `log`, RFC 3164 §4, RFC 5424 §6). Only the text is made here;
 * sending is `logs/log-sink.ts`.
 */
import type { LogFacility, LogLevel, LogSyslogFormat, LogTarget } from '../config/model.js';

const FACILITIES: LogFacility[] = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'auth2',
  'ftp',
  'ntp',
  'audit',
  'alert',
  'cron2',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
];
const LEVELS: LogLevel[] = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DEFAULT_LEN = 1024;

/** What the headers say of the sender. */
export interface LogIdentity {
  readonly tag: string;
  readonly pid: number;
  /** `log-send-hostname`: undefined = not set, '' = this host's own name, which is `hostname`. */
  readonly sendHostname: string | undefined;
  readonly hostname: string;
}

/** A moment as the headers want it; local wall clock, computed by the caller. */
export interface LogTime {
  readonly epochMs: number;
  /** Local fields, and `+hh:mm` of the time zone. */
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly zone: string;
}

/** One target ready to frame lines. */
export class SyslogFraming {
  private readonly facility: number;
  private readonly maxLevel: number;
  private readonly minLevel: number;
  private readonly format: LogSyslogFormat;
  private readonly host: string | undefined;
  private readonly maxText: number;
  private sampleAt = 0;
  private stampMs = -1;
  private stamp = '';

  constructor(
    private readonly target: LogTarget,
    private readonly identity: LogIdentity,
  ) {
    this.facility = FACILITIES.indexOf(target.facility);
    this.maxLevel = target.level === undefined ? 7 : LEVELS.indexOf(target.level);
    this.minLevel = target.minLevel === undefined ? 0 : LEVELS.indexOf(target.minLevel);
    this.format = target.format ?? (identity.sendHostname === undefined ? 'local' : 'rfc3164');
    this.host = identity.sendHostname === undefined ? undefined : identity.sendHostname || identity.hostname;
    // Observed from HAProxy 2.6: on a descriptor the length counts the newline, in a datagram it does not.
    this.maxText = (target.len ?? DEFAULT_LEN) - (target.target.kind === 'fd' ? 1 : 0);
  }

  /** True when the line goes to this target: level limits and sampling. Counts the sample. */
  wants(level: LogLevel): boolean {
    if (LEVELS.indexOf(level) > this.maxLevel) return false;
    const { sample } = this.target;
    if (sample === undefined) return true;
    this.sampleAt = (this.sampleAt % sample.size) + 1;
    return sample.ranges.some(([from, to]) => this.sampleAt >= from && this.sampleAt <= to);
  }

  /** @returns the datagram's text, ending in a newline, cut to the target's length. */
  frame(level: LogLevel, text: string, time: LogTime): string {
    const number = Math.max(LEVELS.indexOf(level), this.minLevel);
    const message = this.header(number, time) + text;
    return message.length > this.maxText ? `${message.slice(0, this.maxText)}\n` : `${message}\n`;
  }

  private header(level: number, time: LogTime): string {
    const pri = `<${this.facility * 8 + level}>`;
    const { tag, pid } = this.identity;
    switch (this.format) {
      case 'rfc3164':
        return `${pri}${this.bsdStamp(time)} ${this.host ?? 'localhost'} ${tag}[${pid}]: `;
      case 'rfc5424':
        return `${pri}1 ${isoStamp(time)} ${this.host ?? '-'} ${tag} ${pid} - - `;
      case 'local':
        return `${pri}${this.bsdStamp(time)} ${tag}[${pid}]: `;
      case 'priority':
        return pri;
      case 'short':
        return `<${level}>`;
      case 'timed':
        return `<${level}>${isoStamp(time)} `;
      case 'iso':
        return `${isoStamp(time)} `;
      case 'raw':
        return '';
    }
  }

  /** `Nov 21 05:46:12`, made once a second. */
  private bsdStamp(t: LogTime): string {
    const second = t.epochMs - (t.epochMs % 1000);
    if (second !== this.stampMs) {
      this.stampMs = second;
      this.stamp = `${MONTHS[t.month]} ${String(t.day).padStart(2)} ${two(t.hour)}:${two(t.minute)}:${two(t.second)}`;
    }
    return this.stamp;
  }
}

/** RFC 3339 with microseconds, as HAProxy prints; ours are whole milliseconds. */
function isoStamp(t: LogTime): string {
  const micros = `${String(Math.floor(t.epochMs % 1000)).padStart(3, '0')}000`;
  return `${t.year}-${two(t.month + 1)}-${two(t.day)}T${two(t.hour)}:${two(t.minute)}:${two(t.second)}.${micros}${t.zone}`;
}

function two(n: number): string {
  return n < 10 ? `0${n}` : `${n}`;
}
