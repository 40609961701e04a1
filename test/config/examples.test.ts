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

const accepted = (names: string[], instance?: string) => {
  const loaded = loadConfig(
    names.map((name) => path(`vip/${name}`)),
    { instance },
  );
  const said = loaded.diagnostics.list.filter(({ severity }) => severity !== 'notice');
  assert.deepEqual(said, [], loaded.diagnostics.renderAll());
  return loaded.model;
};

test('vip: keepalived.conf and haproxy.cfg; the script means the proxy, and moves the address', () => {
  const { vips } = accepted(['keepalived.conf', 'haproxy.cfg']);
  assert.equal(vips?.scripts[0].means, 'proxy');
  assert.equal(accepted(['keepalived.conf']).vips?.scripts[0].means, undefined);
});

test('vip: one keepalived.conf for all hosts', () => {
  const of = (host: string) => accepted(['keepalived-all-hosts.conf'], host).vips!.instances[0];
  assert.deepEqual(
    ['vip1', 'vip2', 'vip3'].map((host) => of(host).priority),
    [103, 102, 101],
  );
  assert.deepEqual(
    of('vip2').unicastPeers?.map(({ ip }) => ip),
    ['10.0.0.101', '10.0.0.103'],
  );
});

test('vip: fairlead.yaml; the service on the address is tracked', () => {
  const { vips } = accepted(['fairlead.yaml']);
  const [{ virtualRouterId, version, track }] = vips!.instances;
  assert.deepEqual([virtualRouterId, version], [100, 3]);
  assert.deepEqual(
    track.frontends.map(({ name, weight }) => [name, weight]),
    [['galera', -253]],
  );
});

test('agents: fairlead.yaml and the xinetd service are accepted, and say the same of Galera', () => {
  const env = { HEALTH_CHECK_PASSWORD: 'x' };
  const [yaml, xinetd] = ['agents/fairlead.yaml', 'agents/mysqlchk'].map((name) => loadConfig([path(name)], { env }));
  for (const loaded of [yaml, xinetd]) assert.ok(!loaded.diagnostics.hasErrors, loaded.diagnostics.renderAll());
  const galera = ({ model }: typeof yaml) => meaning({ ...model, agents: [{ ...model.agents[0], name: 'galera' }] });
  assert.deepEqual(galera(xinetd), galera(yaml));
});
