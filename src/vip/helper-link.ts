/**
 * The VIP thread's end of the socket to its helper process: a JSON document per line, both ways. The socket never blocks;
 * what it does not take waits here, up to a bound: a helper that does not read any more is as good as dead.
 */
import { EAGAIN, EINTR, EPOLLERR, EPOLLHUP, EPOLLRDHUP } from '../linux/constants.js';
import { NativeBuffer } from '../linux/memory.js';
import type { Pollable, Reactor } from '../linux/reactor.js';
import { read, write } from '../linux/syscalls.js';
import type { FromHelper, ToHelper } from './helper/messages.js';

const CHUNK_BYTES = 64 * 1024;
/** Far more than a plan of thousands of addresses; a line longer than this is no message of ours. */
const WAITING_BYTES_MAX = 8 * 1024 * 1024;

export class HelperLink implements Pollable {
  /** 0 while there is none. */
  pid = 0;
  private fd = -1;
  private readonly buffer = new NativeBuffer(CHUNK_BYTES);
  private waiting: Buffer = Buffer.alloc(0);
  private received: Buffer = Buffer.alloc(0);

  constructor(
    private readonly reactor: Reactor,
    private readonly onMessage: (message: FromHelper) => void,
    private readonly onLost: (why: string) => void,
  ) {}

  get isOpen(): boolean {
    return this.fd >= 0;
  }

  /** Takes the descriptor over; one that was open before is closed. */
  open(fd: number, pid: number): void {
    this.close();
    this.fd = fd;
    this.pid = pid;
    const result = this.reactor.add(fd, this);
    if (result < 0) this.lose(`cannot be watched: errno ${-result}`);
  }

  send(message: ToHelper): void {
    if (this.fd < 0) return;
    const line = Buffer.from(`${JSON.stringify(message)}\n`);
    this.waiting = this.waiting.length === 0 ? line : Buffer.concat([this.waiting, line]);
    if (this.waiting.length > WAITING_BYTES_MAX) this.lose('does not read what it is told');
    else this.flush();
  }

  onEvents(_fd: number, events: number): void {
    this.flush();
    this.receive();
    if ((events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) !== 0) this.lose('closed its socket');
  }

  private flush(): void {
    while (this.fd >= 0 && this.waiting.length > 0) {
      const part = this.waiting.subarray(0, CHUNK_BYTES);
      this.buffer.bytes.set(part);
      const sent = write(this.fd, this.buffer.ptr, part.length);
      if (sent === -EINTR) continue;
      if (sent === -EAGAIN) return;
      if (sent < 0) {
        this.lose(`cannot be written to: errno ${-sent}`);
        return;
      }
      this.waiting = this.waiting.subarray(sent);
    }
  }

  private receive(): void {
    while (this.fd >= 0) {
      const got = read(this.fd, this.buffer.ptr, CHUNK_BYTES);
      if (got === -EINTR) continue;
      if (got <= 0) return; // nothing more for now, or the end: that comes as an event of its own
      this.received = Buffer.concat([this.received, this.buffer.bytes.subarray(0, got)]);
      this.takeLines();
      if (this.received.length > WAITING_BYTES_MAX) {
        this.lose('sent a line without end');
        return;
      }
    }
  }

  private takeLines(): void {
    let from = 0;
    for (let end = this.received.indexOf(10); end >= 0; end = this.received.indexOf(10, from)) {
      this.take(this.received.toString('utf8', from, end));
      from = end + 1;
    }
    this.received = Buffer.from(this.received.subarray(from));
  }

  private take(line: string): void {
    let message: FromHelper;
    try {
      message = JSON.parse(line) as FromHelper;
    } catch {
      this.lose('sent what is no message');
      return;
    }
    this.onMessage(message);
  }

  private lose(why: string): void {
    if (this.fd < 0) return;
    this.close();
    this.onLost(why);
  }

  close(): void {
    if (this.fd >= 0) this.reactor.closeLater(this.fd);
    this.fd = -1;
    this.pid = 0;
    this.waiting = Buffer.alloc(0);
    this.received = Buffer.alloc(0);
  }
}
