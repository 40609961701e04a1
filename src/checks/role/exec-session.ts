/**
 * A program as a role check: started for each check, in a process group of its own, never through a shell. Its
 * environment is that of HAProxy's external checks (HAProxy manual, "external-check command"), without what only a
 * proxy's own threads know: numbers of proxy and server, connections.
 */
import assert from 'node:assert';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { RoleCheck } from '../../config/model.js';
import { CheckStatus } from '../../core/check-status.js';
import { evaluateExec } from '../../core/role/exec.js';
import type { RoleReport } from '../../core/role/report.js';
import type { HeldSession, SessionTarget } from '../../core/role/session.js';
import { type Finding, failure } from '../../core/role/verdict.js';
import type { Timed } from '../../core/timer-heap.js';
import { DEFAULT_TIMEOUT_MS, deadlines } from './deadlines.js';
import { quote } from './dialogue.js';

const OUTPUT_MAX = 1000;
/** A program that has ended may leave children behind that hold its output open. */
const OUTPUT_GRACE_MS = 50;

type Child = ChildProcessByStdio<null, Readable, Readable>;

export class ExecSession implements HeldSession, Timed {
  wakeAtMs = 0;
  heapIndex = -1;
  private child: Child | null = null;
  private done: ((report: RoleReport) => void) | null = null;
  private startedMs = 0;
  private output = '';
  private errors = '';

  constructor(
    private readonly settings: RoleCheck,
    private readonly target: SessionTarget,
    private readonly password: string | null,
  ) {}

  check(done: (report: RoleReport) => void, limitMs = this.settings.timeoutMs ?? DEFAULT_TIMEOUT_MS): void {
    assert(this.done === null, 'a check is under way');
    this.done = done;
    this.startedMs = performance.now();
    this.output = this.errors = '';
    deadlines.arm(this, this.startedMs + limitMs);
    const [command = '', ...args] = this.settings.command ?? [];
    const env = { ...process.env, ...environment(this.target) };
    try {
      const child = spawn(command, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
      this.child = child;
      this.listen(child, command);
    } catch (error) {
      const finding = failure(CheckStatus.PROCERR, `cannot run ${command}: ${(error as NodeJS.ErrnoException).code}`);
      setImmediate(() => this.finish(finding));
    }
  }

  private listen(child: Child, command: string): void {
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (this.child === child) this.finish(failure(CheckStatus.PROCERR, `cannot run ${command}: ${error.code}`));
    });
    // Without a free descriptor there are no pipes, whatever the types say.
    if (!child.stdout) return;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.output = `${this.output}${text}`.slice(0, OUTPUT_MAX);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errors = `${this.errors}${text}`.slice(0, OUTPUT_MAX);
    });
    child.on('exit', (code, signal) => setTimeout(() => this.ended(child, code, signal), OUTPUT_GRACE_MS));
    child.on('close', (code, signal) => this.ended(child, code, signal));
  }

  private ended(child: Child, code: number | null, signal: string | null): void {
    if (this.child !== child) return;
    this.finish(evaluateExec({ code, signal, output: this.words(), isTimeout: false }, this.settings));
  }

  /** What it says, or what it complains about. */
  private words(): string {
    return quote(this.output.trim() === '' ? this.errors : this.output, this.password);
  }

  onTimer(): void {
    const output = this.words();
    this.kill();
    this.finish(evaluateExec({ code: null, signal: null, output, isTimeout: true }, this.settings));
  }

  /** Nothing is held. */
  renew(): void {}

  close(): void {
    this.done = null;
    deadlines.cancel(this);
    this.kill();
  }

  /** With all that it started. */
  private kill(): void {
    const { child } = this;
    this.child = null;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      child.kill('SIGKILL'); // its group is not there yet, or not any more
    }
  }

  private finish(finding: Finding): void {
    const { done } = this;
    this.done = this.child = null;
    deadlines.cancel(this);
    done?.({ ...finding, durationMs: performance.now() - this.startedMs });
  }
}

/** A backend has no listener of its own, so the proxy's address stays empty, as with HAProxy. */
function environment({ host, port, names }: SessionTarget): { [name: string]: string } {
  const isPath = host.startsWith('/');
  return {
    HAPROXY_PROXY_ADDR: '',
    HAPROXY_PROXY_PORT: '',
    HAPROXY_PROXY_NAME: names?.proxyName ?? '',
    HAPROXY_SERVER_NAME: names?.serverName ?? '',
    HAPROXY_SERVER_ADDR: host,
    HAPROXY_SERVER_PORT: isPath ? '' : String(port),
    HAPROXY_SERVER_SSL: '0',
    HAPROXY_SERVER_PROTO: 'tcp',
  };
}
