/** Sessions in intrusive doubly linked lists: joining and leaving cost a few stores and allocate nothing. */
import type { Session } from './session.js';

/** The sessions on one server, for killing them all; uses `Session.nextOnServer`/`previousOnServer`. */
export class SessionList {
  head: Session | null = null;
  size = 0;

  add(session: Session): void {
    session.previousOnServer = null;
    session.nextOnServer = this.head;
    if (this.head !== null) this.head.previousOnServer = session;
    this.head = session;
    this.size++;
  }

  remove(session: Session): void {
    const { previousOnServer: before, nextOnServer: after } = session;
    if (before !== null) before.nextOnServer = after;
    else this.head = after;
    if (after !== null) after.previousOnServer = before;
    session.previousOnServer = session.nextOnServer = null;
    this.size--;
  }
}

/** Sessions that wait for a slot, oldest first; uses `Session.nextInQueue`/`previousInQueue`. */
export class SessionQueue {
  head: Session | null = null;
  private tail: Session | null = null;
  size = 0;

  push(session: Session): void {
    session.queue = this;
    session.nextInQueue = null;
    session.previousInQueue = this.tail;
    if (this.tail !== null) this.tail.nextInQueue = session;
    else this.head = session;
    this.tail = session;
    this.size++;
  }

  remove(session: Session): void {
    const { previousInQueue: before, nextInQueue: after } = session;
    if (before !== null) before.nextInQueue = after;
    else this.head = after;
    if (after !== null) after.previousInQueue = before;
    else this.tail = before;
    session.previousInQueue = session.nextInQueue = null;
    session.queue = null;
    this.size--;
  }
}
