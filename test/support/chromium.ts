/** A headless Chromium of the test's own, spoken to over a pipe (DevTools protocol): pages as people get to see them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeTree } from './remove-tree.js';

type Json = { [name: string]: unknown };

interface Viewport {
  readonly width: number;
  readonly height: number;
  readonly isDark?: boolean;
  /** Scripts of pages run unless this is set. */
  readonly noScripts?: boolean;
}

export class Browser {
  private readonly waiting = new Map<number, (answer: Json) => void>();
  private readonly events: Json[] = [];
  private last = 0;
  private rest = '';
  private session: string | undefined;

  private constructor(
    private readonly child: ChildProcess,
    private readonly dir: string,
  ) {
    (child.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => this.take(text));
  }

  static async start(): Promise<Browser> {
    const dir = mkdtempSync(join(tmpdir(), 'fl-chromium-'));
    const own = [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--hide-scrollbars',
      '--disable-background-networking',
    ];
    const args = [...own, '--remote-debugging-pipe', `--user-data-dir=${dir}`, 'about:blank'];
    const child = spawn('chromium', args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    const browser = new Browser(child, dir);
    const { targetId } = await browser.ask('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await browser.ask('Target.attachToTarget', { targetId, flatten: true });
    browser.session = sessionId as string;
    await browser.ask('Page.enable');
    await browser.ask('Log.enable');
    await browser.ask('Network.enable');
    return browser;
  }

  /** @returns the result of a command of the protocol */
  async ask(method: string, params: Json = {}): Promise<Json> {
    const id = ++this.last;
    const answered = new Promise<Json>((resolve) => this.waiting.set(id, resolve));
    const message = { id, method, params, ...(this.session === undefined ? {} : { sessionId: this.session }) };
    (this.child.stdio[3] as Writable).write(`${JSON.stringify(message)}\0`);
    const { error, result } = await answered;
    if (error) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result as Json;
  }

  private take(text: string): void {
    const messages = (this.rest + text).split('\0');
    this.rest = messages.pop()!;
    for (const message of messages.map((one) => JSON.parse(one) as Json)) {
      const done = this.waiting.get(message.id as number);
      if (done) done(message);
      else this.events.push(message);
    }
  }

  /** Opens a page and waits until it is loaded. */
  async open(url: string, { width, height, isDark, noScripts }: Viewport): Promise<void> {
    await this.ask('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 });
    const features = [{ name: 'prefers-color-scheme', value: isDark ? 'dark' : 'light' }];
    await this.ask('Emulation.setEmulatedMedia', { features });
    await this.ask('Emulation.setScriptExecutionDisabled', { value: noScripts === true });
    this.events.length = 0;
    await this.ask('Page.navigate', { url });
    await this.loaded();
  }

  /** The page that a form or a link of this one leads to. */
  async loaded(): Promise<void> {
    for (const end = Date.now() + 15_000; !this.happened('Page.loadEventFired').length; await sleep(10))
      if (Date.now() > end) throw new Error('the page was not loaded');
  }

  /** Forgets what happened so far, then acts. */
  async act(expression: string): Promise<void> {
    this.events.length = 0;
    await this.evaluate(expression);
  }

  happened(method: string): Json[] {
    return this.events.filter((event) => event.method === method).map((event) => event.params as Json);
  }

  /** @returns the value of a JavaScript expression in the page */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.ask('Runtime.evaluate', { expression, returnByValue: true });
    if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as { value: T }).value;
  }

  /** @returns a PNG of what is in view */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.ask('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(data as string, 'base64');
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
    await removeTree(this.dir);
  }
}
