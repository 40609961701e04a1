/** The invariant of the native language: what `writeYaml` writes, `readYaml` reads back as the same model. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { emptyModel } from '../../../src/config/defaults.js';
import { Diagnostics } from '../../../src/config/diagnostics.js';
import { readHaproxy } from '../../../src/config/haproxy/read.js';
import { readKeepalived } from '../../../src/config/keepalived/read.js';
import type { Condition, Model, Proxy } from '../../../src/config/model.js';
import { readYaml } from '../../../src/config/yaml/read.js';
import { writeYaml } from '../../../src/config/yaml/write.js';
import { rank } from './http-models.js';
import { model } from './models.js';
import { vipConfig } from './vip-models.js';

const CONTEXT = () => ({ env: {}, version: '2.6.12' });

/**
 * What two equal models have in common: all but places, `check: false` (as good as none), the order of the notes on
 * lines that do not run, and the slash in names of ACLs that came from a defaults section, which none may be given.
 */
function comparable(of: Model): Model {
  const plain = JSON.parse(
    JSON.stringify(of, (key, value) => (key === 'loc' || key === 'at' ? undefined : value)),
  ) as Model;
  const byText = (a: object, b: object) => JSON.stringify(a).localeCompare(JSON.stringify(b));
  plain.global.deferred.sort(byText);
  if (plain.vips && isEmpty(plain.vips)) delete plain.vips;
  for (const proxy of plain.proxies) {
    proxy.deferred.sort(byText);
    for (const server of proxy.servers) if (server.check === false) delete server.check;
    for (const acl of proxy.acls) acl.name = acl.name.replace('/', '.');
    // Each kind of rules is a list of its own.
    proxy.http.rules.sort((a, b) => rank(a) - rank(b));
    for (const { anyOf } of conditionsOf(proxy))
      for (const term of anyOf.flat()) if (term.acl) term.acl = term.acl.replace('/', '.');
  }
  return plain;
}

function isEmpty({ settings, ...lists }: NonNullable<Model['vips']>): boolean {
  const { notifyFifos, ...others } = settings;
  return [notifyFifos, Object.keys(others), ...Object.values(lists)].every((list) => list.length === 0);
}

function conditionsOf({
  tcpRequest,
  tcpResponse,
  useBackends,
  useServers,
  stickRules,
  http,
  ...proxy
}: Proxy): Condition[] {
  const rules = [...tcpRequest, ...tcpResponse, ...useBackends, ...useServers, ...stickRules, ...http.rules];
  return [
    ...[...rules, ...(http.statsPage?.rules ?? [])].flatMap(({ condition }) => condition ?? []),
    ...[...http.monitorFail, ...proxy.forcePersist, ...proxy.ignorePersist, ...(http.statsPage?.admin ?? [])],
  ];
}

function assertSame(original: Model): void {
  const text = writeYaml(original);
  const diag = new Diagnostics();
  diag.addSource('fairlead.yaml', text);
  const found = readYaml([{ file: 'fairlead.yaml', text }], diag, CONTEXT());
  const errors = diag.list.filter((d) => d.severity === 'error').map((d) => diag.render(d));
  assert.deepEqual(errors, [], text);
  assert.deepEqual(comparable(found), comparable(original), text);
}

test('every model reads back from its own text', () => {
  fc.assert(fc.property(model, assertSame), { numRuns: 200 });
});

const HAPROXY = new URL('../../../../test/config/haproxy/', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, HAPROXY), 'utf8');

/** Files of the HAProxy reader's own tests: the four installations, the golden files, and every line of the corpora. */
function haproxyTexts(): [string, string][] {
  const files = (folder: string, ending: string) =>
    readdirSync(new URL(folder, HAPROXY))
      .filter((name) => name.endsWith(ending))
      .map((name): [string, string] => [name, read(folder + name).split(/^--- .*\n/m)[0]]);
  const complete =
    'listen a\n bind :80\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n server s 10.0.0.1:80\n';
  const lines = (name: string, wrap: (line: string) => string) =>
    read(`corpus/${name}.txt`)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line): [string, string] => [line, wrap(line.replaceAll('\\n', '\n').replaceAll('\\s', ' '))]);
  return [
    ...files('seeds/', '.cfg'),
    ...files('golden/', '.txt'),
    ...lines('listen', (line) => `${complete} ${line}\n`),
    ...lines('global', (line) => `global\n${line}\n${complete}`),
  ];
}

test('every configuration of virtual addresses reads back from its own text', () => {
  const property = fc.property(vipConfig, (vips) => assertSame({ ...emptyModel(), vips }));
  fc.assert(property, { numRuns: 300 });
});

const KEEPALIVED = new URL('../../../../test/config/keepalived/', import.meta.url);

/** The golden files, the seed, and every line of the corpora of keepalived's reader, each as a whole configuration. */
function keepalivedTexts(): string[] {
  const complete = 'vrrp_instance A {\ninterface eth0\nvirtual_router_id 3\nvirtual_ipaddress {\n1.2.3.4\n}\n';
  const files = ['golden', 'seeds'].flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, KEEPALIVED))
      .filter((name) => !name.endsWith('.expected'))
      .map((name) => readFileSync(new URL(`${folder}/${name}`, KEEPALIVED), 'utf8').split(/^--- .*\n/m)[0]),
  );
  const lines = (name: string, wrap: (line: string) => string) =>
    readFileSync(new URL(`corpus/${name}.txt`, KEEPALIVED), 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => wrap(line.replaceAll('\\n', '\n')));
  return [
    ...files,
    ...lines('instance', (line) => `${complete}${line}\n}\n`),
    ...lines('file', (line) => line.replaceAll('@', `${complete}}\n`)),
  ];
}

test('every keepalived.conf that is accepted means the same as fairlead.yaml', () => {
  let accepted = 0;
  for (const text of keepalivedTexts()) {
    const diag = new Diagnostics();
    const world = { read: () => undefined, list: () => [], instance: 'here' };
    const { vips } = readKeepalived([{ file: 'keepalived.conf', text }], diag, world);
    const hasPassword = vips.instances.some(({ password }) => password !== undefined);
    // A password is not written, but a place for it; and an address is asked for.
    if (diag.hasErrors || hasPassword || vips.instances.some((vip) => vip.addresses.length === 0)) continue;
    accepted++;
    assertSame({ ...emptyModel(), vips });
  }
  assert.ok(accepted > 150, `${accepted} were accepted`);
});

test('every HAProxy file that is accepted means the same as fairlead.yaml', () => {
  let accepted = 0;
  for (const [name, text] of haproxyTexts()) {
    const diag = new Diagnostics();
    const found = readHaproxy([{ file: name, text }], diag, CONTEXT());
    if (diag.hasErrors) continue;
    accepted++;
    assertSame(found);
  }
  assert.ok(accepted > 100, `${accepted} were accepted`);
});
