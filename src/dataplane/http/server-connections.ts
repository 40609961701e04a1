/**
 * Connections to servers that outlive a request (manual, `http-reuse`). In use they belong to a session; at rest they
 * wait in their server's list, newest first, or with the one client that may use them again. A connection at rest has
 * nothing to say: whatever its server sends there, and its end, closes it.
 */
import * as T from '../../core/table.js';
import type { Timed } from '../../core/timer-heap.js';
import type { Pollable } from '../../linux/reactor.js';
import type { ServerEntity } from '../entities.js';
import { abortOnClose } from '../socket-options.js';
import type { DataplaneWorker } from '../worker-context.js';
import type { HttpConnection } from './http-connection.js';

/** `tune.pool…`: HAProxy looks every 5 s which idle connections it can do without (manual, `pool-purge-delay`). */
const PURGE_MS = 5000;
/** How many of the newest are looked at for one that suits. */
const LOOKS = 8;

export class ServerConnection implements Pollable {
  fd = -1;
  server!: ServerEntity;
  /** S_ADDR_SEQ it was connected under: another one means another address. */
  addressSeq = 0;
  /** Requests sent on it. */
  uses = 0;
  idleSinceMs = 0;
  /** The reactor's turn in which a session took it from rest; -1 = it was made for its session. */
  takenInTurn = -1;
  /** It was asked whether it is quiet when it was taken, and that holds for the moment alone: its request leaves at once. */
  isLookedAt = false;
  /** Who has it, or has had it last. */
  client: HttpConnection | null = null;
  /** The list it rests in; null while in use. */
  list: IdleConnections | null = null;
  previous: ServerConnection | null = null;
  next: ServerConnection | null = null;

  constructor(readonly worker: DataplaneWorker) {}

  /** Only at rest: in use its session gets the events. */
  onEvents(): void {
    if (this.list === null) return;
    this.list.remove(this);
    closeConnection(this);
  }
}

/** Ends a connection that waits for nothing any more, without leaving it in TIME_WAIT. */
export function closeConnection(connection: ServerConnection): void {
  abortOnClose(connection.fd);
  connection.worker.reactor.closeLater(connection.fd);
  connection.fd = -1;
}

/** Connections at rest, newest first. With a server it tells the shared table how many there are. */
export class IdleConnections implements Timed {
  wakeAtMs = 0;
  heapIndex = -1;
  head: ServerConnection | null = null;
  private tail: ServerConnection | null = null;
  size = 0;
  /** Connections in use at once, at most, of late: more of them than that are not kept (observed from HAProxy 2.6). */
  private needed = 0;

  constructor(private readonly server: ServerEntity | null) {}

  /** @param used connections of the server in use now */
  noteUse(used: number): void {
    if (used > this.needed) this.needed = used;
  }

  /** Whether one more is worth keeping. @param used those in use besides it */
  hasRoom(used: number): boolean {
    return used + this.size < Math.max(used, this.needed);
  }

  add(connection: ServerConnection, nowMs: number): void {
    connection.list = this;
    connection.idleSinceMs = nowMs;
    connection.previous = null;
    connection.next = this.head;
    if (this.head !== null) this.head.previous = connection;
    else this.tail = connection;
    this.head = connection;
    this.size++;
    this.publish(connection, 1);
    if (this.server !== null && this.heapIndex < 0) connection.worker.reactor.timers.arm(this, nowMs + PURGE_MS);
  }

  remove(connection: ServerConnection): void {
    const { previous, next } = connection;
    if (previous !== null) previous.next = next;
    else this.head = next;
    if (next !== null) next.previous = previous;
    else this.tail = previous;
    connection.previous = connection.next = null;
    connection.list = null;
    this.size--;
    this.publish(connection, -1);
  }

  private publish(connection: ServerConnection, by: number): void {
    if (this.server === null) return;
    const { row } = this.server.cells;
    row.add(T.S_IDLE_CONNS, by);
    if (connection.uses > 1) row.add(T.S_SAFE_IDLE_CONNS, by);
  }

  /** @param usesMin only one that has served so many requests @returns the newest that suits, taken out, or null */
  take(server: ServerEntity, usesMin: number): ServerConnection | null {
    let connection = this.head;
    for (let looks = 0; connection !== null && looks < LOOKS; looks++) {
      const { next } = connection;
      if (connection.server === server && connection.addressSeq !== server.addressSeq) connection.onEvents();
      else if (connection.server === server && connection.uses >= usesMin) {
        this.remove(connection);
        return connection;
      }
      connection = next;
    }
    return null;
  }

  /** What nobody has wanted for a while goes. */
  onTimer(nowMs: number): void {
    this.needed = Math.max(this.server!.sessions.size, (this.needed + 1) >> 1);
    while (this.tail !== null && nowMs - this.tail.idleSinceMs >= PURGE_MS) this.tail.onEvents();
    if (this.tail !== null) this.tail.worker.reactor.timers.arm(this, this.tail.idleSinceMs + PURGE_MS);
  }

  closeOldest(): void {
    this.tail?.onEvents();
  }

  closeAll(): void {
    while (this.head !== null) this.head.onEvents();
  }
}
