/** A host of its own (a network namespace behind a pair of interfaces) that can be cut off and come back. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PEER = fileURLToPath(new URL('./netns-peer.js', import.meta.url));
const CUT =
  'table inet cut { chain i { type filter hook input priority 0; policy drop; }; chain o { type filter hook output priority 0; policy drop; }; }';

export class VanishingHost {
  readonly name: string;
  /** Its address, from here. */
  readonly address: string;
  private readonly link: string;
  private readonly peer: ChildProcess;
  private readonly lines: Interface;

  /** @param number tells hosts of one test process apart, 0..60 */
  constructor(number = 0) {
    const tag = `${process.pid % 100_000}${number}`;
    this.name = `flcut-${tag}`;
    this.link = `flc${tag}`;
    const net = `10.${200 + (process.pid % 50)}.${Math.floor(process.pid / 50) % 256}`;
    this.address = `${net}.${4 * number + 2}`;
    ip('netns', 'add', this.name);
    ip('link', 'add', this.link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.name);
    ip('addr', 'add', `${net}.${4 * number + 1}/30`, 'dev', this.link);
    ip('link', 'set', this.link, 'up');
    ip('-n', this.name, 'addr', 'add', `${this.address}/30`, 'dev', 'eth0');
    ip('-n', this.name, 'link', 'set', 'eth0', 'up');
    this.peer = spawn('ip', ['netns', 'exec', this.name, process.execPath, PEER], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.lines = createInterface({ input: this.peer.stdout! });
  }

  /** One command to the programs there, see netns-peer.ts. They can be asked while the host is cut off, too. */
  async tell(command: string): Promise<string> {
    const answer = once(this.lines, 'line');
    this.peer.stdin!.write(`${command}\n`);
    return (await answer)[0] as string;
  }

  /** From now on nothing reaches it and nothing comes from it, and nobody is told. */
  vanish(): void {
    execFileSync('ip', ['netns', 'exec', this.name, 'nft', '-f', '-'], { input: CUT });
  }

  comeBack(): void {
    ip('netns', 'exec', this.name, 'nft', 'delete', 'table', 'inet', 'cut');
  }

  async remove(): Promise<void> {
    const ended = once(this.peer, 'exit');
    this.peer.stdin!.end();
    await ended;
    ip('netns', 'del', this.name); // its end of the pair goes, and so does ours
  }
}

function ip(...words: string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'inherit'] });
}
