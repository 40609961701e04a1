/** PostgreSQL: TLS, login, then one simple query per check (manual, "Message Flow"). */
import { createHash, randomBytes } from 'node:crypto';
import type { RoleCheck } from '../../config/model.js';
import { CheckStatus } from '../../core/check-status.js';
import {
  type CaughtUp,
  caughtUpAfter,
  evaluatePostgres,
  POSTGRES_COLUMNS,
  POSTGRES_QUESTION,
  POSTGRES_SYSTEM,
} from '../../core/role/postgres.js';
import { type Finding, failure, identifier } from '../../core/role/verdict.js';
import { AnswerMemo } from './answer-memo.js';
import {
  closedEarly,
  type Dialogue,
  failed,
  garbage,
  quoteBytes,
  READY,
  refused,
  START_TLS,
  type Step,
  WAIT,
} from './dialogue.js';
import { Inbox } from './inbox.js';
import {
  MessageReader,
  message,
  type PostgresError,
  passwordMessage,
  query,
  saslFirst,
  saslNext,
  sslRequest,
  startup,
} from './postgres-messages.js';
import { databaseOf, postgresRefusal } from './postgres-refusals.js';
import { SCRAM, ScramClient } from './scram.js';

type State = 'tls' | 'securing' | 'login' | 'starting' | 'system' | 'preparing' | 'ready' | 'asking';

const ANSWER_BYTES_MAX = 65_536;
const VERSION_MIN = 10;
/** Planned once a session: the server's own work for a check is half of what it is for a new statement each time. */
const PREPARE = query(`PREPARE fairlead AS ${POSTGRES_QUESTION}`);
const EXECUTE = query('EXECUTE fairlead');
const QUESTION = query(POSTGRES_QUESTION);
/** SQLSTATE: no such prepared statement, as behind a pooler that shares sessions. */
const UNPREPARED = '26000';
const TERMINATE = message('X', Buffer.alloc(0));

/** Types of backend messages. */
const Type = {
  AUTHENTICATION: code('R'),
  ERROR: code('E'),
  READY: code('Z'),
  ROW: code('D'),
  PARAMETER: code('S'),
  COPY_IN: code('G'),
  COPY_OUT: code('H'),
} as const;

/** Without meaning for us: BackendKeyData, NoticeResponse, NotificationResponse, RowDescription, CommandComplete. */
const IGNORED = new Set(['K', 'N', 'A', 'T', 'C', 'v', 'I'].map(code));

function code(letter: string): number {
  return letter.charCodeAt(0);
}

/** What the sessions to one server hand on to each other: a new login must not forget that it was caught up. */
export interface PostgresHistory {
  caughtUp: CaughtUp | null;
}

export class PostgresDialogue implements Dialogue {
  private readonly inbox = new Inbox(ANSWER_BYTES_MAX);
  private readonly reader = new MessageReader();
  private readonly memo = new AnswerMemo();
  private readonly steps: Step[] = [];
  private state: State = 'login';
  private isPrivate = false;
  private scram: ScramClient | null = null;
  private isServerProven = false;
  private row: (string | null)[] | null = null;
  private error: PostgresError | null = null;
  private systemId = '';
  private question = QUESTION;
  private askedAtMs = 0;

  constructor(
    private readonly check: RoleCheck,
    private readonly password: string | null,
    private readonly history: PostgresHistory = { caughtUp: null },
    private readonly nonce: () => string = () => randomBytes(18).toString('base64'),
  ) {}

  begin(isPrivate: boolean): void {
    this.inbox.clear();
    this.memo.forget();
    this.steps.length = 0;
    this.isPrivate = isPrivate;
    this.scram = null;
    this.isServerProven = false;
    this.error = null;
    const { tls } = this.check;
    if (isPrivate || tls === 'off') this.startUp();
    else {
      this.state = 'tls';
      this.steps.push({ do: 'send', bytes: sslRequest() });
    }
  }

  secured(): void {
    this.isPrivate = true;
    this.startUp();
  }

  private startUp(): void {
    this.state = 'login';
    const { user } = this.check;
    const parameters = { user: user ?? '', database: databaseOf(this.check), application_name: 'fairlead' };
    this.steps.push({ do: 'send', bytes: startup({ ...parameters, client_encoding: 'UTF8' }) });
  }

