/**
 * What the process itself says: on standard error in HAProxy's form, and to the log targets of the proxy concerned (or
 * of `global`). Sessions are logged by the workers, not here.
 */
import { hostname } from 'node:os';
import type { LogLevel, LogTarget, Model } from '../config/model.js';
import { LogSink } from '../logs/log-sink.js';

type Tag = 'NOTICE' | 'WARNING' | 'ALERT';

/** Level of the log line for each word on standard error. */
const LEVELS: { [tag in Tag]: LogLevel } = { NOTICE: 'notice', WARNING: 'warning', ALERT: 'alert' };

/** `[WARNING]  (1234) : text`, padded as HAProxy pads it. */
export function stderrLine(tag: Tag, text: string, pid = process.pid): string {
  return `${`[${tag}]`.padEnd(10)} (${pid}) : ${text}`;
}

export class ProcessLog {
  /** No lines on standard error: `-q`, `quiet`, or a daemon that let its terminal go. */
  quiet = false;
  private sinks = new Map<string, LogSink>();
  private model: Model | null = null;

  /** @param write one line to standard error @param preamble lines to print once, before the first warning */
  constructor(
    private readonly write: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
    private preamble: string[] = [],
  ) {}

  /** Follows the log targets of a configuration; hosts are numeric by now. */
  use(model: Model): void {
    for (const sink of this.sinks.values()) sink.close();
    this.sinks = new Map();
    this.model = model;
  }

  notice(text: string): void {
    this.say('NOTICE', text);
  }
  warning(text: string): void {
    this.say('WARNING', text);
  }
  alert(text: string): void {
    this.say('ALERT', text);
  }

  /** On standard error only: what concerns whoever typed the command. */
  say(tag: Tag, text: string): void {
    if (this.quiet) return;
    if (tag !== 'NOTICE') for (const line of this.preamble.splice(0)) this.write(line);
    this.write(stderrLine(tag, text));
  }

  /** On standard error and in the log of a proxy (null: of `global`). */
  record(tag: Tag, proxy: string | null, text: string): void {
    this.say(tag, text);
    this.send(LEVELS[tag], proxy, text, Date.now());
  }

  /** In the log only. @param proxy whose targets; null = those of `global` */
  send(level: LogLevel, proxy: string | null, text: string, epochMs: number): void {
    this.sinkOf(proxy)?.send(level, text, epochMs);
  }

  private sinkOf(name: string | null): LogSink | undefined {
    const key = name ?? '';
    const known = this.sinks.get(key);
    if (known || !this.model) return known;
    const { global } = this.model;
    const proxy = this.model.proxies.find((p) => p.name === name);
    const sink = createSink(proxy?.logs ?? global.logs, proxy?.logTag ?? global.logTag, global.logSendHostname);
    this.sinks.set(key, sink);
    return sink;
  }
}

function createSink(targets: LogTarget[], tag = 'haproxy', sendHostname?: string): LogSink {
  return new LogSink(targets, { tag, pid: process.pid, sendHostname, hostname: hostname() });
}
