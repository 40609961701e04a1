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

/** Sessions that wait for a slot: by `set-priority-class`, then oldest first; uses `Session.nextInQueue`/`previousInQueue`. */
export class SessionQueue {
  head: Session | null = null;
  private tail: Session | null = null;
  size = 0;

  push(session: Session): void {
    session.queue = this;
    let before = this.tail;
    while (before !== null && goesBefore(session, before)) before = before.previousInQueue;
    const after = before === null ? this.head : before.nextInQueue;
    session.previousInQueue = before;
    session.nextInQueue = after;
    if (before !== null) before.nextInQueue = session;
    else this.head = session;
    if (after !== null) after.previousInQueue = session;
    else this.tail = session;
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

/** @returns true when `a`, though it came later, is to be served before `b` (manual, `set-priority-class`, `set-priority-offset`) */
export function goesBefore(a: Session, b: Session): boolean {
  if (a.priorityClass !== b.priorityClass) return a.priorityClass < b.priorityClass;
  return a.assignedMs + a.priorityOffsetMs < b.assignedMs + b.priorityOffsetMs;
}