  feed(bytes: Buffer): void {
    this.memo.feed(bytes, this.inbox);
  }

  ended(): Finding {
    return closedEarly(this.state === 'asking' ? 'instead of answering' : 'during the login');
  }

  awaited(): string {
    if (this.state === 'tls') return 'answer to the request for TLS';
    return ['asking', 'system', 'preparing'].includes(this.state) ? 'answer' : 'end of the login';
  }

  ask(nowMs: number): Buffer {
    this.state = 'asking';
    this.memo.ask();
    this.inbox.restart();
    this.row = null;
    this.error = null;
    this.askedAtMs = nowMs;
    return this.question;
  }

  goodbye(): Buffer | null {
    return this.state === 'ready' ? TERMINATE : null;
  }

  next(): Step {
    for (;;) {
      const step = this.steps.length > 0 ? this.steps.shift()! : this.recalled();
      if (step !== null) return step;
      if (this.inbox.isOverflowing) return garbage(`an answer of more than ${ANSWER_BYTES_MAX} bytes`);
      if (this.state === 'tls' && this.inbox.available > 0) {
        const next = this.tlsAnswer();
        if (next !== null) return next;
        continue;
      }
      const whole = this.reader.take(this.inbox);
      if (whole === 'bad')
        return garbage(`not the PostgreSQL protocol: ${quoteBytes(this.inbox.unread(), this.password)}`);
      if (!whole) {
        this.inbox.keepRest();
        return WAIT;
      }
      const next = this.handle(this.reader);
      if (next !== null) return next;
    }
  }

  /** One byte, and none behind it: what came before TLS began could be anybody's. */
  private tlsAnswer(): Step | null {
    const { inbox } = this;
    const answer = String.fromCharCode(inbox.bytes[inbox.at]);
    if (answer === 'E') {
      this.state = 'login'; // an error message, of a server that has no room or is older than TLS
      return null;
    }
    if (answer !== 'S' && answer !== 'N')
      return garbage(`not the PostgreSQL protocol: ${quoteBytes(inbox.unread(), this.password)}`);
    if (inbox.available > 1) return garbage('the server sent data where TLS was to begin');
    inbox.at++;
    if (answer === 'N' && this.check.tls === 'require')
      return refused('the server offers no TLS, and the check requires it');
    if (answer === 'N') {
      this.startUp();
      return null;
    }
    this.state = 'securing';
    return START_TLS;
  }

  private handle(reader: MessageReader): Step | null {
    const { type } = reader;
    if (this.state === 'securing') return garbage('the server sent data where TLS was to begin');
    if (type === Type.ERROR) return this.failedWith(reader.error());
    if (type === Type.PARAMETER) return this.parameter(reader.zeroTerminated(), reader.zeroTerminated());
    if (type === Type.READY) return this.readyForQuery();
    if (type === Type.AUTHENTICATION && this.state === 'login') return this.authentication(reader);
    if (type === Type.ROW) return this.dataRow(reader);
    if (IGNORED.has(type)) return null;
    return garbage(`the server sent a message '${String.fromCharCode(type)}' that nobody asked for`);
  }

  /** Fatal ones end the connection; the others end with the question. */
  private failedWith(error: PostgresError): Step | null {
    const isFatal = error.severity !== 'ERROR' || this.state === 'login' || this.state === 'starting';
    if (isFatal || this.state === 'ready') return failed(postgresRefusal(error, this.check, this.password));
    this.error = error;
    return null;
  }

  private parameter(name: string, value: string): Step | null {
    if (name !== 'server_version' || Number.parseInt(value, 10) >= VERSION_MIN) return null;
    return refused(`PostgreSQL ${value.slice(0, 20)}: this check needs ${VERSION_MIN} or later`);
  }

  private dataRow(reader: MessageReader): Step | null {
    if (this.state !== 'asking' && this.state !== 'system')
      return garbage('the server sent a row that nobody asked for');
    this.row = reader.row();
    return reader.isShort ? garbage('the server sent a row that is cut off') : null;
  }

