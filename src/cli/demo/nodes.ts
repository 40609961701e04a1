/** The three demonstration nodes: starting them, killing them, starting them again on the same ports. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const FILE = new URL('./node.js', import.meta.url);

export class DemoNode {
  port = 0;
  checkPort = 0;
  private child: ChildProcess | null = null;

  constructor(readonly name: string) {}

  get isRunning(): boolean {
    return this.child !== null;
  }

  /** Resolves when it serves; the first time on any free ports, later on the same. @throws Error when it cannot */
  async start(): Promise<void> {
    const args = [FILE.pathname, this.name, String(this.port), String(this.checkPort)];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child = child;
    child.on('exit', () => {
      if (this.child === child) this.child = null;
    });
    const line = once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>;
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${this.name} did not start`)));
    ended.catch(() => undefined); // only the race below is interested
    const [ports] = await Promise.race([line, ended]);
    [this.port, this.checkPort] = ports.split(' ').map(Number);
  }

  /** As a crash: no goodbye. */
  kill(): void {
    this.child?.kill('SIGKILL');
    this.child = null;
  }
}
