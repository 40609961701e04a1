/** A backend's rows in a table of their own, for the tests of core/balance. */
import { type BalanceOptions, Balancer } from '../../../src/core/balance/balancer.js';
import * as T from '../../../src/core/table.js';

export interface ServerSpec {
  readonly weight?: number;
  readonly maxconn?: number;
  readonly minconn?: number;
  readonly backup?: boolean;
  readonly id?: number;
}

export interface Fixture {
  readonly backend: T.Row;
  readonly rows: T.Row[];
  readonly balancer: Balancer;
  /** Another worker's view of the same table. */
  another(): Balancer;
  /** Sets the weight in force (in sixteenths) and raises the generation. */
  reweigh(index: number, weight16: number): void;
}

export function fixture(options: Partial<BalanceOptions>, specs: readonly ServerSpec[]): Fixture {
  const segment = T.createSegment(0, specs.length + 1, 1);
  const backend = new T.Row(segment, 0);
  const rows = specs.map((spec, i) => serverRow(new T.Row(segment, i + 1), spec));
  const servers = specs.map((spec, i) => ({
    row: rows[i],
    id: spec.id ?? i + 1,
    backup: spec.backup ?? false,
    maxconn: spec.maxconn ?? 0,
  }));
  const another = () => new Balancer({ algorithm: 'roundrobin', allBackups: false, ...options }, servers, backend);
  return { backend, rows, balancer: another(), another, reweigh: (i, w) => reweigh(backend, rows[i], w) };
}

function serverRow(row: T.Row, spec: ServerSpec): T.Row {
  const weight = spec.weight ?? 1;
  row.set(T.S_STATE, T.STATE_RUNNING);
  row.set(T.S_UWEIGHT, weight);
  row.set(T.S_IWEIGHT, weight);
  row.set(T.S_EWEIGHT, weight * 16);
  row.set(T.I_MAXCONN, spec.maxconn ?? 0);
  row.set(T.S_MINCONN, spec.minconn ?? 0);
  return row;
}

function reweigh(backend: T.Row, row: T.Row, weight16: number): void {
  row.set(T.S_EWEIGHT, weight16);
  backend.add(T.B_GENERATION, 1);
}

/** `ABCA…`: who gets each of `n` connections that end before the next one begins. */
export function sequence(balancer: Balancer, n: number, key = 0): string {
  let names = '';
  for (let i = 0; i < n; i++) {
    const picked = balancer.pick(key, -1, () => 0.5);
    names += nameOf(picked);
    if (picked >= 0 && balancer.takeSlot(picked)) balancer.releaseSlot(picked);
  }
  return names;
}

/** As `sequence`, and the connections stay. */
export function held(balancer: Balancer, n: number): string {
  let names = '';
  for (let i = 0; i < n; i++) {
    const picked = balancer.pick(0, -1, () => 0.5);
    names += nameOf(picked);
    if (picked >= 0) balancer.takeSlot(picked);
  }
  return names;
}

/** A, B … by index, `-` for the queue, `!` for none. */
export function nameOf(picked: number): string {
  return picked >= 0 ? String.fromCharCode(65 + picked) : picked === -2 ? '-' : '!';
}
