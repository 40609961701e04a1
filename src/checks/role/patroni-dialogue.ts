/** Patroni's REST API: one HTTP request per check. Patroni closes after each answer, others in front of it may not. */
import type { RoleCheck } from '../../config/model.js';
import { evaluatePatroni, patroniPath } from '../../core/role/patroni.js';
import { type Finding, loginRefused } from '../../core/role/verdict.js';
import { bodyOf, parseHead, type ResponseHead } from '../http-response.js';
import { closedEarly, type Dialogue, garbage, quoteBytes, READY, type Step, WAIT } from './dialogue.js';
import { Inbox } from './inbox.js';

const ANSWER_BYTES_MAX = 65_536;

export class PatroniDialogue implements Dialogue {
  private readonly inbox = new Inbox(ANSWER_BYTES_MAX);
  private readonly request: Buffer;
  private isNew = false;
  private isAsking = false;

  /** @param host as in the URL */
  constructor(
    private readonly check: RoleCheck,
    private readonly password: string | null,
    host: string,
  ) {
    const login = check.user === undefined ? '' : `Authorization: Basic ${basic(check.user, password)}\r\n`;
    this.request = Buffer.from(
      `GET ${patroniPath(check)} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: fairlead\r\n${login}\r\n`,
      'latin1',
    );
  }

  begin(): void {
    this.inbox.clear();
    this.isAsking = false;
    this.isNew = true;
  }

  /** There is no TLS but from the start. */
  secured(): void {}

  feed(bytes: Buffer): void {
    this.inbox.feed(bytes);
  }

  /** An answer without a length ends with the connection. */
  ended(): Finding {
    if (!this.isAsking) return closedEarly('before it was asked');
    const found = this.answer(true);
    return found?.do === 'found' ? found.finding : closedEarly('instead of answering');
  }

  awaited(): string {
    return 'answer';
  }

  ask(): Buffer {
    this.isAsking = true;
    this.inbox.clear();
    return this.request;
  }

  goodbye(): Buffer | null {
    return null;
  }

  next(): Step {
    if (this.isNew) {
      this.isNew = false;
      return READY;
    }
    if (this.inbox.isOverflowing) return garbage(`an answer of more than ${ANSWER_BYTES_MAX} bytes`);
    if (this.inbox.available > 0) {
      if (!this.isAsking) return garbage('the server sent an answer that nobody asked for');
      const step = this.answer(false);
      if (step !== null) return step;
    }
    this.inbox.keepRest();
    return WAIT;
  }

  private answer(isEnd: boolean): Step | null {
    const bytes = this.inbox.unread();
    const head = parseHead(bytes);
    if (head === 'need-more') return null;
    if (head === 'bad' || head.hasBadFraming) return garbage(`no HTTP answer: ${quoteBytes(bytes, this.password)}`);
    const body = bodyOf(head, bytes);
    if (body === 'bad') return garbage('an HTTP answer whose chunks are broken');
    if (!body.isComplete && !isEnd) return null;
    this.isAsking = false;
    this.inbox.clear();
    return { do: 'found', finding: this.finding(head, body.bytes), isKept: isKept(head, bytes) };
  }

  private finding({ status }: ResponseHead, body: Buffer): Finding {
    if (status === 401 || status === 403) return loginRefused(`HTTP ${status}: the REST API wants a login`);
    return evaluatePatroni(status, body.toString('utf8'), this.check);
  }
}

function basic(user: string, password: string | null): string {
  return Buffer.from(`${user}:${password ?? ''}`, 'utf8').toString('base64');
}

/**
 * Whether the connection may be asked again (RFC 9112 §9.3): HTTP/1.1 unless it says close, others if they say so. The
 * end of a body in chunks is not awaited, so what follows on its connection would not be the next answer.
 */
function isKept(head: ResponseHead, bytes: Buffer): boolean {
  if (!head.headers.some(([name]) => name === 'content-length')) return false;
  const connection = head.headers.find(([name]) => name === 'connection')?.[1].toLowerCase();
  return bytes.toString('latin1', 0, 8) === 'HTTP/1.1' ? connection !== 'close' : connection === 'keep-alive';
}
