/** Every file under examples/ is accepted as it stands, and the two languages of one folder mean the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/config/load.js';
import type { Model } from '../../src/config/model.js';

const path = (name: string) => fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url));

/** A model without the places it was written at. */
function meaning(model: Model): unknown {
  return JSON.parse(JSON.stringify(model, (key, value) => (key === 'loc' || key === 'at' ? undefined : value)));
}

for (const folder of ['galera', 'http'])
  test(`${folder}: haproxy.cfg and fairlead.yaml are accepted and yield one model`, () => {
    const [haproxy, yaml] = ['haproxy.cfg', 'fairlead.yaml'].map((name) => loadConfig([path(`${folder}/${name}`)]));
    for (const loaded of [haproxy, yaml]) assert.ok(!loaded.diagnostics.hasErrors, loaded.diagnostics.renderAll());
    assert.deepEqual(meaning(yaml.model), meaning(haproxy.model));
  });

test('agents: fairlead.yaml and the xinetd service are accepted, and say the same of Galera', () => {
  const env = { HEALTH_CHECK_PASSWORD: 'x' };
  const [yaml, xinetd] = ['agents/fairlead.yaml', 'agents/mysqlchk'].map((name) => loadConfig([path(name)], { env }));
  for (const loaded of [yaml, xinetd]) assert.ok(!loaded.diagnostics.hasErrors, loaded.diagnostics.renderAll());
  const galera = ({ model }: typeof yaml) => meaning({ ...model, agents: [{ ...model.agents[0], name: 'galera' }] });
  assert.deepEqual(galera(xinetd), galera(yaml));
});
