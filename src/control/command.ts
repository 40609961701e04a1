/** What a command of the control sockets is: its words, who may use it, and what it answers. */
import type { Engine } from './engine.js';

export type Level = 'user' | 'operator' | 'admin';

const RANK: { readonly [level in Level]: number } = { user: 0, operator: 1, admin: 2 };

/** @returns whether a client of level `has` may do what needs `needs` */
export function allows(has: Level, needs: Level): boolean {
  return RANK[has] >= RANK[needs];
}

/** syslog severities that answers carry (shown with `set severity-output`). */
export const ERR = 3;
export const WARNING = 4;
export const NOTICE = 5;
export const INFO = 6;

export interface Message {
  readonly text: string;
  /** Absent: a dump, which is never prefixed. */
  readonly severity?: number;
}

/**
 * An answer without the newline that ends every answer: a message, a dump, or a dump in pieces (large ones, so that
 * a slow reader holds one piece in our memory and not all of them). One that waits for what is to come is asynchronous:
 * it ends when the client sends another line, or closes its sending side.
 */
export type Reply = Message | string | Iterable<string> | Feed;

/** An answer that waits for what is to come. */
export interface Feed extends AsyncIterable<string> {
  /** Gives what there is, and waits no longer. */
  stop(): void;
}

/** What one client has set for its own connection. */
export interface ClientState {
  level: Level;
  timeoutMs: number;
  severity: 'none' | 'number' | 'string';
  /** Where the client comes from: the socket's path, or its own address. */
  origin?: string;
}

/** One open control socket, as `show cli sockets` lists it. */
export interface OpenSocket {
  readonly text: string;
  readonly level: Level;
}

export interface Figures {
  /** Percent of the last interval that the workers slept. */
  idlePercent(): number;
  bytesOutRate(): number;
}

export interface CommandContext {
  readonly engine: Engine;
  readonly client: ClientState;
  readonly sockets: readonly OpenSocket[];
  readonly figures: Figures;
  /** Epoch milliseconds. */
  readonly nowMs: number;
  /** The command and where it came from, for history: `set server pg/db1 state maint, over unix@/run/fl.sock`. */
  readonly who: string;
  /** Text after `<<`, undefined without. */
  readonly payload?: string;
}

export interface Command {
  readonly words: readonly string[];
  /** As `help` prints it. */
  readonly usage: string;
  readonly help: string;
  /** Least level; answers `Permission denied` below it. */
  readonly level: Level;
  /** @param args words after those of the command; missing ones are undefined */
  run(context: CommandContext, args: readonly (string | undefined)[]): Reply | Promise<Reply>;
}

/** Nothing to say: the client sees an empty line. */
export const DONE: Message = { text: '' };

export function refuse(text: string, severity = ERR): Message {
  return { text: `${text}\n`, severity };
}

/** The few refusals that HAProxy writes without an empty line after them. */
export function refuseBare(text: string): Message {
  return { text, severity: ERR };
}

/** An error text of the engine, or success. */
export function outcome(error: string | null): Message {
  return error === null ? DONE : refuse(error);
}
