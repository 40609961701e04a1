/**
 * One server's checks: waits for the next start, drives the socket through the steps, reports what came of it. A check
 * of a connection alone costs connect, connect and the connect that ends it, one by HTTP of a server nearby connect,
 * send, recv and that connect, on a socket that was used before; probes own no buffer unless an answer comes in pieces.
 */
import { performance } from 'node:perf_hooks';
import { CheckStatus } from '../core/check-status.js';
import type { ServerHealth } from '../core/health/entities.js';
import { STATE_STOPPED } from '../core/table.js';
import {
  AF_UNIX,
  EAGAIN,
  EALREADY,
  EINPROGRESS,
  EMFILE,
  ENFILE,
  ENOBUFS,
  ENOMEM,
  EPOLLET,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  IPPROTO_TCP,
  MSG_NOSIGNAL,
  SO_LINGER,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_DEFER_ACCEPT,
} from '../linux/constants.js';
import { errnoText } from '../linux/errors.js';
import { NativeBuffer } from '../linux/memory.js';
import type { Continuable, Pollable } from '../linux/reactor.js';
import { connect, recv, send, setsockopt, socket } from '../linux/syscalls.js';
import type { Checker, CheckOwner } from './checker.js';
import { evaluate } from './expect.js';
import type { CheckPlan, ConnectStep, ExpectStep, SendStep } from './plan.js';
import { proxyHeader } from './proxy-line.js';
import { stateHeader } from './state-header.js';
import { shownText } from './step-texts.js';
import type { Target } from './target.js';

const IDLE = 0;
const CONNECTING = 1;
const TALKING = 2;
const EISCONN = 106;
const READS = EPOLLIN | EPOLLRDHUP | EPOLLET;
const BOTH_WAYS = READS | EPOLLOUT;

const lingerZero = new NativeBuffer(16);
lingerZero.i32[0] = 1;
const one = new NativeBuffer(8);
one.i32[0] = 1;

export class Probe implements Pollable, Continuable, Checker {
  wakeAtMs = 0;
  heapIndex = -1;
  private plan: CheckPlan;
  /** In force from the next check on. */
  private nextPlan: CheckPlan;
  private nextTarget: Target;
  private phase = IDLE;
  private fd = -1;
  /** The socket is set up as those of most checks, and may serve another. */
  private isCommon = false;
  /** EPOLL* mask the descriptor is watched for, 0 = not. */
  private watched = 0;
  private connection: ConnectStep | null = null;
  private request: { bytes: NativeBuffer; length: number } | null = null;
  private stepIndex = 0;
  private sentBytes = 0;
  private isSendLast = false;
  /** Of this connection somebody will tell, or has told: epoll, or the next turn. */
  private isAwaited = false;
  private kept: NativeBuffer | null = null;
  private receivedBytes = 0;
  private startedMs = 0;
  /** What the last expect step that matched said, for the end of the script. */
  private matchedStatus: number = CheckStatus.UNK;
  private readonly report = { status: 0, code: 0, durationMs: 0, text: '' };

  constructor(
    private readonly owner: CheckOwner,
    public server: ServerHealth,
    private target: Target,
    plan: CheckPlan,
  ) {
    this.plan = this.nextPlan = plan;
    this.nextTarget = target;
  }

  /** A new configuration: a check under way ends as it began. */
  adopt(server: ServerHealth, target: Target, plan: CheckPlan): void {
    this.server = server;
    this.nextTarget = target;
    this.nextPlan = plan;
  }

  get isIdle(): boolean {
    return this.phase === IDLE;
  }

  /** Time for the next check, or the limit of the one under way. */
  onTimer(): void {
    if (this.phase !== IDLE) this.timedOut();
    else if (!this.owner.wants(this.server)) this.owner.missed(this);
    else this.begin();
  }

  onEvents(): void {
    this.isAwaited = true;
    if (this.phase === CONNECTING) this.connectAgain();
    else if (this.phase === TALKING) this.advance();
  }

  onContinue(): void {
    if (this.phase === TALKING) this.advance();
  }

  /** The server is gone, or is not to be checked any more. */
  cancel(): void {
    this.owner.reactor.timers.cancel(this);
    this.closeSocket(true);
    this.releaseBuffer();
    this.phase = IDLE;
  }

  private begin(): void {
    this.plan = this.nextPlan;
    this.target = this.nextTarget;
    this.startedMs = performance.now();
    this.stepIndex = 0;
    this.matchedStatus = CheckStatus.UNK;
    this.report.code = 0;
    this.report.text = '';
    this.owner.started(this);
    this.open(this.plan.steps[0] as ConnectStep);
  }

