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
import { close, connect, send, socket } from '../linux/syscalls.js';
import { logTime } from './clock.js';
import { writeWithoutBlocking } from './descriptor.js';

const LINE_BYTES = 1 << 17;
/** A receiver that is not there is looked for again at most this often. */
const RECONNECT_MS = 1000;
const buffer = new NativeBuffer(LINE_BYTES);
const text = Buffer.from(buffer.bytes.buffer);

class Output {
  private fd = -1;
  private triedMs = Number.NEGATIVE_INFINITY;
  /** A descriptor took only a part of the last line: the next one begins on a new line. */
  private isCut = false;
  readonly framing: SyslogFraming;

  constructor(
    private readonly target: LogTarget,
    identity: LogIdentity,
    private readonly encoding: BufferEncoding,
  ) {
    this.framing = new SyslogFraming(target, identity);
  }

  /** @returns false when the line was lost */
  put(line: string, nowMs: number): boolean {
    const { target } = this.target;
    if (target.kind === 'fd') return this.putOnDescriptor(target.fd, line);
    if (this.fd < 0) this.open(nowMs);
    if (this.fd < 0) return false;
    const sent = send(this.fd, buffer.ptr, text.write(line, this.encoding), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) return true;
    // A unix receiver that was restarted has a new socket under the same name; UDP needs no such care.
    if (sent !== -EAGAIN && target.kind === 'unix') this.close();
    return false;
  }

  private putOnDescriptor(fd: number, line: string): boolean {
    const length = text.write(this.isCut ? `\n${line}` : line, this.encoding);
    const written = writeWithoutBlocking(fd, buffer.ptr, length);
    if (written > 0) this.isCut = written < length;
    return written === length;
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

  /**
   * @param targets with numeric hosts
   * @param encoding `latin1`: lines have one character a byte, as what clients send has
   */
  constructor(targets: readonly LogTarget[], identity: LogIdentity, encoding: 'utf8' | 'latin1' = 'utf8') {
    this.outputs = targets.map((target) => new Output(target, identity, encoding));
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
