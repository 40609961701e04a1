/** The virtual addresses on the statistics page: what is shown to whom, and how it looks in a browser. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { StatsPage } from '../../../src/config/model.js';
import type { VipInstanceStatus } from '../../../src/core/vrrp/messages.js';
import { Browser } from '../../support/chromium.js';
import { systemTest } from '../../support/peers.js';
import { bind, FakeEngine, model, proxy, server } from '../fake-engine.js';
import { backup, disputed, faulty, instance, master, status, vipConfig } from '../vips.js';
import { tell, withPage } from './ask.js';

const DOCS = fileURLToPath(new URL('../../../../docs/statistics-page/', import.meta.url));

function engineWith(instances: readonly VipInstanceStatus[], page: Partial<StatsPage> = {}): FakeEngine {
  const proxies = [
    proxy('listen', 'stats', 2, { mode: 'http', binds: [bind(7000)] }),
    proxy('backend', 'be', 3, { servers: [server('s1', 1, 17951)] }),
  ];
  const all = { ...model(proxies), vips: vipConfig(instances.map(({ name }) => instance({ name }))) };
  const engine = new FakeEngine(withPage(all, 'stats', page));
  engine.vipStatus = instances.length > 0 ? status(instances) : null;
  return engine;
}

const SECTION = /<section aria-labelledby="virtual-addresses">[\s\S]*?<\/section>/;

async function shown(engine: FakeEngine, target = '/stats'): Promise<string> {
  return (await tell(engine, { target })).text;
}

/** Texts of the cells of the section, row by row. */
async function cells(engine: FakeEngine): Promise<string[][]> {
  const section = SECTION.exec(await shown(engine))![0];
  const rows = section.split(/<tr [^>]*id="vip/).slice(1);
  return rows.map((row) =>
    row
      .split(/<t[hd]/)
      .slice(1)
      .map((cell) =>
        cell
          .slice(cell.indexOf('>') + 1)
          .replace(/<[^>]*>/g, ' ')
          .replace(/\s+/g, ' ')
          .trim(),
      ),
  );
}

test('the section is there where there are virtual routers, and only on a page that shows everything', async () => {
  assert.doesNotMatch(await shown(engineWith([])), SECTION);
  assert.match(await shown(engineWith([master()])), SECTION);
  assert.doesNotMatch(await shown(engineWith([master()]), '/stats?scope=be'), SECTION);
  assert.doesNotMatch(await shown(engineWith([master()], { scope: ['be'] })), SECTION);
});

test('CSV, JSON and typed output are those of HAProxy, with virtual routers or without', async () => {
  for (const format of ['csv', 'json', 'typed'])
    assert.equal(
      await shown(engineWith([disputed()]), `/stats;${format}`),
      await shown(engineWith([]), `/stats;${format}`),
    );
});

test('state, owner, addresses, priority and problems', async () => {
  const rows = await cells(
    engineWith([master(), backup({ name: 'VI_9' }), faulty(), disputed()], { showsLegends: true }),
  );
  assert.deepEqual(rows[0].slice(0, 1), ['VI_1 vrid 51 on eth1, VRRPv2']);
  assert.match(rows[0][1], /^● MASTER 1 h [\d: -]+, was BACKUP: no advertisement for 3\.6 s$/);
  assert.deepEqual(rows[0].slice(2), [
    'this host advert 400 ms ago',
    '10.0.0.130 held here',
    '103 101 +2 chk_haproxy',
    '',
  ]);
  assert.match(rows[1][1], /^◐ BACKUP 1 h /);
  assert.deepEqual(rows[1].slice(2), [
    '10.0.0.101 priority 103, advert 400 ms ago',
    '10.0.0.130 not held here',
    '100 chk_haproxy is down',
    '',
  ]);
  assert.match(rows[2][1], /^✖ FAULT 12 s /);
  assert.deepEqual(rows[2].slice(2), [
    'not known',
    '10.0.0.132/24 not held here',
    '91 101 -10 load; eth2 is down',
    'interface eth2 is down',
  ]);
  assert.equal(
    rows[3][5],
    '10.0.0.103 says it is master, too, with priority 90 seen 60 times in 1 m, last 1 s ago To correct: see whether both reach each other: a firewall or switch may drop protocol 112 to 224.0.0.18',
  );
});

test('addresses of hosts are for pages with show-legends', async () => {
  const engine = engineWith([backup(), disputed()]);
  const section = SECTION.exec(await shown(engine))![0];
  for (const address of ['10.0.0.101', '10.0.0.102', '10.0.0.103'])
    assert.equal(section.includes(address), false, address);
  const rows = await cells(engine);
  assert.equal(rows[0][2], 'another router priority 103, advert 400 ms ago');
  assert.equal(rows[1][5], 'two masters seen 60 times in 1 m, last 1 s ago');
});

test('names and reasons cannot break the page', async () => {
  const evil = '"><script>alert(1)</script>';
  const [problem] = disputed().problems;
  const router = master({
    name: evil,
    interface: evil,
    faults: [evil],
    problems: [{ ...problem, text: evil, remedy: evil, code: evil }],
    transitions: [{ atMs: 0, from: 'INIT', to: 'MASTER', why: evil }],
    addresses: [{ text: evil, interface: evil, isHeld: true }],
    tracked: [{ kind: 'script', name: evil, up: false, weight: 1, effect: -1 }],
    owner: evil,
  });
  for (const showsLegends of [undefined, true] as const) {
    const text = await shown(engineWith([router], { showsLegends }));
    assert.equal(text.includes('<script'), false);
    assert.ok(text.includes('&lt;script&gt;'));
  }
});

// routers, sentence at the top, its tone, title of the tab
for (const [name, instances, sentence, tone, title] of [
  ['all is well', [master(), backup({ name: 'VI_9' })], 'Nothing is down', 'up', 'Statistics Report'],
  ['a fault', [master(), faulty()], '1 of 2 virtual addresses in FAULT', 'falling', 'VIP trouble - Statistics'],
  ['the only one in fault', [faulty()], 'virtual address VI_3 in FAULT', 'falling', 'VIP trouble - Statistics'],
  ['two owners', [master(), disputed()], 'virtual address VI_2 has two owners', 'down', 'VIP trouble - Statistics'],
] as const)
  test(`the top of the page: ${name}`, async () => {
    const text = await shown(engineWith(instances));
    const [, found, words] = /<p class="verdict (\w+)">.*<\/span> (.*)<\/p>/.exec(text)!;
    assert.deepEqual([found, words], [tone, sentence]);
    assert.ok(text.includes(`<title>${title}`));
  });

// ── In a browser ────────────────────────────────────────────────────────────────────────────────────────────────────

async function served(t: TestContext): Promise<string> {
  const engine = engineWith([master(), backup({ name: 'VI_9' }), faulty(), disputed()], { showsLegends: true });
  const http = createServer(async (_request, response) => {
    const { headers, text } = await tell(engine);
    response.writeHead(200, headers).end(text);
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.after(() => http.close());
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}/stats`;
}

const VIEWS = [
  { name: 'vips-light', width: 1440, height: 1000 },
  { name: 'vips-dark', width: 1440, height: 1000, isDark: true },
  { name: 'vips-phone', width: 390, height: 844 },
] as const;

/** Elements that stick out of the window, or of their cell. */
const OVERFLOW = `[...document.querySelectorAll('section *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 80))`;

systemTest(
  'in a browser: nothing sticks out or is refused, and a screen reader finds the table',
  { commands: ['chromium'], timeoutMs: 90_000 },
  async (t) => {
    const url = await served(t);
    const page = await Browser.start();
    t.after(() => page.stop());
    for (const { name, ...view } of VIEWS) {
      await page.open(url, view);
      assert.deepEqual(page.happened('Log.entryAdded'), [], name);
      assert.deepEqual(await page.evaluate(OVERFLOW), [], name);
      const png = await page.screenshot();
      if (process.env.FAIRLEAD_SCREENSHOTS === '1') {
        mkdirSync(DOCS, { recursive: true });
        writeFileSync(join(DOCS, `${name}.png`), png);
      }
    }
    const { nodes } = (await page.ask('Accessibility.getFullAXTree')) as {
      nodes: { role?: { value: string }; name?: { value: string }; ignored: boolean }[];
    };
    const seen = nodes.filter((node) => !node.ignored).map((node) => `${node.role?.value} ${node.name?.value ?? ''}`);
    for (const wanted of ['table Virtual addresses', 'rowheader VI_1', 'heading Virtual addresses'])
      assert.ok(
        seen.some((node) => node.startsWith(wanted)),
        wanted,
      );
  },
);