  private readyForQuery(): Step | null {
    switch (this.state) {
      case 'starting':
        this.state = 'system';
        this.row = null;
        return { do: 'send', bytes: query(POSTGRES_SYSTEM) };
      case 'system':
        // Where the platform forbids it, the claim goes without.
        this.systemId = identifier(this.row?.[0], 20);
        this.state = 'preparing';
        this.error = null;
        return { do: 'send', bytes: PREPARE };
      case 'preparing':
        this.question = this.error === null ? EXECUTE : QUESTION;
        this.state = 'ready';
        return READY;
      case 'asking':
        if (this.error?.code === UNPREPARED && this.question === EXECUTE) return this.askUnprepared();
        this.state = 'ready';
        return this.found(this.finding());
      default:
        return garbage('the server is ready before its time');
    }
  }

  private askUnprepared(): Step {
    this.question = QUESTION;
    this.error = null;
    this.memo.forget();
    return { do: 'send', bytes: QUESTION };
  }

  /** Settings of a role hold for new sessions only: one that came out unfit is not asked again. */
  private found(finding: Finding): Step {
    const step: Step = { do: 'found', finding, isKept: finding.role !== 'unfit' };
    // A standby on its way is judged by what was known before as well.
    if (finding.role === 'primary' || this.history.caughtUp?.atMs === this.askedAtMs) this.memo.keep(this.inbox, step);
    else this.memo.forget();
    return step;
  }

  private recalled(): Step | null {
    const known = this.state === 'asking' ? this.memo.recall() : null;
    if (known === null) return null;
    this.state = 'ready';
    const { caughtUp } = this.history;
    if (caughtUp !== null) this.history.caughtUp = { ...caughtUp, atMs: this.askedAtMs };
    return known;
  }

  private finding(): Finding {
    if (this.error !== null) return postgresRefusal(this.error, this.check, this.password);
    if (this.row?.length !== POSTGRES_COLUMNS)
      return failure(CheckStatus.L7RSP, 'the server answered the question with something else than its row');
    const { systemId, history, askedAtMs: nowMs } = this;
    const memory = { systemId, caughtUp: history.caughtUp, nowMs };
    const finding = evaluatePostgres(this.row, memory, this.check);
    history.caughtUp = caughtUpAfter(this.row, memory);
    return finding;
  }

  // ── Authentication ────────────────────────────────────────────────────────────────────────────────────────────────

  private authentication(reader: MessageReader): Step | null {
    switch (reader.int32()) {
      case 0:
        return this.authenticated();
      case 3:
        return this.clearText();
      case 5:
        return { do: 'send', bytes: passwordMessage(this.md5(reader.rest())) };
      case 10:
        return this.saslBegin(reader);
      case 11:
        return this.saslContinue(reader.rest().toString('utf8'));
      case 12:
        this.isServerProven = this.scram?.verify(reader.rest().toString('utf8')) === true;
        return this.isServerProven ? null : this.impostor();
      default:
        return refused('the server asks for an authentication that is not supported: use scram-sha-256 in pg_hba.conf');
    }
  }

  private authenticated(): Step | null {
    if (this.scram !== null && !this.isServerProven) return this.impostor();
    this.state = 'starting';
    return null;
  }

  private impostor(): Step {
    return garbage('the server did not prove that it knows the password: not the server that it should be');
  }

  private clearText(): Step {
    if (this.isPrivate) return { do: 'send', bytes: passwordMessage(this.password ?? '') };
    return refused('the server asks for the password in clear text: use scram-sha-256 in pg_hba.conf, or TLS');
  }

  private md5(salt: Buffer): string {
    const inner = md5Hex(Buffer.from(`${this.password ?? ''}${this.check.user ?? ''}`, 'utf8'));
    return `md5${md5Hex(Buffer.concat([Buffer.from(inner, 'latin1'), salt]))}`;
  }

  private saslBegin(reader: MessageReader): Step {
    if (this.scram !== null) return garbage('the server begins a SCRAM login again and again');
    const offered: string[] = [];
    while (reader.left > 1 && offered.length < 10) offered.push(reader.zeroTerminated());
    if (!offered.includes(SCRAM)) return refused(`the server offers no ${SCRAM}: check pg_hba.conf`);
    this.scram = new ScramClient(this.password ?? '', this.nonce());
    return { do: 'send', bytes: saslFirst(SCRAM, this.scram.first) };
  }

  private saslContinue(challenge: string): Step {
    const reply = this.scram?.answer(challenge) ?? {
      ok: false,
      why: 'the server goes on with a login that never began',
    };
    return reply.ok ? { do: 'send', bytes: saslNext(reply.text) } : garbage(reply.why);
  }
}

function md5Hex(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}
