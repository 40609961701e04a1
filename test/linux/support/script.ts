/** A small program in a process of its own, for what would change the tests' own process for good. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

const LINUX = new URL('../../../src/linux/', import.meta.url).href;

function argumentsFor(code: string): string[] {
  return ['--input-type=module', '--eval', code.replaceAll('LINUX/', LINUX)];
}

/** @param code a module; `LINUX/` in it stands for src/linux @returns the JSON document it prints */
// biome-ignore lint/suspicious/noExplicitAny: shape known to the one who wrote the program
export function runScript(code: string): any {
  const done = spawnSync(process.execPath, argumentsFor(code), { encoding: 'utf8', timeout: 30_000 });
  if (done.status !== 0) throw new Error(`exit ${done.status} ${done.signal}: ${done.stderr}`);
  return JSON.parse(done.stdout);
}

/** The same, running, with its standard output to be read. */
export function startScript(code: string): ChildProcess {
  return spawn(process.execPath, argumentsFor(code), { stdio: ['ignore', 'pipe', 'inherit'] });
}
