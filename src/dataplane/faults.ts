/**
 * The second line of defence: what a session's own code throws ends that session, and no other. The first line is code
 * that does not throw; each fault is an alert in the log, with its place, to be reported.
 */
import { finish } from './finish.js';
import { FREE, Session } from './session.js';
import type { DataplaneWorker } from './worker-context.js';

const PLACE_LINES = 4;

/** @param owner whose events, timer or turn it was */
export function contain(worker: DataplaneWorker, error: unknown, owner: object): void {
  tell(worker, error, owner instanceof Session ? 'the session it happened in is ended' : 'everything else goes on');
  if (!(owner instanceof Session) || owner.state === FREE) return;
  const { clientFd, serverFd } = owner;
  try {
    finish(owner, 'I', '-');
  } catch (again) {
    tell(worker, again, 'its sockets are closed');
    owner.state = FREE;
    worker.reactor.timers.cancel(owner);
    if (serverFd >= 0) worker.reactor.closeLater(serverFd);
    worker.reactor.closeLater(clientFd);
  }
}

function tell(worker: DataplaneWorker, error: unknown, outcome: string): void {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const place = stack
    .split('\n')
    .slice(0, PLACE_LINES)
    .map((line) => line.trim())
    .join(' ');
  worker.warnRarely('fault', `a fault in this program, please report it (${outcome}): ${place}`, 'alert');
}
