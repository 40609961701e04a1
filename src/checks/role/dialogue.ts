/**
 * A database's protocol as a value: bytes and questions go in, steps come out. A dialogue knows no socket and no clock,
 * never throws on what a server sends, and holds a bounded amount of it.
 */
import type { RoleCheck } from '../../config/model.js';
import { CheckStatus } from '../../core/check-status.js';
import { type Finding, failure } from '../../core/role/verdict.js';

/** What is to be done next. */
export type Step =
  /** Nothing, until more arrives or is asked. */
  | { readonly do: 'wait' }
  | { readonly do: 'send'; readonly bytes: Buffer }
  /** TLS now, on this connection; then `secured`. */
  | { readonly do: 'start-tls' }
  /** Logged in: `ask` may be called. */
  | { readonly do: 'ready' }
  /** The question is answered; `isKept`: the connection is good for another. */
  | { readonly do: 'found'; readonly finding: Finding; readonly isKept: boolean }
  /** This connection is of no more use. */
  | { readonly do: 'failed'; readonly finding: Finding };

export const WAIT: Step = { do: 'wait' };
export const READY: Step = { do: 'ready' };
export const START_TLS: Step = { do: 'start-tls' };

export interface Dialogue {
  /** A new connection is up: forget the former. `isPrivate`: nobody can listen (TLS from the start, unix socket). */
  begin(isPrivate: boolean): void;
  /** TLS is up as `start-tls` asked. */
  secured(): void;
  /** Bytes arrived; they stay valid until `next` says wait. */
  feed(bytes: Buffer): void;
  /** The peer closed in good order. @returns the finding for a check under way; an answer may end this way (HTTP/1.0) */
  ended(): Finding;
  /** What the server owes us, as a noun. */
  awaited(): string;
  /** What follows from all of that; call until it says wait, and no more after `failed`. */
  next(): Step;
  /** Asks, when ready. @param nowMs a clock that only runs forward */
  ask(nowMs: number): Buffer;
  /** What is said before an orderly end, if anything is. */
  goodbye(): Buffer | null;
}

/** A step that ends the connection because of what the server said or is. */
export function failed(finding: Finding): Step {
  return { do: 'failed', finding };
}

/** The server does not keep to the protocol. */
export function garbage(text: string): Step {
  return failed(failure(CheckStatus.L7RSP, text));
}

/** The server answered, with a refusal: waiting will not help, a person must act. */
export function refused(text: string): Step {
  return failed(failure(CheckStatus.L7STS, text, true));
}

/** The peer closed before it had answered. */
export function closedEarly(what: string): Finding {
  return failure(CheckStatus.L7RSP, `the server closed the connection ${what}`);
}

/** Words of the server for a report. What it was told in confidence it may send back: that never leaves here. */
export function quote(text: string, password: string | null): string {
  return hide(text, password).slice(0, 150);
}

export function hide(text: string, password: string | null): string {
  return password === null || password === '' || !text.includes(password) ? text : text.replaceAll(password, '***');
}

/** The first bytes of an answer that makes no sense, for a person to recognise what it is. */
export function quoteBytes(bytes: Buffer, password: string | null): string {
  const text = quote(bytes.toString('latin1', 0, 300), password).replace(/[^\x20-\x7e]+/g, '.');
  return `'${text.slice(0, 40)}'`;
}

/** Where the check's password comes from, for the person who has to look there. */
export function passwordPlace(check: RoleCheck, password: string | null): string {
  switch (check.password?.from) {
    case 'env':
      return `the password in the environment variable ${check.password.name}`;
    case 'file':
      return `the password in ${check.password.path}`;
    default:
      return password === null ? 'its password (none is set)' : 'its password';
  }
}
