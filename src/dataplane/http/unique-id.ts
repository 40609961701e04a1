/** `unique-id-format`: made once for a request, when somebody first asks for it. */
import type { Transaction } from './transaction.js';

/** @returns null where no format is configured */
export function uniqueIdOf(tx: Transaction): string | null {
  const { session } = tx;
  const make = session.frontend.uniqueId;
  if (tx.uniqueId !== null || make === null || tx.request.headEnd === 0) return tx.uniqueId;
  tx.uniqueId = ''; // what the format asks of the request must not ask for the id again
  tx.uniqueId = make(session.worker.sampleContext(session, true, tx));
  return tx.uniqueId;
}
