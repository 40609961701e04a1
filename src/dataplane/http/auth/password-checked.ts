/** A verdict on a password is there: the requests that wait for it go on. */
import type { DataplaneWorker } from '../../worker-context.js';
import { judgeRequest } from '../judge-request.js';

export function passwordChecked(worker: DataplaneWorker, key: string, isRight: boolean): void {
  worker.users?.settle(key, isRight);
  for (const session of [...worker.live]) {
    const tx = session.http?.transaction ?? null;
    if (tx === null || tx.run.awaitedPassword !== key) continue;
    tx.run.awaitedPassword = null;
    judgeRequest(session, tx);
  }
}
