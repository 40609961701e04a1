/**
 * One request and its response on their way: what rules, sample fetches, the statistics page and the log want to know of
 * it. Pooled; a client connection in mode http borrows one from the first byte of a request to the last of its response,
 * so that an idle connection holds none.
 */
import type { LogLevel } from '../../config/model.js';
import { Variables } from '../../core/expr/variables.js';
import { ChunkScanner } from '../../core/http1/chunked.js';
import { HttpMessage } from '../../core/http1/message.js';
import type { NativeBuffer } from '../../linux/memory.js';
import type { Session } from '../session.js';
import { RuleRun } from './rules/outcome.js';

/** What of a transaction leaves when the events of the turn have been handled. */
export const NOTHING = 0;
export const REQUEST = 1;
export const RESPONSE = 2;
/** The response has left; what follows from that waits until others have left, too. */
export const SENT = 3;

export class Transaction {
  session!: Session;
  readonly request = new HttpMessage();
  readonly response = new HttpMessage();
  /** True from the time when the response's head is there until the transaction ends. */
  hasResponse = false;
  /** How many requests the worker had before. */
  sequence = 0;
  /** The client asked with HEAD: it takes no body, whatever method rules have set. */
  isHead = false;
  /** The first of its connection. */
  isFirst = true;
  /** Request line as received (latin1), for the log; '' = `<BADREQ>`. */
  requestLine = '';
  /** Status sent to the client, 0 none yet. */
  status = 0;
  /** By slot of `capture request|response header` and `declare capture`. */
  readonly requestCaptures: (string | null)[] = [];
  readonly responseCaptures: (string | null)[] = [];
  requestCookie = '';
  responseCookie = '';
  /** Termination code letters 3 and 4 (manual §8.5). */
  cookieRequestFlag = '-';
  cookieResponseFlag = '-';
  uniqueId: string | null = null;
  /** Set by `set-log-level`; null = as configured. */
  logLevel: LogLevel | 'silent' | null = null;
  /** Scopes txn, req and res. */
  readonly variables = new Variables();
  /** Set by `set-timeout`; -1 = as configured. */
  serverMs = -1;
  tunnelMs = -1;
  mayRetryLayer7 = true;
  /** Where the rules stand, and what they want sent. */
  readonly run = new RuleRun();
  /** Body bytes of the request that are in the buffer, where rules may look at them. */
  bodyFrom = 0;
  bodyTo = 0;
  bodyIsComplete = false;
  /** The buffer is full: no more of the body can be looked at. */
  bodyIsFull = false;
  readonly requestScanner = new ChunkScanner();
  readonly responseScanner = new ChunkScanner();
  /** Where the judgement of the request stands, see judge-request.ts. */
  step = 0;
  /** Monotonic ms; 0 = not yet: first byte and whole head of the request, head of the response. */
  startedMs = 0;
  headMs = 0;
  responseMs = 0;
  /** Since when the client waits for nothing but a service of the main thread, and under which number. */
  serviceRequest = 0;
  /** What the service's answer takes of the worker's memory. */
  serviceBytes = 0;
  /** NOTHING, or the head that is composed and sent soon. Until then no byte of the message moves. */
  leaves = NOTHING;
  /** Everything of it was sent on. */
  requestDone = false;
  responseDone = false;
  /** The server took no more of it before its end: the rest of its body is still to come from the client. */
  requestCut = false;
  /** The response's head left for the client: from then on no other answer is possible. */
  responseBegun = false;
  /** Its server closed, broke the message off, or sent more than the response. */
  serverIsSpent = false;
  /** The client may send its next request on the same connection. */
  keepsClient = false;
  /** Response bytes that were read and not passed on: [from, to). */
  responseBuffer: NativeBuffer | null = null;
  responseFrom = 0;
  responseTo = 0;
  /** A tunnel that both sides have ended: what is on its way to the server arrives. */
  endsCalmly = false;
  /** How it ended, where that was decided before the last byte was sent (manual §8.5). */
  end = '--';

  /** For the next request, of whichever client. */
  reset(): void {
    this.request.reset();
    this.response.reset();
    this.requestScanner.reset();
    this.responseScanner.reset();
    this.run.reset();
    this.variables.clear();
    this.isHead = this.hasResponse = this.bodyIsComplete = this.bodyIsFull = this.endsCalmly = false;
    this.requestDone =
      this.requestCut =
      this.responseDone =
      this.responseBegun =
      this.serverIsSpent =
      this.keepsClient =
        false;
    this.requestLine = this.requestCookie = this.responseCookie = '';
    // Setting a length costs a call into the engine.
    if (this.requestCaptures.length > 0) this.requestCaptures.length = 0;
    if (this.responseCaptures.length > 0) this.responseCaptures.length = 0;
    this.cookieRequestFlag = this.cookieResponseFlag = '-';
    this.uniqueId = this.logLevel = null;
    this.serverMs = this.tunnelMs = -1;
    this.mayRetryLayer7 = true;
    this.status = this.step = this.bodyFrom = this.bodyTo = 0;
    this.startedMs = this.headMs = this.responseMs = this.serviceRequest = 0;
    this.responseFrom = this.responseTo = 0;
    this.leaves = NOTHING;
    this.end = '--';
  }
}
