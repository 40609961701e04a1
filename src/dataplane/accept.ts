/**
 * A listening socket of one worker. Level-triggered: accept4 is called as often as the last turns suggest, so that a
 * single connection costs a single call. Room under `maxconn` (process and frontend, over all workers) is reserved
 * before accepting; without room the socket is not watched until a session ends: clients then wait in the backlog.
 */
import * as T from '../core/table.js';
import type { Timed } from '../core/timer-heap.js';
import {
  EAGAIN,
  ECONNABORTED,
  EINTR,
  EMFILE,
  ENFILE,
  ENOBUFS,
  ENOMEM,
  EPOLLEXCLUSIVE,
  EPOLLIN,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
} from '../linux/constants.js';
import type { Pollable } from '../linux/reactor.js';
import { accept4 } from '../linux/syscalls.js';
import type { FrontendEntity, ListenerSpec, WorkerRow } from './entities.js';
import type { DataplaneWorker } from './worker-context.js';

const ACCEPTS_PER_TURN = 64;
/** How long to leave a socket alone when descriptors or memory ran out. */
const EXHAUSTED_PAUSE_MS = 100;

export class AcceptSocket implements Pollable, Timed {
  wakeAtMs = 0;
  heapIndex = -1;
  /** Not watched because a limit was reached; `resume` looks again. */
  blocked = false;
  paused = false;
  closed = false;
  private batch = 1;
  private watched = false;

  constructor(
    readonly worker: DataplaneWorker,
    readonly fd: number,
    public spec: ListenerSpec,
    public frontend: FrontendEntity,
    readonly cells: WorkerRow,
    private readonly shared: boolean,
  ) {}

  /** Starts (or goes on) watching. */
  watch(): void {
    if (this.watched || this.paused || this.closed) return;
    this.watched = true;
    this.worker.reactor.add(this.fd, this, this.shared ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN);
  }

  unwatch(): void {
    if (this.watched) this.worker.reactor.remove(this.fd);
    this.watched = false;
  }

  onEvents(): void {
    for (let n = 0; n < this.batch; n++) {
      if (!this.acceptOne()) return;
    }
    this.batch = Math.min(ACCEPTS_PER_TURN, this.batch * 2);
  }

  /** Ends a pause made for a rate or for lack of descriptors. */
  onTimer(): void {
    this.blocked = false;
    this.watch();
  }

  /** A session ended somewhere: room may be there. */
  resume(): void {
    if (!this.blocked || this.heapIndex >= 0) return;
    if (!this.reserve()) return;
    this.unreserve();
    this.blocked = false;
    this.withdraw();
    this.watch();
  }

  /** Accepts all that waits in the kernel, before the descriptor is closed for good. */
  drainBacklog(): void {
    for (let n = 0; n < 65_536 && this.acceptOne(); n++);
  }

  /** @returns false when there is nothing more to do in this turn */
  private acceptOne(): boolean {
    const { worker } = this;
    if (!this.reserve()) {
      this.block();
      return false;
    }
    const pause = this.ratePauseMs();
    if (pause > 0) {
      this.unreserve();
      this.pauseFor(pause);
      return false;
    }
    const peer = worker.peer;
    peer.prepare();
    const fd = accept4(this.fd, peer.ptr, peer.lengthPtr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      peer.taken();
      this.noteHighest();
      worker.open(fd, this);
      return true;
    }
    this.unreserve();
    return this.acceptFailed(fd);
  }

  private acceptFailed(result: number): boolean {
    if (result === -EAGAIN) {
      this.batch = 1;
      return false;
    }
    if (result === -ECONNABORTED || result === -EINTR) return true;
    if (result === -EMFILE || result === -ENFILE || result === -ENOMEM || result === -ENOBUFS) {
      this.worker.descriptorsExhausted(result);
      this.pauseFor(EXHAUSTED_PAUSE_MS);
    }
    return false;
  }

  private pauseFor(ms: number): void {
    this.unwatch();
    this.blocked = true;
    this.worker.reactor.timers.arm(this, this.worker.reactor.nowMs + ms);
  }

  private reserve(): boolean {
    const { process } = this.worker;
    const { cells } = this.frontend;
    if (!takeRoom(process.i32, process.int)) return false;
    if (takeRoom(cells.i32, cells.int)) {
      if (takeRoom(this.cells.i32, this.cells.int)) return true;
      cells.leave();
    }
    process.leave();
    return false;
  }

  /** Only now: a room that was reserved in vain is no session. */
  private noteHighest(): void {
    this.worker.process.noteHighest();
    this.frontend.cells.noteHighest();
    this.cells.noteHighest();
  }

  private unreserve(): void {
    this.worker.process.leave();
    this.frontend.cells.leave();
    this.cells.leave();
  }

  private block(): void {
    if (this.blocked) return;
    this.unwatch();
    this.blocked = true;
    this.worker.process.row.add(T.I_WAITERS, 1);
    this.worker.blockedSockets.add(this);
    this.worker.warnRarely(
      `full-${this.frontend.name}`,
      `frontend ${this.frontend.name}: maxconn reached, new clients wait`,
    );
    this.resume(); // the last session may have ended between the look and the registration
  }

  private withdraw(): void {
    if (this.worker.blockedSockets.delete(this)) this.worker.process.row.add(T.I_WAITERS, -1);
  }

  /** Takes the socket out of service; the caller closes the descriptor. */
  retire(): void {
    this.unwatch();
    this.closed = true;
    this.withdraw();
    this.worker.reactor.timers.cancel(this);
  }

  /** `rate-limit sessions`, `maxconnrate`, `maxsessrate`: ms until the next one may come. */
  private ratePauseMs(): number {
    const { worker, frontend } = this;
    return (
      over(frontend.cells, worker, T.I_RATE_LIMIT, T.C_RATE_SECOND) ||
      over(worker.process, worker, T.I_RATE_LIMIT, T.C_CRATE_SECOND) ||
      over(worker.process, worker, T.I_SESS_RATE_LIMIT, T.C_RATE_SECOND)
    );
  }
}

function over(cells: WorkerRow, worker: DataplaneWorker, limitCell: number, cell: number): number {
  const limit = cells.i32[cells.int + limitCell];
  if (limit <= 0) return 0;
  const now = cells.rateNow(cell, worker.epochSecond);
  return now < limit ? 0 : Math.max(1, worker.msToNextSecond());
}

/** Adds one to the gauge unless that would pass the limit (0 = no limit). */
function takeRoom(i32: Int32Array, int: number): boolean {
  const limit = Atomics.load(i32, int + T.I_MAXCONN);
  const now = Atomics.add(i32, int + T.I_CUR_SESS, 1) + 1;
  if (limit <= 0 || now <= limit) return true;
  Atomics.sub(i32, int + T.I_CUR_SESS, 1);
  return false;
}
