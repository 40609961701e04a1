/**
 * What running the rules of a transaction comes to, and what they leave behind. The session asks in this order, each
 * with the program of the proxy (rules/program.ts) that is compiled once at load:
 *
 *   request head  → answerMonitor(frontend) → runRequestRules(frontend) → use_backend
 *                 → runRequestRules(backend, unless it is the same proxy) → readRequestCookies(backend)
 *                 → forwardfor … → persistentServer, else balanceKey(backend) → connect
 *   response head → runResponseRules → writeResponseCookies → runAfterResponseRules
 *   our own error → answerError(status)
 *
 * After WAIT the session calls the same function again when more of the body has come or `waitUntilMs` has passed.
 */
import type { ServiceRequest } from '../../../core/messages.js';
import type { ServerEntity } from '../../entities.js';
import type { HttpProgram } from './program.js';

export type Outcome =
  | typeof CONTINUE
  | typeof WAIT
  | typeof REPLY
  | typeof DROP
  | typeof REJECT
  | typeof TARPIT
  | typeof SERVICE;
export const CONTINUE = 0;
/** More of the body is wanted, or a password is being checked; at `waitUntilMs` (if not 0) it is asked again anyway. */
export const WAIT = 1;
/** `RuleRun.reply` is sent in place of a server's response. */
export const REPLY = 2;
/** `silent-drop`: the client is to learn nothing, not even that the connection is gone. */
export const DROP = 3;
/** `reject`: the connection is closed without a response. */
export const REJECT = 4;
/** `RuleRun.reply` is sent after `timeout tarpit` (or `timeout connect` where that is not set). */
export const TARPIT = 5;
/** `RuleRun.service` is to be posted to main. */
export const SERVICE = 6;

/** The part of a transaction that belongs to the rules. */
export class RuleRun {
  /** Programs of the proxies the request has entered: noted by `runRequestRules`. */
  frontend: HttpProgram | null = null;
  backend: HttpProgram | null = null;
  /** Phase and rule where evaluation goes on after WAIT. */
  phase = 0;
  index = 0;
  /** Monotonic ms; 0 = no limit of its own. */
  waitUntilMs = 0;
  /**
   * A whole message of our own. Its head is parsed into `transaction.response` (and edited there by
   * http-after-response); its body is what stands behind `response.headEnd`.
   */
  reply: Uint8Array | null = null;
  /** Termination code letters 1 and 2 of `reply`, `DROP` and `REJECT` (manual §8.5). */
  end = '--';
  service: ServiceRequest | null = null;
  /** Whole interim responses (100, 103) to be sent at once; '' none. */
  interim = '';
  /** The server a cookie (or force-persist) asks for; used while it is usable. */
  persistentServer: ServerEntity | null = null;
  /** A password whose verdict is not there yet; see auth/userlists.ts. */
  awaitedPassword: string | null = null;
  /** `force-persist` holds: `persistentServer` is used although it is down. */
  isForced = false;
  /** `ignore-persist` holds. */
  ignoresPersistence = false;
  /** `http-request strict-mode`: a failing action ends the transaction with 500. */
  isStrict = true;
  /** The persistence cookie's dates (`maxidle`, `maxlife`), seconds since the epoch; 0 none. */
  cookieFirstS = 0;
  cookieLastS = 0;

  reset(): void {
    this.frontend = null;
    this.backend = null;
    this.phase = 0;
    this.index = 0;
    this.waitUntilMs = 0;
    this.reply = null;
    this.end = '--';
    this.service = null;
    this.interim = '';
    this.persistentServer = null;
    this.awaitedPassword = null;
    this.isForced = false;
    this.ignoresPersistence = false;
    this.isStrict = true;
    this.cookieFirstS = 0;
    this.cookieLastS = 0;
  }
}
