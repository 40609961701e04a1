/**
 * One request and its response on their way: what rules, sample fetches, the statistics page and the log want to know of
 * it. Pooled; a client connection in mode http borrows one from the first byte of a request to the last of its response,
 * so that an idle connection holds none.
 */
import type { LogLevel } from '../../config/model.js';
import { Variables } from '../../core/expr/variables.js';
import { HttpMessage } from '../../core/http1/message.js';
import type { Session } from '../session.js';
import { RuleRun } from './rules/outcome.js';

export class Transaction {
  session!: Session;
  readonly request = new HttpMessage();
  readonly response = new HttpMessage();
  /** True from the time when the response's head is there until the transaction ends. */
  hasResponse = false;
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
}
