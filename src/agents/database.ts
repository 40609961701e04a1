/** Asks a database over a held session; the session is opened anew, with fresh names and passwords, after each failure. */
import type { AgentEndpoint, RoleCheck } from '../config/model.js';
import { CheckStatus } from '../core/check-status.js';
import type { RoleReport } from '../core/role/report.js';
import type { HeldSession, SessionEvents, SessionTarget } from '../core/role/session.js';
import type { Source } from './asker.js';
import { checkOf, DEFAULT_OPTION_FILE, disabledFileOf } from './defaults.js';
import { type Finding, undecided } from './finding.js';
import { judgeGalera, judgeRole } from './judge.js';
import { type ClientOptions, type Files, readClientOptions } from './option-file.js';
import type { Secrets } from './secrets.js';
import { type Lookups, placeOf, targetsOf } from './target.js';

/** What the world offers; tests put their own in its place. */
export interface Surroundings extends Lookups {
  readonly files: Files;
  readonly secrets: Secrets;
  createSession(check: RoleCheck, target: SessionTarget, password: string | null, events: SessionEvents): HeldSession;
  now(): number;
}

interface Credentials {
  readonly user: string | undefined;
  readonly password: string | null;
}

export class DatabaseSource implements Source {
  private session: HeldSession | null = null;
  private targets: SessionTarget[] = [];
  private readonly check: RoleCheck;
  private isClosed = false;

  /**
   * @param timeoutMs for one answer, connecting included
   * @param onBroken the held session ended by itself
   */
  constructor(
    private readonly endpoint: AgentEndpoint,
    timeoutMs: number,
    private readonly world: Surroundings,
    private readonly onBroken: () => void,
  ) {
    this.check = { ...checkOf(endpoint), timeoutMs };
  }

  find(done: (finding: Finding) => void): void {
    const disabledFile = disabledFileOf(this.endpoint);
    if (disabledFile !== undefined && this.world.exists(disabledFile)) {
      const finding = { ...undecided(`${disabledFile} exists`, this.world.now()), state: 'disabled' as const };
      setImmediate(done, finding);
    } else if (this.session) this.ask(this.session, done);
    else void this.openAndAsk(done);
  }

  close(): void {
    this.isClosed = true;
    this.drop();
  }

  private async openAndAsk(done: (finding: Finding) => void): Promise<void> {
    const options = this.endpoint.kind === 'clustercheck' ? this.clientOptions() : {};
    const credentials = this.credentials(options);
    if (typeof credentials === 'string') {
      setImmediate(done, this.undecided(credentials));
      return;
    }
    const place = placeOf(this.endpoint, options, this.world);
    // A program is told for whom it is asked, as HAProxy tells its external checks.
    const { name } = this.endpoint;
    const names = { proxyName: name, proxyId: 0, serverName: name, serverId: 0, maxconn: 0 };
    this.targets = (await targetsOf(place, this.world)).map((target) => ({ ...target, names }));
    if (this.isClosed) return;
    if (this.targets.length === 0) done(this.undecided(`'${place.host}' does not resolve`));
    else this.askNext(credentials, done);
  }

  private undecided(reason: string): Finding {
    return undecided(reason, this.world.now());
  }

  private clientOptions(): ClientOptions {
    return readClientOptions(this.endpoint.defaultsFile ?? DEFAULT_OPTION_FILE, this.world.files);
  }

  /** What is written wins over the option files; an empty user or password is as if not written, as in the script. */
  private credentials(options: ClientOptions): Credentials | string {
    const { user, password } = this.check;
    const found = password === undefined ? undefined : this.world.secrets.find(password);
    if (found?.ok === false) return found.message;
    return { user: user || options.user, password: found?.value || options.password || null };
  }

  /** The addresses of a name in turn: `localhost` may be ::1 while the server listens on 127.0.0.1. */
  private askNext(credentials: Credentials, done: (finding: Finding) => void): void {
    const target = this.targets.shift()!;
    const check = { ...this.check, user: credentials.user };
    const session = this.open(target, check, credentials.password);
    if (typeof session === 'string') {
      setImmediate(done, this.undecided(session));
      return;
    }
    this.session = session;
    session.check((report) => {
      if (this.isClosed) return;
      if (report.status === CheckStatus.L4CON && this.targets.length > 0) {
        this.drop();
        this.askNext(credentials, done);
      } else this.settle(report, done);
    });
  }

  /** @returns why there can be none: a file of authorities that cannot be read, say */
  private open(target: SessionTarget, check: RoleCheck, password: string | null): HeldSession | string {
    try {
      const session: HeldSession = this.world.createSession(check, target, password, {
        broken: () => this.broken(session),
      });
      return session;
    } catch (error) {
      return (error as Error).message;
    }
  }

  private ask(session: HeldSession, done: (finding: Finding) => void): void {
    session.check((report) => {
      if (!this.isClosed) this.settle(report, done);
    });
  }

  private settle(report: RoleReport, done: (finding: Finding) => void): void {
    // Whatever is no answer about a role may be a wrong password or a wrong place: both are looked up anew.
    if (report.status !== CheckStatus.L7OK && report.claim === null) this.drop();
    const judge = this.endpoint.kind === 'clustercheck' ? judgeGalera : judgeRole;
    done(judge(report, this.world.now()));
  }

  private broken(session: HeldSession): void {
    if (session !== this.session) return;
    this.drop();
    this.onBroken();
  }

  private drop(): void {
    this.session?.close();
    this.session = null;
  }
}
