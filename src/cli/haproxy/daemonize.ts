/**
 * `-D`: the launching process stays until the daemon serves or has failed, so that init scripts can trust the exit code.
 * Node cannot fork; the daemon is a second start of the same command, told by an environment variable where to report.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import type { Model } from '../../config/model.js';
import { duplicateTo } from '../../linux/process.js';

const READY_FD = 'FAIRLEAD_READY_FD';

/** True in the process that is to be the daemon. */
export function isDaemonChild(): boolean {
  return process.env[READY_FD] !== undefined;
}

/** Starts the daemon. @returns exit code of the launching process */
export function launchDaemon(model: Model): Promise<number> {
  const inherited = [...new Set(model.proxies.flatMap((p) => p.binds).flatMap((b) => descriptorOf(b.address)))];
  const readyFd = Math.max(2, ...inherited) + 1;
  const stdio = Array.from({ length: readyFd + 1 }, (_, fd) => stdioOf(fd, readyFd, inherited));
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio,
    env: { ...process.env, [READY_FD]: String(readyFd) },
  });
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`cannot start the daemon: ${error.message}`);
      resolve(1);
    });
    const ready = child.stdio[readyFd];
    ready?.on('data', () => {
      // Nothing of the daemon may keep us.
      child.unref();
      ready.destroy();
      resolve(0);
    });
    child.on('exit', (code) => resolve(code || 1));
  });
}

function descriptorOf(address: { kind: string; fd?: number }): number[] {
  return address.kind === 'fd' && address.fd !== undefined ? [address.fd] : [];
}

function stdioOf(fd: number, readyFd: number, inherited: readonly number[]): 'ignore' | 'inherit' | 'pipe' {
  if (fd === readyFd) return 'pipe';
  return fd === 1 || fd === 2 || inherited.includes(fd) ? 'inherit' : 'ignore';
}

/** In the daemon: everything works; the terminal is let go. */
export function reportReady(): void {
  const fd = Number(process.env[READY_FD]);
  delete process.env[READY_FD];
  const nothing = openSync('/dev/null', 'r+');
  for (const standard of [0, 1, 2]) duplicateTo(nothing, standard);
  closeSync(nothing);
  writeSync(fd, 'ready\n');
  closeSync(fd);
}
