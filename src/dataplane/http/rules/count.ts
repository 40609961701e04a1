/** What the answers of rules count as in the statistics (manual of management §9.1: `dreq`, `dresp`, `intercepted`). */
import * as T from '../../../core/table.js';
import type { Transaction } from '../transaction.js';

/** Refused: where the client came in, and at the backend once the request is there. */
export function countDenied({ session, run, hasResponse }: Transaction): void {
  const { frontend, listenerCells, backend, server } = session;
  const cell = hasResponse ? T.C_DENIED_RESP : T.C_DENIED_REQ;
  frontend.cells.count(cell);
  listenerCells.count(cell);
  if (backend !== null && (hasResponse || run.backend !== null)) backend.cells.count(cell);
  if (hasResponse) server?.cells.count(cell);
}

/** `reject` in a listen section counts on both its sides, as in HAProxy (observed). */
export function countRejected(tx: Transaction): void {
  countDenied(tx);
  const { frontend, backend, worker } = tx.session;
  if (backend === null) worker.backends.get(frontend.name)?.cells.count(T.C_DENIED_REQ);
}

/** Answered by the frontend itself. */
export function countIntercepted({ session, run, hasResponse }: Transaction): void {
  if (run.backend === null && !hasResponse) session.frontend.cells.count(T.C_INTERCEPTED);
}
