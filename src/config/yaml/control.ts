/** `control:` of the file, the HTTP endpoint that takes notifications; and `flap-damping:` of a proxy. */
import { z } from 'zod';
import { DEFAULT_FLAP_DAMPING } from '../../core/health/damping.js';
import { DEFAULT_CONTROL_ADDRESS } from '../defaults.js';
import type { Address, ControlHttp, FlapDamping, Located } from '../model.js';
import { listenAddress, listenAddresses } from './address.js';
import { type Codec, count, duration, either, nameOf, type Place, strict, type Written } from './codec.js';
import { type Field, field, readFields, shapeOf, writeFields } from './fields.js';
import { secret } from './role-check.js';
import { isObject, type Plain } from './source.js';

export const controlSchema = strict('control', {
  bind: listenAddress.schema
    .optional()
    .describe('Where to listen; 127.0.0.1:8406 where nothing is written. Other hosts reach a HOST:PORT of this one.'),
  token: secret.schema.describe('What clients must send as a bearer token: { env: NAME } or { file: PATH }.'),
}).describe('HTTP endpoint for notifications (POST /v1/notify) and events; none unless written.');

/** @returns undefined where nothing is written, or after a complaint */
export function readControl(data: Plain | undefined, place: Place): ControlHttp | undefined {
  if (!isObject(data)) return undefined;
  const token = secret.read(data.token, place.child('token'));
  const address: Address | undefined =
    data.bind === undefined ? DEFAULT_CONTROL_ADDRESS : oneAddress(data.bind, place.child('bind'));
  if (token === undefined || address === undefined) return undefined;
  return { address, token, loc: place.keyLoc, at: { token: place.child('token').loc } };
}

function oneAddress(data: Plain, place: Place): Address | undefined {
  const addresses = listenAddresses.read(data, place);
  if (addresses === undefined || addresses.length === 1) return addresses?.[0];
  return place.error('bad-address', `'${data}' is more than one address`, 'write the one that scripts reach');
}

export function writeControl({ address, token }: ControlHttp): Written {
  const isDefault = JSON.stringify(address) === JSON.stringify(DEFAULT_CONTROL_ADDRESS);
  const bind: [string, Written][] = isDefault ? [] : [['bind', listenAddress.write(address)]];
  return new Map([...bind, ['token', secret.write(token)]]);
}

const dampingFields: readonly Field<FlapDamping & Located>[] = [
  field('flaps', 'flaps', count(1, 1000), 'Times down within the window that are let pass; the next one is held.'),
  field(
    'window',
    'windowMs',
    duration(1000),
    'How far back times are counted, and how long calm lasts to forget them.',
  ),
  field('hold', 'holdMs', duration(1), 'How long it is held the first time; doubles with each time.'),
  field('max-hold', 'maxHoldMs', duration(1), 'Longest time it is held.'),
];

const ON = ['on', true];
const OFF = ['off', false];

/** `off`, `on`, or an object with what differs from the defaults. */
export const flapDamping: Codec<FlapDamping | false> = {
  schema: either(
    'on, off or an object is needed; write { flaps: 3, window: 1m, hold: 5s, max-hold: 1m }',
    z.boolean(),
    z.enum(['on', 'off'], { error: (issue) => `'on' or 'off' is needed, not ${nameOf(issue.input)}` }),
    strict('flap-damping', shapeOf(dampingFields)),
  ),
  read: (data, place) => {
    if (OFF.includes(data as string)) return false;
    const settings: FlapDamping & Located = { ...DEFAULT_FLAP_DAMPING };
    if (ON.includes(data as string)) return settings;
    readFields(dampingFields, settings, data, place);
    const { flaps, windowMs, holdMs, maxHoldMs } = settings;
    if (holdMs > maxHoldMs)
      return place.error(
        'misfit-key',
        `'hold' is longer than 'max-hold'`,
        `write 'max-hold: ${Math.ceil(holdMs / 1000)}s' or more`,
      );
    return { flaps, windowMs, holdMs, maxHoldMs };
  },
  write: (value) => {
    if (value === false) return 'off';
    const entries = writeFields(dampingFields, value);
    const standard = new Map(writeFields(dampingFields, DEFAULT_FLAP_DAMPING));
    const own = entries.filter(([key, written]) => standard.get(key) !== written);
    return own.length === 0 ? 'on' : new Map(own);
  },
};
