/**
 * Sends log lines to their targets. Never blocks, never throws: what the receiver does not take at once is counted as
 * dropped, as HAProxy does (DroppedLogs). Runs in data-plane workers and in the main thread. Hosts are numeric here;
 * whoever builds the sink has resolved names.
 */
import type { LogLevel, LogTarget } from '../config/model.js';
import { type LogIdentity, SyslogFraming } from '../core/syslog.js';
import { EAGAIN, MSG_DONTWAIT, MSG_NOSIGNAL, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from '../linux/constants.js';
import { NativeBuffer } from '../linux/memory.js';
import { ipToWords, SockAddr } from '../linux/sockaddr.js';
import { close, connect, send, socket, write } from '../linux/syscalls.js';
import { logTime } from './clock.js';

const LINE_BYTES = 1 << 16;
/** A unix receiver that went away is looked for again at most this often. */
const RECONNECT_MS = 1000;
const buffer = new NativeBuffer(LINE_BYTES);
const text = Buffer.from(buffer.bytes.buffer);

class Output {
  private fd = -1;
  private triedMs = Number.NEGATIVE_INFINITY;
  readonly framing: SyslogFraming;

  constructor(
    private readonly target: LogTarget,
    identity: LogIdentity,
  ) {
    this.framing = new SyslogFraming(target, identity);
    this.open(0);
  }

  /** @returns false when the line was lost */
  put(line: string, nowMs: number): boolean {
    const length = text.write(line, 0, LINE_BYTES, 'latin1');
    const { target } = this.target;
    if (target.kind === 'fd') return write(target.fd, buffer.ptr, length) === length;
    if (this.fd < 0) this.open(nowMs);
    if (this.fd < 0) return false;
    const sent = send(this.fd, buffer.ptr, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) return true;
    if (sent === -EAGAIN || target.kind === 'udp') return false;
    this.close();
    return false;
  }

  private open(nowMs: number): void {
    const { target } = this.target;
    if (target.kind === 'fd' || nowMs - this.triedMs < RECONNECT_MS) return;
    this.triedMs = nowMs;
    const address = new SockAddr();
    if (target.kind === 'unix') address.setUnix(target.path);
    else {
      const { family, words } = ipToWords(target.host || '127.0.0.1');
      address.setInet(family, words, 0, target.port);
    }
    const fd = socket(address.family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    if (connect(fd, address.ptr, address.length) === 0) this.fd = fd;
    else close(fd);
  }

  close(): void {
    if (this.fd >= 0) close(this.fd);
    this.fd = -1;
  }
}

export class LogSink {
  /** Lines that some target did not take. */
  dropped = 0;
  private readonly outputs: Output[];

  /** @param targets with numeric hosts */
  constructor(targets: LogTarget[], identity: LogIdentity) {
    this.outputs = targets.map((target) => new Output(target, identity));
  }

  /** @param line without a newline @param epochMs wall clock of the event */
  send(level: LogLevel, line: string, epochMs: number): void {
    const time = logTime(epochMs);
    for (const output of this.outputs) {
      if (!output.framing.wants(level)) continue;
      if (!output.put(output.framing.frame(level, line, time), epochMs)) this.dropped++;
    }
  }

  close(): void {
    for (const output of this.outputs) output.close();
  }
}
