/** `option external-check`: a program says with its exit status whether the server is well (manual §4.2). */
import type { Proxy, Server } from '../config/model.js';
import { CheckStatus } from '../core/check-status.js';
import type { ServerHealth } from '../core/health/entities.js';
import type { Checker, CheckOwner } from './checker.js';
import { externalProgram } from './external-program.js';
import { compileCheck } from './plan.js';
import type { Programs } from './programs.js';

const NOT_RUNNING = -1;

export class ExternalCheck implements Checker {
  wakeAtMs = 0;
  heapIndex = -1;
  private running = NOT_RUNNING;
  private startedMs = 0;
  private readonly report = { status: 0, code: 0, durationMs: 0, text: '' };

  constructor(
    private readonly owner: CheckOwner,
    private readonly programs: Programs,
    public server: ServerHealth,
    private proxy: Proxy,
    private spec: Server,
  ) {}

  /** A program under way is judged as it was started. */
  adopt(server: ServerHealth, proxy: Proxy, spec: Server): void {
    this.server = server;
    this.proxy = proxy;
    this.spec = spec;
  }

  get isIdle(): boolean {
    return this.running === NOT_RUNNING;
  }

  /** Time for the next check, or the limit of the one under way. */
  onTimer(): void {
    if (this.running !== NOT_RUNNING) this.timedOut();
    else if (!this.owner.wants(this.server)) this.owner.missed(this);
    else this.begin();
  }

  cancel(): void {
    this.owner.reactor.timers.cancel(this);
    this.kill();
  }

  private begin(): void {
    this.owner.started(this);
    this.startedMs = performance.now();
    const program = externalProgram(this.proxy, this.spec, this.server.row);
    this.running = this.programs.run(program, (status) => this.onEnded(status));
    // As HAProxy 2.6: with `timeout check` no longer than `timeout connect`, and never longer than the interval.
    const { connectMs } = compileCheck(this.proxy, this.spec);
    this.owner.reactor.timers.arm(this, this.startedMs + connectMs);
  }

  private onEnded(status: number): void {
    this.running = NOT_RUNNING;
    this.end(status === 0 ? CheckStatus.PROCOK : CheckStatus.PROCERR, status);
  }

  private timedOut(): void {
    this.kill();
    this.end(CheckStatus.PROCTOUT, 0);
  }

  private kill(): void {
    if (this.running !== NOT_RUNNING) this.programs.kill(this.running);
    this.running = NOT_RUNNING;
  }

  private end(status: number, code: number): void {
    const { report } = this;
    report.status = status;
    report.code = code;
    report.durationMs = Math.floor(performance.now() - this.startedMs);
    this.owner.ended(this, report);
  }
}
