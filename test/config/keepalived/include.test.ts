/** `include` and its variants (keepalived.conf(5), "DESCRIPTION"), in a small tree of files. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Diagnostics } from '../../../src/config/diagnostics.js';
import { glob } from '../../../src/config/keepalived/glob.js';
import { readKeepalived } from '../../../src/config/keepalived/read.js';
import type { World } from '../../../src/config/keepalived/world.js';

function router(name: string): string {
  return `vrrp_instance ${name} {\ninterface eth0\nvirtual_router_id ${name.length}\npriority 9\nvirtual_ipaddress {\n10.0.0.1\n}\n}\n`;
}

const FILES: { readonly [path: string]: string } = {
  '/etc/k/a.conf': `${router('a')}include sub/inner.conf\n`,
  '/etc/k/sub/inner.conf': `$HERE=\${_PWD}\ninclude deeper.part\n`,
  '/etc/k/sub/deeper.part': 'vrrp_script s {\nscript "$' + '{HERE}/run"\n}\n',
  '/etc/k/conf.d/20.conf': router('twenty'),
  '/etc/k/conf.d/10.conf': router('ten'),
  '/etc/k/conf.d/.hidden.conf': router('hidden'),
  '/etc/k/conf.d/30.conf~': router('backup'),
  '/etc/k/loose.conf': 'include_check -match -readable -wildcard_match -brace_match\ninclude none.conf\n',
};
const WORLD: World = {
  read: (path) => FILES[path],
  list: (path) => [
    ...new Set(
      Object.keys(FILES).flatMap((file) =>
        file.startsWith(`${path}/`) ? file.slice(path.length + 1).split('/')[0] : [],
      ),
    ),
  ],
  instance: 'here',
};

function read(text: string) {
  const diag = new Diagnostics();
  const { vips, included } = readKeepalived([{ file: '/etc/k/keepalived.conf', text }], diag, WORLD);
  const said = diag.list.map(({ severity, code, loc }) => `${severity} ${code} ${loc?.file}:${loc?.line}`);
  return { said, included, names: vips.instances.map(({ name }) => name), scripts: vips.scripts };
}

// pattern, what it finds
for (const [pattern, paths] of [
  ['a.conf', ['/etc/k/a.conf']],
  ['/etc/k/a.conf', ['/etc/k/a.conf']],
  ['conf.d/*.conf', ['/etc/k/conf.d/10.conf', '/etc/k/conf.d/20.conf']],
  ['conf.d/.*.conf', ['/etc/k/conf.d/.hidden.conf']],
  ['conf.d/?0.conf', ['/etc/k/conf.d/10.conf', '/etc/k/conf.d/20.conf']],
  ['conf.d/[13]0.conf*', ['/etc/k/conf.d/10.conf', '/etc/k/conf.d/30.conf~']],
  ['conf.d/[!1]0.conf', ['/etc/k/conf.d/20.conf']],
  ['conf.d/{2,1}0.conf', ['/etc/k/conf.d/20.conf', '/etc/k/conf.d/10.conf']],
  ['{sub/{inner.conf,none},a.conf}', ['/etc/k/a.conf', '/etc/k/sub/inner.conf']],
  ['*/inner.conf', ['/etc/k/sub/inner.conf']],
  ['conf.d/[z-a]*', []],
  ['none', []],
  [`${'*a'.repeat(40)}`, []],
] as const)
  test(`'${pattern}' is ${paths.length} files`, () => {
    assert.deepEqual([...glob(pattern, '/etc/k/keepalived.conf', WORLD).paths].sort(), [...paths].sort());
  });

test('relative paths and _PWD are those of the file they stand in', () => {
  const { said, included, names, scripts } = read('include a.conf\n');
  assert.deepEqual(included, ['/etc/k/a.conf', '/etc/k/sub/inner.conf', '/etc/k/sub/deeper.part']);
  assert.deepEqual([said, names, scripts[0].program.command], [[], ['a'], ['/etc/k/sub/run']]);
});

test('wildcards are read in order, and an include may stand in a block', () => {
  assert.deepEqual(read('include conf.d/*.conf\n').names, ['ten', 'twenty']);
  const inner = { ...WORLD, read: (path: string) => (path === '/etc/k/addresses' ? '10.0.0.7\n' : undefined) };
  const diag = new Diagnostics();
  const text = router('x').replace('10.0.0.1', 'include "addresses"');
  const { vips } = readKeepalived([{ file: '/etc/k/keepalived.conf', text }], diag, inner);
  assert.deepEqual(
    vips.instances[0].addresses.map(({ ip }) => ip),
    ['10.0.0.7'],
  );
});

// a file, what is said
for (const [text, said] of [
  ['include none.conf', ['warning include-missing /etc/k/keepalived.conf:1']],
  ['include none*.conf', []],
  ['includer none*.conf', []],
  ['includer none.conf', ['error include-missing /etc/k/keepalived.conf:1']],
  ['includem none*.conf', []],
  ['includew none*.conf', ['error include-missing /etc/k/keepalived.conf:1']],
  ['includeb {a,none}.conf', ['error include-missing /etc/k/keepalived.conf:1']],
  ['include {a,none}.conf', []],
  ['include_check\ninclude none*.conf', ['error include-missing /etc/k/keepalived.conf:2']],
  ['include_check +wildcard_match\ninclude none*.conf', ['error include-missing /etc/k/keepalived.conf:2']],
  [
    'include_check\ninclude loose.conf\ninclude none.conf',
    ['warning include-missing /etc/k/loose.conf:2', 'error include-missing /etc/k/keepalived.conf:3'],
  ],
  ['include_check readabel', ['error bad-value /etc/k/keepalived.conf:1']],
] as const)
  test(`${text.replaceAll('\n', ' / ')}: ${said.length === 0 ? 'nothing' : said.join(', ')}`, () => {
    assert.deepEqual(read(`${text}\n`).said, said);
  });
