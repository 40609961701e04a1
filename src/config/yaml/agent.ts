/** `agent:` of a server: the program beside it that tells its weight and state (HAProxy's agent-check). */
import { z } from 'zod';
import { hostOnly } from './address.js';
import { type Codec, count, duration, either, flag, strict, type Written } from './codec.js';
import { type Field, field, readFields, type ServerSettings, shapeOf, writeFields } from './fields.js';
import { isObject } from './source.js';

/** The model holds bytes as latin1. */
const bytes: Codec<string> = {
  schema: z.string({ error: 'a text is needed; put it in quotes' }),
  read: (data) => Buffer.from(String(data), 'utf8').toString('latin1'),
  write: (value) => Buffer.from(value, 'latin1').toString('utf8'),
};

const agentFields: readonly Field<ServerSettings>[] = [
  field('port', 'agentPort', count(1, 65535), 'Port the agent listens on.', 'b'),
  field('address', 'agentAddr', hostOnly, 'Host of the agent, where it is not the server.', 'b'),
  field('interval', 'agentInterMs', duration(1), 'Time between questions; 2s where nothing is written.', 'b'),
  field('send', 'agentSend', bytes, 'Text to send before listening.', 'b'),
];

/** `agent: N` is its port. Written at all, it is asked, unless `enabled: false`. */
export const agentField: Field<ServerSettings> = {
  key: 'agent',
  name: 'agentCheck',
  sides: 'b',
  schema: either(
    "false, a port or how to ask the agent is needed; write 'agent: { port: 9777 }'",
    z.literal(false),
    count(1, 65535).schema,
    strict('the agent of a server', {
      ...shapeOf(agentFields),
      enabled: flag.schema.optional().describe('false: how it would be asked, without asking.'),
    }),
  ).describe('The agent of the server: it tells weight, state and maxconn.'),
  read: (target, data, place) => {
    if (typeof data === 'number') target.agentPort = data;
    if (isObject(data)) readFields(agentFields, target, data, place);
    if (data === false || (isObject(data) && data.enabled === false)) delete target.agentCheck;
    else target.agentCheck = true;
  },
  write: (from) => {
    const written = writeFields(agentFields, from);
    if (written.length === 0 && !from.agentCheck) return undefined;
    const off: [string, Written][] = from.agentCheck === true ? [] : [['enabled', false]];
    return new Map([...off, ...written]);
  },
};
