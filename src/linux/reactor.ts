/**
 * The event loop of a worker thread: epoll(7) edge-triggered, timers, an eventfd by which other threads wake it.
 * The thread stays in `run()`; its Node event loop never turns. One turn: wait, handle the events, handle what asked to
 * go on (`again`), send (`sendSoonToServer`, `sendSoonToClient`), fire timers, close descriptors. Descriptors close only
 * at the end of a turn, so a number cannot be reused while events for its former owner may still be in the batch.
 */
import { performance } from 'node:perf_hooks';
import { TimerHeap } from '../core/timer-heap.js';
import { EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLLET, EPOLLIN, EPOLLOUT, EPOLLRDHUP } from './constants.js';
import { NativeBuffer } from './memory.js';
import { close, epollCreate1, epollCtl, epollWait, read } from './syscalls.js';

/** Whoever owns a descriptor. `events` is the EPOLL* mask. */
export interface Pollable {
  onEvents(fd: number, events: number): void;
}

/** Work that used up its share of a turn and goes on in the next. */
export interface Continuable {
  onContinue(): void;
}

/** What is to be sent when the events of the turn have been handled. */
interface Sender {
  onSend(): void;
}

/** The first `count` of the items wait; setting a length costs a call into the engine, and the room is needed again. */
class SendQueue {
  readonly items: Sender[] = [];
  count = 0;

  push(sender: Sender): void {
    if (this.count === this.items.length) this.items.push(sender);
    else this.items[this.count] = sender;
    this.count++;
  }
}

const BATCH = 256;
const TIMERS_PER_TURN = 1024;
/** struct epoll_event is packed on x86-64 only (epoll_ctl(2)). */
const EVENT_WORDS = process.arch === 'x64' ? 3 : 4;
const DATA_WORD = process.arch === 'x64' ? 1 : 2;
const STREAM_EVENTS = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

export class Reactor {
  /** Monotonic ms, read once per turn. */
  nowMs = performance.now();
  readonly timers = new TimerHeap();
  /** Turns, and microseconds spent asleep; whoever publishes figures reads them. */
  turns = 0;
  idleUs = 0;
  private readonly epoll: number;
  private readonly events = new NativeBuffer(BATCH * EVENT_WORDS * 4);
  private readonly event = new NativeBuffer(16);
  private readonly counter = new NativeBuffer(8);
  private readonly handlers: (Pollable | null)[] = [];
  private readonly closing: number[] = [];
  private continuing: Continuable[] = [];
  private continuingNow: Continuable[] = [];
  private readonly toServers = new SendQueue();
  private readonly toClients = new SendQueue();
  private running = false;

  /**
   * @param wakeFd non-blocking eventfd that other threads write to
   * @param onWake called after it was written; read the message port and the shared table there
   * @param onTurn called at the start of each turn, when `nowMs` has been read
   * @param onFault called with what a handler threw, and whose handler it was; without it the loop ends with the error
   * @param timersPerTurn how many may fire before events are looked at again
   */
  constructor(
    private readonly wakeFd: number,
    private readonly onWake: () => void,
    private readonly onTurn: () => void = () => undefined,
    private readonly onFault: ((error: unknown, owner: object) => void) | null = null,
    private readonly timersPerTurn = TIMERS_PER_TURN,
  ) {
    this.epoll = epollCreate1(EPOLL_CLOEXEC);
    if (this.epoll < 0) throw new Error(`epoll_create1: errno ${-this.epoll}`);
    const result = this.add(wakeFd, { onEvents: () => this.woken() }, EPOLLIN);
    if (result < 0) throw new Error(`epoll_ctl on the wake-up descriptor: errno ${-result}`);
  }

  /** Watches a descriptor, by default for everything, edge-triggered. @returns 0 or -errno */
  add(fd: number, handler: Pollable, events: number = STREAM_EVENTS): number {
    this.event.i32[0] = events;
    this.event.i32[DATA_WORD] = fd;
    this.event.i32[DATA_WORD + 1] = 0;
    const result = epollCtl(this.epoll, EPOLL_CTL_ADD, fd, this.event.ptr);
    if (result < 0) return result;
    while (this.handlers.length <= fd) this.handlers.push(null);
    this.handlers[fd] = handler;
    return 0;
  }