  // ── Connecting ────────────────────────────────────────────────────────────────────────────────────────────────────

  private open(step: ConnectStep): void {
    const { target } = this;
    this.connection = step;
    this.request = null;
    this.isSendLast = false;
    this.sentBytes = 0;
    this.receivedBytes = 0;
    this.isAwaited = false;
    if (!target.aim(step)) {
      this.end(CheckStatus.SOCKERR, 'No address for the server');
      return;
    }
    if (!this.makeSocket()) return;
    this.phase = CONNECTING;
    const { answerMs, connectMs } = this.plan;
    // Without `timeout check` one limit holds for the whole check, otherwise for each connection of its script.
    this.owner.reactor.timers.arm(this, (answerMs === undefined ? this.startedMs : performance.now()) + connectMs);
    this.connectAgain();
  }

  /** @returns false when there is none: the check is over */
  private makeSocket(): boolean {
    const { target } = this;
    const { family } = target.address;
    const { sockets, reactor } = this.owner;
    const { holdsAck } = this;
    this.isCommon = holdsAck && !target.isBound;
    this.fd = this.isCommon ? sockets.take(family) : -1;
    if (this.fd >= 0) {
      this.watched = sockets.watchedFor(this.fd);
      if (this.watched !== 0) reactor.handOver(this.fd, this);
      return true;
    }
    this.fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (this.fd < 0) {
      this.noSocket(-this.fd);
      return false;
    }
    const bound = target.bind(this.fd);
    if (bound < 0) this.end(CheckStatus.L4CON, `Can't bind to source address (${errnoText(bound)})`);
    else if (holdsAck && family !== AF_UNIX) setsockopt(this.fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, one.ptr, 4);
    return bound >= 0;
  }

  /**
   * A mere connection is proved by the SYN/ACK. Our ACK would only make the server accept what a reset ends at once
   * (databases count such clients as errors and lock them out), so it is held back. On the side that connects that is
   * what TCP_DEFER_ACCEPT does: as TCP_QUICKACK 0 (tcp(7)), but it stays with the socket. A request takes the ACK along,
   * which saves the server a wake-up. Only a server that speaks first must have it now.
   */
  private get holdsAck(): boolean {
    const next = this.plan.steps[this.stepIndex + 1];
    return next?.do !== 'expect' || this.connection?.sendProxy !== undefined;
  }

  /** Out of descriptors or memory: that says nothing about the server. */
  private noSocket(errno: number): void {
    this.fd = -1;
    const isOurs = errno === EMFILE || errno === ENFILE || errno === ENOMEM || errno === ENOBUFS;
    if (!isOurs) {
      this.end(CheckStatus.SOCKERR, errnoText(errno));
      return;
    }
    this.releaseBuffer();
    this.phase = IDLE;
    this.owner.missed(this);
  }

  /**
   * connect(2) is called until it says what became of the connection: a second call tells more, and cheaper, than
   * SO_ERROR, and on the same host it succeeds at once. Where a request comes next, sending that says as much.
   */
  private connectAgain(): void {
    const { address } = this.target;
    let result = connect(this.fd, address.ptr, address.length);
    if (result === -EINPROGRESS && this.connection?.sendProxy === undefined) {
      const next = this.plan.steps[this.stepIndex + 1];
      if (next?.do === 'send') {
        this.sendEarly(next);
        return;
      }
    }
    if (result === -EINPROGRESS) result = connect(this.fd, address.ptr, address.length);
    if (result === 0 || result === -EISCONN) this.connected();
    else if (result === -EALREADY || result === -EINPROGRESS) this.watch(BOTH_WAYS);
    else this.fail(CheckStatus.L4CON, errnoText(result));
  }

  /** The request of a connection that may be made: if it is not, that is what send(2) says. */
  private sendEarly(step: SendStep): void {
    const { bytes, length } = this.requestOf(step);
    const result = send(this.fd, bytes.ptr, length, MSG_NOSIGNAL);
    if (result === -EAGAIN) {
      this.request = null; // what it tells of this moment is said when it is sent
      this.watch(BOTH_WAYS);
    } else if (result < 0) this.fail(CheckStatus.L4CON, errnoText(result));
    else {
      this.talk();
      if (this.sent(result, length)) this.nextStep();
      this.advance();
    }
  }

