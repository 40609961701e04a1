/**
 * Frontends that stop accepting for a while: `disable frontend`, `shutdown frontend`, SIGTTOU.
 * SIGTTOU comes from scripts that start another process next: clients wait in the accept queues for a moment, so that
 * nobody is refused during the change; when the pause lasts, the ports close.
 */
import { hasFrontend } from '../config/defaults.js';
import type { Model, Proxy } from '../config/model.js';
import type { ToWorker } from '../core/messages.js';
import { I_STATE, type Row, rowKey } from '../core/table.js';
import { listenAgain, stopListening } from '../linux/listen.js';
import type { Listening } from './listeners.js';
import { runs } from './plan.js';
import type { ProcessLog } from './process-log.js';

/** Longer than a new process takes to start, shorter than clients are willing to wait. */
const PATIENCE_MS = 5000;
const STOPPED = 0;
const RUNNING = 1;
const PAUSED = 3;

/** What the supervisor lends. */
export interface SwitchContext {
  log: ProcessLog;
  row(key: string): Row | undefined;
  post(message: ToWorker): void;
  listening(proxy: Proxy): [key: string, listening: Listening][];
  /** `Proxy x stopped (…)` to the logs. */
  sayStopped(proxy: Proxy): void;
  drain(listening: readonly Listening[]): Promise<void>;
  republish(): Promise<void>;
  forget(keys: readonly string[]): void;
}

export class FrontendSwitch {
  /** Listener keys that no worker may watch. */
  private readonly closed = new Set<string>();
  private readonly paused = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly context: SwitchContext) {}

  isClosed(key: string): boolean {
    return this.closed.has(key);
  }

  async set(proxy: Proxy, to: 'enabled' | 'disabled' | 'shutdown'): Promise<void> {
    if (to === 'enabled') await this.open([proxy]);
    else await this.shut([proxy], to === 'shutdown');
    const state = to === 'enabled' ? RUNNING : to === 'disabled' ? PAUSED : STOPPED;
    this.context.row(rowKey.frontend(proxy.name))?.set(I_STATE, state);
    if (to === 'shutdown') return this.context.sayStopped(proxy);
    const verb = to === 'enabled' ? 'Resumed' : 'Paused';
    this.context.log.record('WARNING', proxy.name, `${verb} ${wordOf(proxy)}.`);
  }

  private async shut(proxies: readonly Proxy[], forGood: boolean): Promise<void> {
    const entries = proxies.flatMap((p) => this.context.listening(p)).filter(([key]) => !this.closed.has(key));
    for (const [key] of entries) this.closed.add(key);
    await this.context.drain(entries.map(([, listening]) => listening));
    for (const [, { fds, bind }] of entries)
      if (bind.address.kind === 'inet' || forGood) for (const fd of fds) stopListening(fd);
    if (!forGood) return;
    this.context.forget(entries.map(([key]) => key));
    for (const [key] of entries) this.closed.delete(key);
  }

  private async open(proxies: readonly Proxy[]): Promise<void> {
    const entries = proxies.flatMap((p) => this.context.listening(p)).filter(([key]) => this.closed.has(key));
    for (const [key, { fds, options }] of entries) {
      for (const fd of fds) listenAgain(fd, options.backlog);
      this.closed.delete(key);
    }
    if (entries.length > 0) await this.context.republish();
  }

  /**
   * SIGTTOU: the workers look away at once; the ports close only when nobody resumed or stopped us in time, or at once
   * where another process could not open them beside us.
   */
  pauseAll(model: Model): void {
    const proxies = this.running(model).filter((p) => !this.paused.has(p.name));
    for (const proxy of proxies) {
      this.paused.add(proxy.name);
      this.context.post({ type: 'pause-frontend', proxy: proxy.name, paused: true });
      this.context.row(rowKey.frontend(proxy.name))?.set(I_STATE, PAUSED);
      this.context.log.record('WARNING', proxy.name, `Paused ${wordOf(proxy)}.`);
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.shut(proxies, false), model.global.noReuseport ? 0 : PATIENCE_MS).unref();
  }

  /** SIGTTIN. */
  async resumeAll(model: Model): Promise<void> {
    clearTimeout(this.timer);
    const proxies = this.running(model).filter((p) => this.paused.delete(p.name));
    await this.open(proxies);
    for (const proxy of proxies) {
      this.context.post({ type: 'pause-frontend', proxy: proxy.name, paused: false });
      this.context.row(rowKey.frontend(proxy.name))?.set(I_STATE, RUNNING);
      this.context.log.record('WARNING', proxy.name, `Resumed ${wordOf(proxy)}.`);
    }
  }

  private running(model: Model): Proxy[] {
    return model.proxies.filter((p) => hasFrontend(p) && runs(p));
  }

  close(): void {
    clearTimeout(this.timer);
  }
}

/** As HAProxy's lines call it: a `listen` is both sides of a proxy. */
const wordOf = (proxy: Proxy) => `${proxy.kind === 'listen' ? 'proxy' : 'frontend'} ${proxy.name}`;
