/**
 * MySQL and MariaDB: greeting, TLS, login, then one exchange per check. Which system variables the server has is asked
 * once after the login; the question names those, so that one round trip is enough for every flavor and version.
 */
import type { RoleCheck } from '../../config/model.js';
import { evaluateGalera, GALERA_STATUS, GALERA_VARIABLES, type Values } from '../../core/role/galera.js';
import { evaluateMysql, MYSQL_VARIABLES, replicaStatement } from '../../core/role/mysql.js';
import type { Finding } from '../../core/role/verdict.js';
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
import { isSha2, NATIVE, prove, SHA2_KEY_REQUEST, Sha2, sha2Encrypted, sha2Full } from './mysql-auth.js';
import { Capability, chosen, type Greeting, loginHead, loginPayload, readGreeting } from './mysql-handshake.js';
import { PacketReader, packet, queryPacket, readError } from './mysql-packets.js';
import { mysqlRefusal } from './mysql-refusals.js';
import { MysqlResults } from './mysql-results.js';

type State = 'greeting' | 'tls' | 'login' | 'key' | 'discovery' | 'ready' | 'asking';

/** Two result sets with long GTID sets and some replication errors are below. */
const ANSWER_BYTES_MAX = 1_048_576;
const ERROR = 0xff;
const SWITCH = 0xfe;
const MORE_DATA = 0x01;
/** MariaDB tries the plugins of a user in turn; each may cost us some milliseconds. */
const SWITCHES_MAX = 4;
/** COM_QUIT. */
const QUIT = packet(0, Buffer.from([0x01]));

export class MysqlDialogue implements Dialogue {
  private readonly inbox = new Inbox(ANSWER_BYTES_MAX);
  private readonly reader = new PacketReader();
  private readonly results = new MysqlResults(false);
  private readonly memo = new AnswerMemo();
  private readonly steps: Step[] = [];
  private state: State = 'greeting';
  private greeting: Greeting | null = null;
  private capabilities = 0;
  private isPrivate = false;
  private switches = 0;
  /** Plugin and its challenge in force. */
  private plugin = NATIVE;
  private scramble: Buffer = Buffer.alloc(0);
  private variables: readonly string[] = [];
  private question: Buffer = Buffer.alloc(0);

  constructor(
    private readonly check: RoleCheck,
    private readonly password: string | null,
  ) {}

  begin(isPrivate: boolean): void {
    this.inbox.clear();
    this.memo.forget();
    this.steps.length = 0;
    this.state = 'greeting';
    this.greeting = null;
    this.switches = 0;
    this.isPrivate = isPrivate;
  }

  secured(): void {
    this.isPrivate = true;
    this.state = 'login';
    if (this.greeting !== null) this.steps.push(this.login(this.greeting, 2));
  }

  feed(bytes: Buffer): void {
    this.memo.feed(bytes, this.inbox);
  }

  ended(): Finding {
    if (this.state === 'greeting') return closedEarly('before it greeted');
    return closedEarly(this.state === 'asking' ? 'instead of answering' : 'during the login');
  }

  awaited(): string {
    if (this.state === 'greeting') return 'greeting';
    return this.state === 'asking' || this.state === 'discovery' ? 'answer' : 'end of the login';
  }

  ask(): Buffer {
    this.state = 'asking';
    this.memo.ask();
    this.inbox.restart();
    this.results.start();
    return this.question;
  }

  goodbye(): Buffer | null {
    return this.state === 'ready' ? QUIT : null;
  }

  next(): Step {
    for (;;) {
      const step = this.steps.length > 0 ? this.steps.shift()! : this.recalled();
      if (step !== null) return step;
      if (this.inbox.isOverflowing) return garbage(`an answer of more than ${ANSWER_BYTES_MAX} bytes`);
      const whole = this.reader.take(this.inbox);
      if (whole === 'too-long') return this.nonsense();
      if (!whole) {
        this.inbox.keepRest();
        return WAIT;
      }
      const next = this.handle(this.reader);
      if (next !== null) return next;
    }
  }