  /** A watched descriptor has another owner from now on, or null: nobody is told. Costs no system call. */
  handOver(fd: number, handler: Pollable | null): void {
    this.handlers[fd] = handler;
  }

  /** Stops watching without closing. */
  remove(fd: number): void {
    if (this.handlers[fd]) epollCtl(this.epoll, EPOLL_CTL_DEL, fd, this.event.ptr);
    this.handlers[fd] = null;
  }

  /** Forgets the descriptor now, closes it at the end of the turn (closing takes it out of epoll). */
  closeLater(fd: number): void {
    if (fd < this.handlers.length) this.handlers[fd] = null;
    this.closing.push(fd);
  }

  /** Calls `onContinue` in the next turn, which then does not sleep. */
  again(task: Continuable): void {
    this.continuing.push(task);
  }

  /**
   * Calls `onSend` in this turn, behind all of its events. Messages that leave one right behind the other find their
   * receiver awake: sent with the work of a request in between, each wakes it anew, and it takes the processor away
   * from us. What goes to servers leaves first: they work while the clients are answered, and not both at one time.
   */
  sendSoonToServer(task: Sender): void {
    this.toServers.push(task);
  }

  /** @see sendSoonToServer */
  sendSoonToClient(task: Sender): void {
    this.toClients.push(task);
  }

  /** Turns until `stop`. */
  run(): void {
    this.running = true;
    while (this.running) this.turn();
    close(this.epoll);
  }

  stop(): void {
    this.running = false;
  }

  private turn(): void {
    const before = performance.now();
    const count = epollWait(this.epoll, this.events.ptr, BATCH, this.sleepMs(before));
    this.nowMs = performance.now();
    this.idleUs += (this.nowMs - before) * 1000;
    this.turns++;
    this.onTurn();
    this.dispatch(count);
    this.goOn();
    this.sendAll();
    this.fireTimers();
    this.sendAll();
    this.closeAll();
  }

  private sleepMs(nowMs: number): number {
    if (this.continuing.length > 0) return 0;
    const next = this.timers.nextMs;
    if (next === Number.POSITIVE_INFINITY) return -1;
    return next <= nowMs ? 0 : Math.min(60_000, Math.ceil(next - nowMs));
  }

  private dispatch(count: number): void {
    const words = this.events.i32;
    for (let i = 0; i < count; i++) {
      const fd = words[i * EVENT_WORDS + DATA_WORD];
      const handler = this.handlers[fd];
      if (handler === null || handler === undefined) continue;
      try {
        handler.onEvents(fd, words[i * EVENT_WORDS]);
      } catch (error) {
        this.fault(error, handler);
      }
    }
  }

  private goOn(): void {
    if (this.continuing.length === 0) return;
    const now = this.continuing;
    this.continuing = this.continuingNow;
    this.continuingNow = now;
    for (let i = 0; i < now.length; i++)
      try {
        now[i].onContinue();
      } catch (error) {
        this.fault(error, now[i]);
      }
    now.length = 0;
  }

  /** What is sent may lead to more that is to be sent. */
  private sendAll(): void {
    while (this.toServers.count > 0 || this.toClients.count > 0) {
      this.empty(this.toServers);
      this.empty(this.toClients);
    }
  }

  private empty(queue: SendQueue): void {
    const { items } = queue;
    for (let i = 0; i < queue.count; i++)
      try {
        items[i].onSend();
      } catch (error) {
        this.fault(error, items[i]);
      }
    queue.count = 0;
  }

  /** What is due behind a timer that failed fires in the next turn. */
  private fireTimers(): void {
    try {
      this.timers.fire(this.nowMs, this.timersPerTurn);
    } catch (error) {
      this.fault(error, this.timers.latest!);
    }
  }

  private fault(error: unknown, owner: object): void {
    if (this.onFault === null) throw error;
    this.onFault(error, owner);
  }

  private closeAll(): void {
    for (let i = 0; i < this.closing.length; i++) close(this.closing[i]);
    this.closing.length = 0;
  }

  private woken(): void {
    read(this.wakeFd, this.counter.ptr, 8);
    this.onWake();
  }
}
