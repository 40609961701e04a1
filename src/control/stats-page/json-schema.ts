/** What `;json` holds, as a JSON schema: rows, each a list of fields with what they are and what they are worth. */
const text = (values?: readonly string[]) => (values === undefined ? { type: 'string' } : { enum: values });
const whole = { type: 'integer' };
const required = (properties: { [name: string]: object }) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
});

const FIELD = required({
  objType: text(['Frontend', 'Backend', 'Listener', 'Server']),
  proxyId: whole,
  id: whole,
  field: required({ pos: whole, name: text() }),
  processNum: whole,
  tags: required({
    origin: text(['Metric', 'Status', 'Key', 'Config', 'Product']),
    nature: text([
      'Gauge',
      'Limit',
      'Min',
      'Max',
      'Rate',
      'Counter',
      'Duration',
      'Age',
      'Time',
      'Name',
      'Output',
      'Avg',
    ]),
    scope: text(['Cluster', 'Process', 'Service', 'System']),
  }),
  value: required({ type: text(['s32', 's64', 'u32', 'u64', 'str']), value: { type: ['integer', 'string'] } }),
});

export const JSON_SCHEMA = `${JSON.stringify({
  $schema: 'http://json-schema.org/draft-04/schema#',
  title: 'Stat',
  type: 'array',
  items: { title: 'Row', type: 'array', items: FIELD },
})}\n`;
