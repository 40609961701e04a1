/** A helper process and this test as its daemon. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import type { TrackFile, TrackProcess, TrackScript, VipSettings } from '../../../src/config/model.js';
import type { FromHelper, ToHelper } from '../../../src/vip/helper/messages.js';
import { HELPER_MAIN, startHelper } from '../../../src/vip/helper/start.js';

const LIMIT_MS = 10_000;

type Of<T extends FromHelper['type']> = Extract<FromHelper, { type: T }>;

export class TestHelper {
  readonly heard: FromHelper[] = [];
  readonly process: ChildProcess;
  readonly link: Duplex;
  private readonly waiting = new Set<() => void>();

  /** @param namespace of the network; none: that of this process */
  constructor(namespace?: string) {
    this.process = namespace === undefined ? startHelper('pipe') : startInside(namespace);
    this.link = this.process.stdio[3] as Duplex;
    this.link.on('error', () => {}); // it may be gone already
    createInterface({ input: this.link }).on('line', (line) => {
      this.heard.push(JSON.parse(line) as FromHelper);
      for (const look of this.waiting) look();
    });
  }

  say(message: ToHelper): void {
    this.link.write(`${JSON.stringify(message)}\n`);
  }

  plan(parts: Partial<Extract<ToHelper, { type: 'plan' }>>): void {
    this.say({ type: 'plan', settings: settings(), scripts: [], files: [], processes: [], rtPriority: 0, ...parts });
  }

  /** The first message of that type and kind, heard before or within 10 s. */
  async hear<T extends FromHelper['type']>(type: T, isIt: (message: Of<T>) => boolean = () => true): Promise<Of<T>> {
    const find = () => this.heard.find((one): one is Of<T> => one.type === type && isIt(one as Of<T>));
    await this.until(() => find() !== undefined, `a message '${type}'; heard ${JSON.stringify(this.heard)}`);
    return find()!;
  }

  /** Values told for a tracked thing, in order. */
  valuesOf(name: string): unknown[] {
    return this.heard.flatMap((one) =>
      one.type === 'tracked' && one.name === name ? [Object.values(one.value)[0]] : [],
    );
  }

  logs(): string[] {
    return this.heard.flatMap((one) => (one.type === 'log' ? [one.text] : []));
  }

  /** As the end of the daemon: its end of the socket is closed. */
  async abandon(): Promise<number> {
    const ended = once(this.process, 'exit');
    this.link.destroy();
    return (await ended)[0] as number;
  }

  private until(isTrue: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!isTrue()) return;
        clearTimeout(timer);
        this.waiting.delete(look);
        resolve();
      };
      const timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), LIMIT_MS);
      this.waiting.add(look);
      look();
    });
  }
}

function startInside(namespace: string): ChildProcess {
  const command = ['netns', 'exec', namespace, process.execPath, HELPER_MAIN];
  return spawn('ip', command, { stdio: ['ignore', 'ignore', 'inherit', 'pipe'], detached: true });
}

export function settings(parts: Partial<VipSettings> = {}): VipSettings {
  return { notifyFifos: [], scriptUser: { user: 'root' }, ...parts };
}

export function script(name: string, command: string[], parts: Partial<TrackScript> = {}): TrackScript {
  return { name, program: { command }, intervalMs: 100, timeoutMs: 5000, ...parts };
}

export function file(name: string, path: string, parts: Partial<TrackFile> = {}): TrackFile {
  return { name, path, ...parts };
}

export function processNamed(name: string, command: string[], parts: Partial<TrackProcess> = {}): TrackProcess {
  return { name, command, ...parts };
}

/** A folder that is removed after the test, and programs in it. */
export class Workshop {
  readonly path = mkdtempSync(join(tmpdir(), 'fairlead-helper-'));

  /** @param text of a shell script, without its first line @returns its path */
  program(name: string, text: string, mode = 0o755): string {
    const path = join(this.path, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode });
    return path;
  }

  at(name: string): string {
    return join(this.path, name);
  }

  read(name: string): string {
    try {
      return readFileSync(this.at(name), 'utf8');
    } catch {
      return '';
    }
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
  }
}

/** @throws Error when it has not become true within that time */
export async function eventually(isTrue: () => boolean, what: string, limitMs = 5000): Promise<void> {
  for (const deadline = performance.now() + limitMs; !isTrue(); ) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Whether a group has members that are no zombies (those wait for init, which may take its time). */
export function isGroupAlive(pgid: number): boolean {
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      // proc(5): pid (comm) state ppid pgrp …
      const [state, , group] = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
      return state !== 'Z' && Number(group) === pgid;
    } catch {
      return false; // it has just ended
    }
  });
}