  private watch(events: number): void {
    if ((this.watched & events) === events) return;
    const { reactor } = this.owner;
    if (this.watched !== 0) reactor.remove(this.fd);
    this.watched = events;
    const result = reactor.add(this.fd, this, events);
    if (result < 0) this.fail(CheckStatus.SOCKERR, errnoText(result));
  }

  private connected(): void {
    const step = this.plan.steps[this.stepIndex] as ConnectStep;
    this.phase = TALKING;
    if (step.sendProxy !== undefined && !this.sendHeader(step.sendProxy)) return;
    this.talk();
    this.advance();
  }

  private talk(): void {
    this.phase = TALKING;
    const { answerMs } = this.plan;
    if (answerMs !== undefined) this.owner.reactor.timers.arm(this, performance.now() + answerMs);
    this.stepIndex++;
  }

  /** A new connection always has room for it. */
  private sendHeader(version: 'v1' | 'v2'): boolean {
    const header = proxyHeader(this.fd, version);
    const length = header.bytes[header.size - 1];
    const result = send(this.fd, header.ptr, length, MSG_NOSIGNAL);
    this.isSendLast = true;
    if (result === length) return true;
    this.fail(CheckStatus.SOCKERR, result < 0 ? errnoText(result) : 'The PROXY header was not taken');
    return false;
  }

  // ── Talking ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Goes through the steps until one has to wait or the check is over. */
  private advance(): void {
    while (this.phase === TALKING) {
      if (this.stepIndex >= this.plan.steps.length) {
        this.succeed();
        return;
      }
      if (!this.runStep()) return;
    }
  }

  /** @returns false when the step waits, or the check is over */
  private runStep(): boolean {
    const step = this.plan.steps[this.stepIndex];
    switch (step.do) {
      case 'connect':
        this.closeSocket(false);
        this.open(step);
        return false;
      case 'send':
        return this.sendStep(step);
      case 'expect':
        return this.expectStep(step);
    }
  }

  private sendStep(step: SendStep): boolean {
    if (this.sentBytes === 0) this.receivedBytes = 0; // an answer to what went before is no answer to this
    const { bytes, length } = this.requestOf(step);
    if (!this.write(bytes.ptr, length)) return false;
    this.nextStep();
    return true;
  }

  /** The request is out. */
  private nextStep(): void {
    this.request = null;
    this.stepIndex++;
  }

  private requestOf(step: SendStep): { bytes: NativeBuffer; length: number } {
    if (step.timeAt >= 0) step.bytes.view.setUint32(step.timeAt, Math.floor(Date.now() / 1000));
    return step.stateAt < 0 ? step : this.withState(step);
  }

  /** The request with the state of this moment; the same until all of it is out. */
  private withState(step: SendStep): { bytes: NativeBuffer; length: number } {
    if (this.request !== null) return this.request;
    const header = Buffer.from(stateHeader(this.server, this.owner.nodeName), 'latin1');
    const length = step.length + header.length;
    const bytes = new NativeBuffer(length);
    bytes.bytes.set(step.bytes.bytes.subarray(0, step.stateAt));
    bytes.bytes.set(header, step.stateAt);
    bytes.bytes.set(step.bytes.bytes.subarray(step.stateAt, step.length), step.stateAt + header.length);
    this.request = { bytes, length };
    return this.request;
  }

  /** @returns true when all of it is out */
  private write(ptr: number, length: number): boolean {
    const result = send(this.fd, ptr + this.sentBytes, length - this.sentBytes, MSG_NOSIGNAL);
    if (result === -EAGAIN) {
      this.watch(BOTH_WAYS);
      return false;
    }
    if (result < 0) {
      this.fail(CheckStatus.SOCKERR, errnoText(result));
      return false;
    }
    return this.sent(result, length);
  }

  /** @returns true when all of it is out */
  private sent(bytes: number, length: number): boolean {
    this.isSendLast = true;
    this.sentBytes += bytes;
    if (this.sentBytes < length) {
      this.watch(BOTH_WAYS);
      return false;
    }
    this.sentBytes = 0;
    return true;
  }

