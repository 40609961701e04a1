/** The whole of fairlead.yaml as one schema, and as the JSON Schema that editors use. */
import { z } from 'zod';
import { agentsSchema } from './agents.js';
import { strict } from './codec.js';
import { controlSchema } from './control.js';
import { shapeOf } from './fields.js';
import { globalFields } from './global.js';
import { httpErrorsSchema } from './http-lines.js';
import { defaultsSchema, proxiesSchema } from './proxy-fields.js';
import { haproxySchema } from './rules.js';
import { userlistsSchema } from './userlist.js';
import { vipsSchema } from './vips.js';
import { vrrpSchema } from './vrrp.js';

const HINTS = {
  bind: "write it in a service: 'services: { NAME: { bind: … } }'",
  servers: "write them in a service: 'services: { NAME: { servers: … } }'",
  check: "write it in a service, or in 'defaults:'",
  timeouts: "write them in a service, or in 'defaults:'",
  maxconn: "write it in 'global:', 'defaults:' or a service",
};

export const fileSchema = strict(
  'fairlead.yaml',
  {
    global: strict('global', { ...shapeOf(globalFields), haproxy: haproxySchema.optional() })
      .optional()
      .describe('Settings of the whole process.'),
    defaults: defaultsSchema.optional(),
    services: proxiesSchema('services', 'An address with the servers behind it (HAProxy: listen).').optional(),
    frontends: proxiesSchema('frontends', 'Addresses without servers: their rules choose a backend.').optional(),
    backends: proxiesSchema('backends', 'Servers without an address: frontends send to them.').optional(),
    userlists: userlistsSchema.optional(),
    'http-errors': httpErrorsSchema.optional(),
    agents: agentsSchema.optional(),
    control: controlSchema.optional(),
    vips: vipsSchema.optional(),
    vrrp: vrrpSchema.optional(),
  },
  HINTS,
);

/** The published schema. Editors complain about other spellings of keys than the canonical; the reader does not. */
export function jsonSchema(): object {
  const schema = z.toJSONSchema(fileSchema, { io: 'output', unrepresentable: 'any' });
  return { ...schema, title: 'fairlead.yaml', description: 'Configuration of Fairlead.' };
}
