/** Sample expressions in log lines, `%[fetch]`: those whose value is in the record of the session, and constants. */
import type { Variable } from './aliases.js';
import type { LogRecord } from './record.js';

const FETCHES: { readonly [name: string]: (record: LogRecord) => string | number } = {
  src: (r) => r.clientIp,
  src_port: (r) => r.clientPort,
  fc_src: (r) => r.clientIp,
  fc_src_port: (r) => r.clientPort,
  dst: (r) => r.frontendIp,
  dst_port: (r) => r.frontendPort,
  fc_dst: (r) => r.frontendIp,
  fc_dst_port: (r) => r.frontendPort,
  fe_name: (r) => r.frontend,
  be_name: (r) => r.backend,
  srv_name: (r) => r.server,
  act_conn: (r) => r.activeConnections,
  fe_conn: (r) => r.frontendConnections,
  be_conn: (r) => r.backendConnections,
  hostname: (r) => r.hostname,
  bytes_in: (r) => r.bytesToServer,
  bytes_out: (r) => r.bytesToClient,
  always_true: () => 1,
  always_false: () => 0,
};

/** @param text between the brackets @returns undefined where no such value is known to logs */
export function fetchVariable(text: string): Variable | undefined {
  const [, name, argument] = /^\s*(\w+)(?:\(([^)]*)\))?\s*$/.exec(text) ?? [];
  const constant = constantOf(name, argument ?? '');
  if (constant !== undefined) return { kind: 'text', read: () => constant };
  if (name === undefined || argument !== undefined || !Object.hasOwn(FETCHES, name)) return undefined;
  const read = FETCHES[name];
  return { kind: 'text', read: (record) => orDash(read(record)) };
}

function constantOf(name: string | undefined, argument: string): string | undefined {
  if (name === 'str') return argument === '' ? '-' : argument;
  if (name === 'int' && /^-?\d+$/.test(argument)) return String(Number(argument));
  if (name === 'bool') return argument === 'true' || argument === '1' ? '1' : '0';
  return undefined;
}

function orDash(value: string | number): string | number {
  return value === '' ? '-' : value;
}
