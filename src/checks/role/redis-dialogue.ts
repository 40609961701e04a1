/** Redis and its descendants: AUTH, then INFO replication and PING in one write per check (RESP2, redis.io). */
import type { RoleCheck } from '../../config/model.js';
import { CheckStatus } from '../../core/check-status.js';
import { evaluateRedis } from '../../core/role/redis.js';
import { type Finding, failure, loginRefused } from '../../core/role/verdict.js';
import { AnswerMemo } from './answer-memo.js';
import {
  closedEarly,
  type Dialogue,
  failed,
  garbage,
  passwordPlace,
  quote,
  quoteBytes,
  READY,
  refused,
  type Step,
  WAIT,
} from './dialogue.js';
import { Inbox } from './inbox.js';
import { type Reply, takeReply } from './redis-replies.js';

type State = 'auth' | 'ready' | 'asking';

const ANSWER_BYTES_MAX = 65_536;
const QUESTION = Buffer.concat([command('INFO', 'replication'), command('PING')]);

/** An array of bulk strings. */
function command(...words: readonly string[]): Buffer {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return Buffer.from(`*${words.length}\r\n${parts.join('')}`, 'utf8');
}

export class RedisDialogue implements Dialogue {
  private readonly inbox = new Inbox(ANSWER_BYTES_MAX);
  private readonly memo = new AnswerMemo();
  private readonly steps: Step[] = [];
  private state: State = 'ready';
  private info: string | null = null;

  constructor(
    private readonly check: RoleCheck,
    private readonly password: string | null,
  ) {}

  begin(): void {
    this.inbox.clear();
    this.memo.forget();
    this.steps.length = 0;
    const { user } = this.check;
    if (user === undefined && this.password === null) {
      this.state = 'ready';
      this.steps.push(READY);
      return;
    }
    this.state = 'auth';
    const words = user === undefined ? [this.password ?? ''] : [user, this.password ?? ''];
    this.steps.push({ do: 'send', bytes: command('AUTH', ...words) });
  }

  /** There is no TLS but from the start. */
  secured(): void {}

  feed(bytes: Buffer): void {
    this.memo.feed(bytes, this.inbox);
  }

  ended(): Finding {
    const hint = this.check.tls === 'require' ? '' : ': where it speaks TLS alone, set tls to require';
    return closedEarly(`${this.state === 'asking' ? 'instead of answering' : 'during the login'}${hint}`);
  }

  awaited(): string {
    return this.state === 'auth' ? 'answer to AUTH' : 'answer';
  }

  ask(): Buffer {
    this.state = 'asking';
    this.memo.ask();
    this.info = null;
    this.inbox.restart();
    return QUESTION;
  }

  goodbye(): Buffer | null {
    return null;
  }

  next(): Step {
    for (;;) {
      const step = this.steps.shift() ?? this.recalled();
      if (step !== null) return step;
      if (this.inbox.isOverflowing) return garbage(`an answer of more than ${ANSWER_BYTES_MAX} bytes`);
      const reply = takeReply(this.inbox);
      if (reply === 'bad') return garbage(`not the Redis protocol: ${quoteBytes(this.inbox.unread(), this.password)}`);
      if (reply === null) {
        this.inbox.keepRest();
        return WAIT;
      }
      const next = this.handle(reply);
      if (next !== null) return next;
    }
  }

  private handle(reply: Reply): Step | null {
    switch (this.state) {
      case 'ready':
        return reply.isError ? this.refusal(reply.text) : garbage('the server sent a reply that nobody asked for');
      case 'auth':
        if (reply.isError && !isWithoutPassword(reply.text)) return this.refusal(reply.text);
        this.state = 'ready';
        return READY;
      case 'asking':
        return this.answer(reply);
    }
  }

  private answer(reply: Reply): Step | null {
    if (this.info === null) {
      if (reply.isError) return this.refusal(reply.text);
      this.info = reply.text;
      return null;
    }
    this.state = 'ready';
    const ping = reply.isError ? quote(reply.text, this.password) : reply.text;
    const step: Step = { do: 'found', finding: evaluateRedis(this.info, ping, this.check), isKept: true };
    this.memo.keep(this.inbox, step);
    return step;
  }

  private recalled(): Step | null {
    const known = this.state === 'asking' ? this.memo.recall() : null;
    if (known !== null) this.state = 'ready';
    return known;
  }

  private refusal(error: string): Step {
    const words = quote(error, this.password);
    const user = this.check.user === undefined ? 'the default user' : `user '${this.check.user}'`;
    if (error.startsWith('WRONGPASS') || /^ERR invalid password/.test(error))
      return failed(loginRefused(`access denied for ${user}: check ${passwordPlace(this.check, this.password)}`));
    if (error.startsWith('NOAUTH'))
      return failed(loginRefused('the server requires a password, and the check has none'));
    if (error.startsWith('NOPERM')) return refused(`missing privilege: ACL SETUSER for ${user} +info +ping (${words})`);
    const isFull = error.startsWith('ERR max number of clients');
    return failed(failure(CheckStatus.L7STS, `refused: ${words}`, !isFull));
  }
}

/** It has no password: ours opens nothing, and is not needed. Words of Redis 6 and of older ones. */
function isWithoutPassword(error: string): boolean {
  return /^ERR (AUTH <password> called without any password|Client sent AUTH, but no password is set)/.test(error);
}
