/** Cookie persistence (`cookie` in a backend, `force-persist`, `ignore-persist`) and the keys of hashing algorithms. */
import type { SampleContext } from '../../core/expr/context.js';
import type { BackendEntity, ServerEntity } from '../entities.js';
import type { HttpProgram } from './rules/program.js';
import type { Transaction } from './transaction.js';

/** Looks for the persistence cookie and takes it out of the request where the mode says so; fills `tx.run`. */
export function readRequestCookies(
  _tx: Transaction,
  _backend: BackendEntity,
  _program: HttpProgram,
  _context: SampleContext,
): void {}

/** Rewrites, prefixes, removes or inserts the persistence cookie of a server's response. */
export function writeResponseCookies(
  _tx: Transaction,
  _backend: BackendEntity,
  _server: ServerEntity,
  _program: HttpProgram,
): void {}

/**
 * Key of `balance uri|url_param|hdr|hash` for `Balancer.pick`.
 * @returns -1 where the request has no such key: the connection is given out in turns then, as HAProxy does
 */
export function balanceKey(_tx: Transaction, _backend: BackendEntity, _context: SampleContext): number {
  return -1;
}
