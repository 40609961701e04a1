/**
 * `write:` and `read:` of a service: two addresses over one set of servers. Each becomes a proxy of its own, NAME-write
 * and NAME-read, with everything the service says and then what its own block says; its check asks for the primary or
 * for replicas. The model knows proxies alone, so statistics, commands and import show these two.
 */
import { z } from 'zod';
import type { Proxy } from '../model.js';
import { misfitOf, ROLE_FIELDS, type RoleKind, roleFieldOf } from '../role-fields.js';
import { listenAddress } from './address.js';
import { readCheck } from './check.js';
import { either, type Place, strict } from './codec.js';
import type { ServerSettings } from './fields.js';
import { ROLE_SHAPE } from './role-check.js';
import { isObject, type Plain } from './source.js';

type Side = 'write' | 'read';
type Data = { [key: string]: Plain };

const SIDES: readonly Side[] = ['write', 'read'];
/** What the readers' block says of replicas, in the words of `check:`. */
const READ_KEYS = ['max-lag', 'max-lag-bytes', 'primary-as-fallback'];
const LAG_HINTS = Object.fromEntries(READ_KEYS.map((key) => [key, "it is about replicas: write it in 'read:'"]));
/** Both addresses would have it. */
const NOT_SHARED = ['bind', 'id', 'name'];

export interface Half {
  readonly side: Side;
  readonly name: string;
  readonly data: Data;
  readonly place: Place;
}

/** @param shape the keys of a service that each of the two may have of its own */
export function sidesShape(shape: z.ZodRawShape): z.ZodRawShape {
  const lags = Object.fromEntries(READ_KEYS.map((key) => [key, ROLE_SHAPE[key]]));
  const side = (what: string, own: z.ZodRawShape) =>
    either(
      `an address or a block is needed; write such as ':5432' or { bind: ':5432' }`,
      listenAddress.schema,
      z.array(listenAddress.schema),
      strict(what, own, LAG_HINTS),
    );
  return {
    write: side('the write address', shape)
      .optional()
      .describe('Address for writers: the primary alone; of a Galera cluster one node (balance single).'),
    read: side('the read address', { ...shape, ...lags })
      .optional()
      .describe('Address for readers: replicas within their lag; of a Galera cluster any node.'),
  };
}

/** @returns none for a service with one address */
export function halvesOf(name: string, data: Data, place: Place): Half[] {
  const halves = SIDES.filter((side) => data[side] !== undefined).map((side): Half => {
    const written = data[side];
    const own: Data = isObject(written) ? written : { bind: written };
    const ownName = typeof own.name === 'string' ? own.name : `${name}-${side}`;
    return { side, name: ownName, data: own, place: place.child(side) };
  });
  if (halves.length > 0) complainShared(data, place);
  return halves;
}

function complainShared(data: Data, place: Place): void {
  for (const key of NOT_SHARED.filter((each) => data[each] !== undefined)) {
    const { keyLoc, source } = place.child(key);
    const message = `'${key}' stands beside 'write' and 'read', which are addresses of their own`;
    source.diag.error('misfit-key', keyLoc, message, `write it in 'write:' and in 'read:'`);
  }
}

/** What the side asks of a server, once everything else about the proxy is read. */
export function applySide(proxy: Proxy, settings: ServerSettings, half: Half): void {
  const { side, data, place } = half;
  const kind = proxy.check.role?.kind;
  if (kind === undefined) {
    const message = `'${side}' needs a check that knows the role of a server`;
    place.source.diag.error('no-role', place.keyLoc, message, "write such as 'check: { type: postgres, user: … }'");
    return;
  }
  readCheck(proxy, settings, roleKeys(half, kind), place);
  if (side === 'write') asWriter(proxy, settings, kind, data, place);
}

function roleKeys({ side, data }: Half, kind: RoleKind): Data {
  const keys: Data = { type: kind };
  if (hasRoles(kind) && !(isObject(data.check) && data.check.role !== undefined))
    keys.role = side === 'write' ? 'primary' : 'replica';
  for (const key of READ_KEYS) if (data[key] !== undefined) keys[key] = data[key];
  return keys;
}

/** Primary and replica are told apart; the nodes of a Galera cluster are all alike. */
function hasRoles(kind: RoleKind): boolean {
  return misfitOf(roleFieldOf('role')!, kind) === undefined;
}

/** Limits for replicas are not its business; and where every node would do, it keeps to one, also with its sessions. */
function asWriter(proxy: Proxy, settings: ServerSettings, kind: RoleKind, data: Data, place: Place): void {
  const role = proxy.check.role!;
  for (const { key, name } of ROLE_FIELDS) if (READ_KEYS.includes(key)) delete role[name];
  if (kind === 'galera' && data.balance === undefined) proxy.balance = { algorithm: 'single', loc: place.loc };
  if (proxy.balance?.algorithm === 'single') settings.onMarkedDown ??= 'shutdown-sessions';
}
