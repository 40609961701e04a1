/** What makes the checks of one server: a probe over a socket, or a program that is run. */
import type { Proxy, Server } from '../config/model.js';
import type { ServerHealth } from '../core/health/entities.js';
import type { CheckReport } from '../core/health/texts.js';
import type { Timed } from '../core/timer-heap.js';
import type { Reactor } from '../linux/reactor.js';
import { ExternalCheck } from './external-check.js';
import type { IdleSockets } from './idle-sockets.js';
import { compileCheck } from './plan.js';
import { Probe } from './probe.js';
import type { Programs } from './programs.js';
import type { ReceiveBuffers } from './receive-buffers.js';
import { Target } from './target.js';

export interface Checker extends Timed {
  readonly server: ServerHealth;
  /** No check is under way. */
  readonly isIdle: boolean;
  /** The server is gone, or is not to be checked any more. */
  cancel(): void;
}

/** Whoever runs the checkers. */
export interface CheckOwner {
  readonly reactor: Reactor;
  readonly buffers: ReceiveBuffers;
  readonly sockets: IdleSockets;
  readonly nodeName: string;
  /** The server is to be checked now. */
  wants(server: ServerHealth): boolean;
  started(checker: Checker): void;
  /** The report is the checker's own object: read it before the next check. */
  ended(checker: Checker, report: CheckReport): void;
  /** Nothing can be said: this host itself had no descriptor or memory left. */
  missed(checker: Checker): void;
}

export function createChecker(
  owner: CheckOwner,
  programs: Programs,
  server: ServerHealth,
  proxy: Proxy,
  spec: Server,
): Checker {
  if (proxy.check.type === 'external') return new ExternalCheck(owner, programs, server, proxy, spec);
  return new Probe(owner, server, new Target(proxy, spec, server.row), compileCheck(proxy, spec));
}

/** A new configuration: a check under way ends as it began. @returns false where another kind of checker is needed */
export function adoptChecker(checker: Checker, server: ServerHealth, proxy: Proxy, spec: Server): boolean {
  const isExternal = proxy.check.type === 'external';
  if (isExternal && checker instanceof ExternalCheck) checker.adopt(server, proxy, spec);
  else if (!isExternal && checker instanceof Probe)
    checker.adopt(server, new Target(proxy, spec, server.row), compileCheck(proxy, spec));
  else return false;
  return true;
}