  private handle(reader: PacketReader): Step | null {
    switch (this.state) {
      case 'greeting':
        return this.greeted(reader);
      case 'login':
      case 'key':
        return this.loggingIn(reader);
      case 'discovery':
      case 'asking':
        return this.answering(reader);
      case 'tls':
        return garbage('the server sent data where TLS was to begin');
      case 'ready':
        return reader.first === ERROR
          ? this.refusal(reader)
          : garbage('the server sent a packet that nobody asked for');
    }
  }

  private nonsense(): Step {
    const seen = quoteBytes(this.inbox.unread(), this.password);
    return garbage(this.state === 'greeting' ? `not the MySQL protocol: ${seen}` : `a packet out of bounds: ${seen}`);
  }

  private refusal(reader: PacketReader): Step {
    return failed(mysqlRefusal(readError(reader), this.check, this.password, this.greeting?.flavor ?? null));
  }

  // ── Login ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  private greeted(reader: PacketReader): Step | null {
    if (reader.first === ERROR) return this.refusal(reader);
    const payload = reader.bytes.subarray(reader.at, reader.end);
    const greeting = readGreeting(reader);
    if (greeting === null) return garbage(`not the MySQL protocol 10: ${quoteBytes(payload, this.password)}`);
    this.greeting = greeting;
    this.plugin = greeting.plugin === '' ? NATIVE : greeting.plugin;
    this.scramble = greeting.scramble;
    const wantsTls = this.check.tls !== 'off' && !this.isPrivate;
    const offersTls = (greeting.capabilities & Capability.SSL) !== 0;
    if (wantsTls && !offersTls && this.check.tls === 'require')
      return refused('the server offers no TLS, and the check requires it');
    this.capabilities = chosen(greeting, wantsTls, this.check.database !== undefined);
    this.results.reset((this.capabilities & Capability.DEPRECATE_EOF) === 0);
    if (!wantsTls || !offersTls) {
      this.state = 'login';
      return this.login(greeting, 1);
    }
    this.state = 'tls';
    this.steps.push(START_TLS);
    return { do: 'send', bytes: packet(1, loginHead(this.capabilities)) };
  }

  /** The first answer is a guess for the user's plugin: where it is wrong, the server asks to switch. */
  private login(greeting: Greeting, sequence: number): Step {
    const { check, capabilities } = this;
    const first = prove(this.plugin, this.password ?? '', greeting.scramble, this.isPrivate);
    if (!first.ok) this.plugin = NATIVE;
    const proof = first.ok ? first.bytes : Buffer.alloc(0);
    const payload = loginPayload(capabilities, check.user ?? '', proof, check.database, this.plugin);
    return { do: 'send', bytes: packet(sequence, payload) };
  }

  private loggingIn(reader: PacketReader): Step | null {
    switch (reader.first) {
      case 0:
        return this.discover();
      case ERROR:
        return this.refusal(reader);
      case SWITCH:
        return this.switchPlugin(reader);
      case MORE_DATA:
        return this.moreData(reader);
      default:
        return garbage('the server answered the login with an unknown packet');
    }
  }

  private switchPlugin(reader: PacketReader): Step {
    if (++this.switches > SWITCHES_MAX) return garbage('the server asks for another login again and again');
    const sequence = reader.sequence + 1;
    reader.skip(1);
    this.plugin = reader.left === 0 ? 'mysql_old_password' : reader.zeroTerminated();
    const data = reader.rest();
    // The challenges of the older plugins end with a zero byte that is no part of them.
    this.scramble = data.length === 21 || data.length === 33 ? data.subarray(0, -1) : data;
    const proof = prove(this.plugin, this.password ?? '', this.scramble, this.isPrivate);
    return proof.ok ? { do: 'send', bytes: packet(sequence, proof.bytes) } : refused(proof.why);
  }

  /** caching_sha2_password: known to the server's cache, or the password is needed in full. */
  private moreData(reader: PacketReader): Step | null {
    const sequence = reader.sequence + 1;
    reader.skip(1);
    if (!isSha2(this.plugin)) return garbage(`the server goes on where ${this.plugin.slice(0, 40)} is over`);
    if (this.state === 'key') return this.sendEncrypted(reader.rest().toString('latin1'), sequence);
    if (reader.first === Sha2.FAST_OK) return null;
    if (reader.first !== Sha2.FULL_NEEDED)
      return garbage('the server answered caching_sha2_password with an unknown packet');
    if (this.isPrivate) return { do: 'send', bytes: packet(sequence, sha2Full(this.password ?? '')) };
    this.state = 'key';
    return { do: 'send', bytes: packet(sequence, SHA2_KEY_REQUEST) };
  }

  private sendEncrypted(pem: string, sequence: number): Step {
    this.state = 'login';
    const proof = sha2Encrypted(this.password ?? '', this.scramble, pem);
    return proof.ok ? { do: 'send', bytes: packet(sequence, proof.bytes) } : refused(proof.why);
  }

  // ── Questions ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private get isGalera(): boolean {
    return this.check.kind === 'galera';
  }

  private discover(): Step {
    const names = this.isGalera ? GALERA_VARIABLES : MYSQL_VARIABLES;
    const list = names.map((name) => `'${name}'`).join(',');
    this.state = 'discovery';
    this.inbox.restart();
    this.results.startOther();
    return { do: 'send', bytes: queryPacket(`SHOW GLOBAL VARIABLES WHERE Variable_name IN (${list})`) };
  }

  private answering(reader: PacketReader): Step | null {
    const whole = this.results.push(reader);
    if (whole === 'bad') return garbage('the server answered the question with something else than rows');
    if (!whole) return null;
    if (this.state === 'discovery') return this.discovered();
    this.state = 'ready';
    return this.found();
  }

  private recalled(): Step | null {
    const known = this.state === 'asking' ? this.memo.recall() : null;
    if (known !== null) this.state = 'ready';
    return known;
  }

  private found(): Step {
    // What is granted after a complaint holds for new sessions only.
    const isKept = this.results.error === null;
    const step: Step = { do: 'found', finding: this.finding(), isKept };
    if (isKept) this.memo.keep(this.inbox, step);
    return step;
  }

  private discovered(): Step {
    const { error } = this.results;
    if (error !== null) return failed(mysqlRefusal(error, this.check, this.password, this.greeting!.flavor));
    const found = this.results.pairs(0);
    this.variables = (this.isGalera ? GALERA_VARIABLES : MYSQL_VARIABLES).filter((name) => name in found);
    const { flavor, version } = this.greeting!;
    const rest = this.isGalera ? GALERA_STATUS : replicaStatement(flavor, version);
    const select = this.variables.map((name) => `@@global.${name}`).join(',');
    this.question = queryPacket(select === '' ? `SELECT 1;${rest}` : `SELECT ${select};${rest}`);
    this.results.startOther();
    this.state = 'ready';
    return READY;
  }

  private finding(): Finding {
    const { results, check, greeting } = this;
    if (results.error !== null) return mysqlRefusal(results.error, check, this.password, greeting!.flavor);
    const variables = this.values(results.sets[0]?.rows[0] ?? []);
    if (this.isGalera) return evaluateGalera(variables, results.pairs(1), check);
    return evaluateMysql(greeting!.flavor, variables, results.records(1), check);
  }

  private values(row: readonly (string | null)[]): Values {
    const values: { [name: string]: string | null } = {};
    for (let i = 0; i < this.variables.length; i++) values[this.variables[i]] = row[i] ?? null;
    return values;
  }
}