  /**
   * Looks at what is there, reads until there is an outcome or nothing more to read. A first look waits until the checks
   * of this wake-up are all under way: by then many an answer is there, and epoll need not tell of it.
   */
  private expectStep(step: ExpectStep): boolean {
    const { buffers, reactor } = this.owner;
    if (this.receivedBytes === 0 && !this.isAwaited) {
      this.isAwaited = true;
      if (this.watched === 0) reactor.again(this);
      return false;
    }
    if (this.receivedBytes > 0 && this.judge(step, false)) return this.phase === TALKING;
    while (this.phase === TALKING) {
      const into = this.kept ?? buffers.shared;
      const room = buffers.sizeBytes - this.receivedBytes;
      const result = room === 0 ? 0 : recv(this.fd, into.ptr + this.receivedBytes, room, 0);
      if (result === -EAGAIN) {
        this.keep();
        this.watch(READS); // tells at once of what has come since
        return false;
      }
      if (result < 0 && this.receivedBytes === 0) {
        this.fail(CheckStatus.SOCKERR, errnoText(result));
        return false;
      }
      this.isSendLast = false;
      this.receivedBytes += Math.max(0, result);
      // What came before a reset is all there is: it is judged, as HAProxy does.
      const isFinal = result <= 0 || this.receivedBytes === buffers.sizeBytes;
      if (this.judge(step, isFinal)) return this.phase === TALKING;
    }
    return false;
  }

  /** What came so far is in the shared buffer, where the next probe writes: take it along. */
  private keep(): void {
    if (this.receivedBytes === 0 || this.kept !== null) return;
    const { buffers } = this.owner;
    this.kept = buffers.take();
    this.kept.bytes.set(buffers.shared.bytes.subarray(0, this.receivedBytes));
  }

  /** @returns true when the step is decided */
  private judge(step: ExpectStep, isFinal: boolean): boolean {
    const from = this.kept ?? this.owner.buffers.shared;
    const received = this.owner.buffers.view(from, this.receivedBytes);
    const isUp = this.server.state !== STATE_STOPPED;
    const verdict = evaluate(this.plan, step, received, isFinal, isUp);
    if (verdict.outcome === 'wait') return false;
    this.report.code = verdict.code;
    if (verdict.outcome === 'failed') {
      this.end(verdict.status, verdict.text);
      return true;
    }
    this.report.text = verdict.text;
    this.matchedStatus = verdict.status;
    this.stepIndex++;
    this.keep(); // the next step may look at the same bytes
    return true;
  }

  // ── The end ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** All steps done. Without an expect the check reached the layer it spoke on. */
  private succeed(): void {
    const { kind, steps } = this.plan;
    const last = steps[steps.length - 1].do;
    if (last === 'expect') {
      this.end(this.matchedStatus, this.report.text);
      return;
    }
    const status = steps.some((step) => step.do !== 'connect') ? CheckStatus.L7OK : CheckStatus.L4OK;
    this.end(status, kind === 'script' ? '(tcp-check)' : '');
  }

  private timedOut(): void {
    const step = this.plan.steps[this.stepIndex];
    if (this.phase === CONNECTING) this.end(CheckStatus.L4TOUT, step.place);
    else if (step.do === 'expect') this.end(step.timeoutStatus ?? CheckStatus.L7TOUT, step.place);
    else this.end(CheckStatus.L7TOUT, step.place);
  }

  /** Something broke at the step under way. */
  private fail(status: number, text: string): void {
    this.end(status, `${text}${this.plan.steps[this.stepIndex]?.place ?? ''}`);
  }

  private end(status: number, text: string): void {
    const { report } = this;
    report.status = status;
    report.text = shownText(text);
    report.durationMs = Math.floor(performance.now() - this.startedMs);
    this.closeSocket(false);
    this.releaseBuffer();
    this.phase = IDLE;
    this.owner.ended(this, report);
  }

  /**
   * Checks end with a reset: no TIME_WAIT here, no half-closed connection there (as HAProxy does). After something was
   * sent that nobody answered yet, a reset would destroy it under way, so the close is an orderly one.
   */
  private closeSocket(isCancelled: boolean): void {
    if (this.fd < 0) return;
    const isOrderly = (this.isSendLast || this.connection?.linger === true) && !isCancelled;
    if (isOrderly || !this.keepSocket()) {
      if (!isOrderly) setsockopt(this.fd, SOL_SOCKET, SO_LINGER, lingerZero.ptr, 8);
      this.owner.reactor.closeLater(this.fd);
    }
    this.fd = -1;
    this.watched = 0;
  }

  /** Resets the connection and keeps the socket for another check. @returns false where it is to be closed */
  private keepSocket(): boolean {
    const { fd, watched } = this;
    const { sockets, reactor } = this.owner;
    if (!this.isCommon || !sockets.give(fd, this.target.address.family, watched)) return false;
    if (watched !== 0) reactor.handOver(fd, null);
    return true;
  }

  private releaseBuffer(): void {
    if (this.kept !== null) this.owner.buffers.give(this.kept);
    this.kept = null;
    this.receivedBytes = 0;
  }
}
