/** The statistics page: what its address asks for, what its form does, who may send it, and what stands in the document. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { crossSite } from '../../../src/control/stats-page/same-origin.js';
import { readTarget } from '../../../src/control/stats-page/target.js';
import { bytes, grouped } from '../../../src/control/stats-page/text.js';
import { CheckStatus } from '../../../src/core/check-status.js';
import type { EventDetail } from '../../../src/core/events/event.js';
import * as T from '../../../src/core/table.js';
import { bind, FakeEngine, model, proxy, server } from '../fake-engine.js';
import { submit, tell, withPage } from './ask.js';

function engineWith(page = {}): FakeEngine {
  const servers = [
    server('s1', 1, 17951, { check: true, weight: 100, agentCheck: true, agentPort: 1 }),
    server('s2', 2, 17952),
    server('s3', 3, 17953, { track: 's1' }),
  ];
  const proxies = [
    proxy('listen', 'stats', 2, { mode: 'http', binds: [bind(7000)] }),
    proxy('backend', 'be', 3, { mode: 'http', servers }),
    proxy('backend', 'other', 4, { servers: [server('x', 1, 1)] }),
  ];
  return new FakeEngine(withPage(model(proxies, { node: 'n1', description: 'of all' }), 'stats', page));
}

// ── The address ─────────────────────────────────────────────────────────────────────────────────────────────────────

// uri, target, what differs from a plain page; all observed on HAProxy 2.6
const PLAIN = { format: 'html', upOnly: false, noMaint: false, noRefresh: false, scope: '', outcome: '' };
for (const [uri, target, differs] of [
  ['/stats', '/stats', {}],
  ['/stats', '/stats;csv', { format: 'csv' }],
  ['/stats', '/stats?;csv', { format: 'csv' }],
  ['/stats', '/stats/;csv', { format: 'csv' }],
  ['/stats', '/stats;csvx', { format: 'csv' }],
  ['/stats', '/stats?csv', {}],
  ['/stats', '/stats;CSV', {}],
  ['/stats', '/stats;json;norefresh', { format: 'json', noRefresh: true }],
  ['/stats', '/stats;json-schema', { format: 'json-schema' }],
  ['/stats', '/stats;up;no-maint;typed', { format: 'typed', upOnly: true, noMaint: true }],
  ['/stats', '/stats;st=DONE;up?scope=pg', { outcome: 'DONE', upOnly: true, scope: 'pg' }],
  ['/stats', '/stats;csv;scope=b', { format: 'csv' }],
  ['/stats', '/stats;csv&scope=be', { format: 'csv', scope: 'be' }],
  ['/stats', '/stats;scope=em%70ty', {}],
  ['/stats', '/stats;scope=adm;scope=be', { scope: 'adm' }],
  ['/stats', '/stats?scope=be&x=1', { scope: 'be' }],
  ['/stats', 'http://host/stats;csv', { format: 'csv' }],
  ['/haproxy?stats', '/haproxy?stats;csv', { format: 'csv' }],
  ['/haproxy?stats', '/haproxy?stats=&scope=pg', { scope: 'pg' }],
  ['/', '/;csv', { format: 'csv' }],
] as const)
  test(`${uri} asked as ${target}`, () => {
    assert.deepEqual(readTarget(uri, target), { ...PLAIN, ...differs });
  });

test('any target is read', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (uri, target) => assert.ok(readTarget(uri, target).scope.length <= 20)),
  );
});

test('scope, up and no-maint choose the rows, stats scope what there is to choose from', async () => {
  const engine = engineWith();
  engine.row('s:be/s1')!.set(T.S_STATE, T.STATE_STOPPED);
  engine.row('s:be/s2')!.set(T.S_ADMIN, T.ADMIN_FMAINT);
  const names = async (target: string, on = engine) =>
    (await tell(on, { target })).text
      .split('\n')
      .slice(1, -1)
      .map((line) => line.split(',').slice(0, 2).join('/'))
      .join(' ');
  assert.equal(await names('/stats;csv;scope=OTH'), 'other/x other/BACKEND');
  assert.equal(await names('/stats;csv;up;scope=be'), 'be/s3 be/BACKEND');
  assert.equal(await names('/stats;csv;no-maint;scope=be'), 'be/s1 be/s3 be/BACKEND');
  const limited = engineWith({ scope: ['.', 'other'] });
  assert.equal(await names('/stats;csv', limited), 'stats/FRONTEND stats/BACKEND other/x other/BACKEND');
  assert.equal(await names('/stats;csv;scope=be', limited), '');
});

test('headers: no cache, the type, and refresh where it is configured and wanted', async () => {
  const engine = engineWith({ refreshS: 7 });
  const heads = async (target: string) =>
    Object.entries((await tell(engine, { target })).headers).map((h) => h.join(': '));
  assert.deepEqual(await heads('/stats;csv'), ['cache-control: no-cache', 'content-type: text/plain', 'refresh: 7']);
  assert.deepEqual(await heads('/stats;json;norefresh'), ['cache-control: no-cache', 'content-type: application/json']);
  assert.equal((await tell(engine)).headers.refresh, '7');
});

test('addresses, cookies and algorithms are for pages with show-legends', async () => {
  for (const showsLegends of [undefined, true]) {
    const { text } = await tell(engineWith({ showsLegends }), { target: '/stats;csv' });
    assert.equal(text.includes('127.0.0.1:17951'), showsLegends === true);
    assert.equal(text.includes('roundrobin'), showsLegends === true);
    const html = (await tell(engineWith({ showsLegends }))).text;
    assert.equal(html.includes('127.0.0.1:17951'), showsLegends === true);
  }
});

// ── The form ────────────────────────────────────────────────────────────────────────────────────────────────────────

// body, outcome, orders; outcomes observed on HAProxy 2.6
const state = (to: string, name = 's1') => `admin be/${name} {"do":"state","state":"${to}"}`;
for (const [body, outcome, ...orders] of [
  ['s=s1&action=maint&b=be', 'DONE', state('maint')],
  ['s=s1&action=ready&b=%233', 'DONE', state('ready')],
  ['b=#3&s=s1&s=s2&action=drain', 'DONE', state('drain'), state('drain', 's2')],
  ['s=s1&s=nope&action=ready&b=be', 'PART', state('ready')],
  ['s=nope&action=ready&b=be', 'ERRP'],
  ['s=%231&action=ready&b=be', 'ERRP'],
  ['s=s1&action=bogus&b=be', 'ERRP'],
  ['s=s1&action=&b=be', 'ERRP'],
  ['s=s1&action=READY&b=be', 'ERRP'],
  ['s=s1&action=toString&b=be', 'ERRP'],
  ['s=s1&action=ready&b=nope', 'ERRP'],
  ['s=s1&action=ready&b=', 'ERRP'],
  ['s=x&action=maint&b=be', 'ERRP'],
  ['s=s1&action=ready&b=other&b=be', 'DONE', state('ready')],
  ['s=s%31&action=ready&b=b%65', 'DONE', state('ready')],
  ['&&junk=1&s=s1&&action=ready&b=be&x', 'DONE', state('ready')],
  ['action=ready&b=be', 'NONE'],
  ['s=s1&action=ready', 'NONE'],
  ['s=s1&b=be', 'NONE'],
  ['', 'NONE'],
  ['s=s%3&action=ready&b=be', 'NONE'],
  ['s=s1;action=ready;b=be', 'NONE'],
  ['S=s1&Action=ready&B=be', 'NONE'],
  ['s=s1&action=enable&b=be', 'NONE'],
  ['s=s1&action=start&b=be', 'NONE'],
  ['s=s1&action=disable&b=be', 'DONE', state('maint')],
  ['s=s1&action=stop&b=be', 'DONE', state('drain')],
  ['s=s1&action=ehlth&b=be', 'DONE', 'admin be/s1 {"do":"checks","enabled":true}'],
  ['s=s2&action=dhlth&b=be', 'NONE'],
  ['s=s2&action=hdown&b=be', 'DONE', 'admin be/s2 {"do":"health","health":"down"}'],
  ['s=s2&action=hnolb&b=be', 'DONE', 'admin be/s2 {"do":"health","health":"stopping"}'],
  ['s=s3&action=hrunn&b=be', 'NONE'],
  ['s=s1&action=dagent&b=be', 'DONE', 'admin be/s1 {"do":"agent-checks","enabled":false}'],
  ['s=s2&action=eagent&b=be', 'NONE'],
  ['s=s1&action=adown&b=be', 'NONE'],
  ['s=s1&action=shutdown&b=be', 'DONE', 'killServerSessions be/s1'],
] as const)
  test(`the form ${body} is ${outcome}`, async () => {
    const engine = engineWith();
    assert.equal(await submit(engine, body), `/stats;st=${outcome}`);
    assert.deepEqual(engine.calls, orders);
  });

test('the answer to a form keeps the options of the page', async () => {
  const at = (target: string, uri = '/stats') => submit(engineWith({ uri }), 's=s1&action=ready&b=be', { target });
  assert.equal(await at('/stats;norefresh;scope=be;up'), '/stats;st=DONE;up;norefresh?scope=be');
  assert.equal(await at('/stats?scope=be'), '/stats;st=DONE?scope=be');
  assert.equal(await at('/stats;st=NONE'), '/stats;st=DONE');
});

test('history tells who ordered it', async () => {
  const engine = engineWith();
  await submit(engine, 's=s1&action=drain&b=be', { who: 'admin at 10.0.0.7' });
  assert.deepEqual(engine.orderedBy, ['drain be/s1, admin at 10.0.0.7, over the statistics page']);
});

test('no rights, no action; a form that was cut off is no form', async () => {
  const engine = engineWith();
  const body = 's=s1&action=maint&b=be';
  assert.equal(await submit(engine, body, { isAdmin: false }), '/stats;st=DENY');
  assert.equal(await submit(engine, body, { isTruncated: true }), '/stats;st=EXCD');
  assert.deepEqual(engine.calls, []);
});

// Sec-Fetch-Site, Origin, Referer, whether it is obeyed; Host is lb1:7000
for (const [secFetchSite, origin, referer, isOwn] of [
  ['', '', '', true],
  ['same-origin', 'http://lb1:7000', '', true],
  ['same-origin', 'https://outside.example', '', true],
  ['none', '', '', true],
  ['cross-site', '', '', false],
  ['cross-site', 'http://lb1:7000', 'http://lb1:7000/stats', false],
  ['same-site', 'http://lb1:7000', '', false],
  ['', 'http://lb1:7000', '', true],
  ['', 'https://LB1:7000', '', true],
  ['', 'http://lb1', '', false],
  ['', 'http://evil.example', 'http://lb1:7000/', false],
  ['', 'null', '', false],
  ['', '', 'http://lb1:7000/stats;up', true],
  ['', '', 'http://lb1:7000.evil.example/', false],
  ['', '', 'http://evil.example/http://lb1:7000/', false],
  ['', '', 'http://lb1:7000@evil.example/', false],
] as const)
  test(`a form ${secFetchSite || 'without metadata'}, origin '${origin}', referer '${referer}'`, async () => {
    const sender = { host: 'lb1:7000', secFetchSite, origin, referer };
    assert.equal(crossSite(sender) === null, isOwn);
    const engine = engineWith();
    const ask = { method: 'POST', isAdmin: true, body: 's=s1&action=maint&b=be', ...sender };
    assert.equal((await tell(engine, ask)).status, isOwn ? 303 : 403);
    assert.equal(engine.calls.length, isOwn ? 1 : 0);
  });

// ── The document ────────────────────────────────────────────────────────────────────────────────────────────────────

test('what others wrote is text and no markup', async () => {
  const engine = engineWith({ description: '<script>alert(1)</script>', node: '"><img src=x>' });
  Object.assign(engine, { lastCheck: () => `<b onclick='x'>"&` });
  engine.row('s:be/s1')!.set(T.S_CHECK_STATE, 6);
  const { text } = await tell(engine, { isAdmin: true, target: '/stats;scope="><script>' });
  assert.ok(text.includes('&lt;script&gt;alert(1)&lt;/script&gt;'));
  assert.ok(text.includes('&lt;b onclick=&#39;x&#39;&gt;&quot;&amp;'));
  assert.ok(!/<(img|b onclick)/.test(text));
});

test('nothing comes from elsewhere, and only the page its own script and style run', async () => {
  for (const isAdmin of [true, false]) {
    const { text, headers } = await tell(engineWith(), { isAdmin });
    assert.deepEqual(text.match(/(?:src|href|action)="(?:https?:)?\/\/[^"]*"/g), null);
    assert.ok(!/ (style|on\w+)="/.test(text), 'inline styles and handlers are not allowed by the policy');
    const policy = headers['content-security-policy'];
    for (const name of ['style', 'script']) {
      const content = new RegExp(`<${name}>([\\s\\S]*?)</${name}>`).exec(text)?.[1];
      const hash = createHash('sha256')
        .update(content ?? '')
        .digest('base64');
      assert.equal(
        policy.includes(hash),
        content !== undefined,
        `${name} of ${isAdmin ? 'an administrator' : 'a guest'}`,
      );
    }
    assert.equal(policy.includes("frame-ancestors 'self'"), isAdmin);
  }
});

test('guests get no form, administrators one for each backend with servers', async () => {
  const forms = async (isAdmin: boolean) =>
    [...(await tell(engineWith(), { isAdmin })).text.matchAll(/method="post"/g)].length;
  assert.equal(await forms(false), 0);
  assert.equal(await forms(true), 2);
  const { text } = await tell(engineWith(), { isAdmin: true });
  assert.match(text, /<input type="checkbox" name="s" value="s1" form="act-3"/);
  assert.match(
    text,
    /<form method="post" id="act-3" action="\/stats"[^>]*>\s*<input type="hidden" name="b" value="#3">/,
  );
});

test('every state has words beside its colour, every box and field a label, every cell its column', async () => {
  const { text } = await tell(engineWith(), { isAdmin: true });
  for (const [, inside] of text.matchAll(/<span class="state \w+">(.*?)<\/span>\s*([^<]*)<\/span>/g)) assert.ok(inside);
  for (const [, words] of text.matchAll(/<span class="state [^>]*><span aria-hidden="true">.<\/span> ([^<]*)<\/span>/g))
    assert.match(words, /^\w/);
  const labelled = new Set([...text.matchAll(/<label for="([^"]+)"/g)].map(([, id]) => id));
  for (const [tag] of text.matchAll(/<(?:select|input)[^>]*>/g)) {
    const id = /id="([^"]+)"/.exec(tag)?.[1];
    const isOwn = /type="(hidden|checkbox)"/.test(tag); // boxes stand inside their labels
    assert.ok(isOwn || labelled.has(id ?? ''), tag);
  }
  assert.equal([...text.matchAll(/<td role="cell"(?! class="pick")(?! data-title=")/g)].length, 0);
  assert.match(text, /<html lang="en">/);
});

test('the first line and the title tell what is down', async () => {
  const engine = engineWith();
  assert.match((await tell(engine)).text, /Nothing is down/);
  engine.row('s:be/s1')!.set(T.S_STATE, T.STATE_STOPPED);
  const one = (await tell(engine)).text;
  assert.match(one, /1 of 4 servers DOWN/);
  assert.match(one, /<title>1 DOWN - Statistics Report for Fairlead<\/title>/);
  engine.row('b:be')!.set(T.B_UP, 0);
  assert.match((await tell(engine)).text, /1 of 3 backends DOWN, 1 of 4 servers DOWN/);
});

test('a server that waits for its first check needs nobody; one whose checks fail does', async () => {
  const engine = engineWith();
  const early = (await tell(engine)).text;
  assert.match(early, /<span class="state plain"><span aria-hidden="true">○<\/span> UP 1\/\d<\/span>/);
  assert.doesNotMatch(early, /<li><a href="#be\/s1">/);
  engine.row('s:be/s1')!.set(T.S_CHECK_STATUS, CheckStatus.L7STS);
  const later = (await tell(engine)).text;
  assert.match(later, /<li><a href="#be\/s1">be\/s1<\/a> <span class="state falling">/);
});

test('a row tells the last change, and when there were many', async () => {
  const engine = engineWith();
  const nowMs = Date.now();
  const seen = { status: 'L4CON', description: '', code: null, durationMs: 0, text: 'Connection refused', role: null };
  const rest = {
    run: null,
    trigger: null,
    damping: null,
    sessions: 0,
    sessionsShut: false,
    usable: [],
    active: 0,
    backup: 0,
  };
  const change = (from: EventDetail['from'], to: EventDetail['to'], agoMs: number) => {
    const detail: EventDetail = { cause: { by: 'check' }, from, to, check: seen, ...rest };
    const event = {
      proxy: 'be',
      server: 's1',
      atMs: nowMs - agoMs,
      kind: 'check',
      level: 'info',
      text: '',
      detail,
    } as const;
    engine.tell({ type: 'health-event', ...event, kind: 'server-down' });
  };
  change('up', 'down', 60_000);
  change('down', 'up', 50_000);
  const before = (await tell(engine, {}, nowMs)).text;
  assert.ok(!before.includes('changes in the last hour'));
  change('up', 'down', 42_000);
  const { text } = await tell(engine, {}, nowMs);
  assert.ok(text.includes('UP to DOWN 42 s ago: the check failed: L4CON &quot;Connection refused&quot; in 0 ms'));
  assert.ok(text.includes('3 changes in the last hour'));
});

test('node, description and version are shown as configured', async () => {
  const of = async (page: object) => (await tell(engineWith(page))).text;
  assert.match(await of({ node: '' }), /<title>Statistics Report for Fairlead on n1</);
  assert.match(await of({ node: 'edge' }), / on <b>edge<\/b>/);
  assert.match(await of({ description: '' }), />of all</);
  assert.match(await of({}), /<h1>Fairlead \d+\.\d+\.\d+<\/h1>/);
  assert.match(await of({ hidesVersion: true }), /<h1>Fairlead<\/h1>/);
});

test('an administrator without scripts gets the refresh from the document, a guest from the header', async () => {
  const engine = engineWith({ refreshS: 5 });
  const admin = await tell(engine, { isAdmin: true });
  assert.equal(admin.headers.refresh, undefined);
  assert.match(admin.text, /<noscript><meta http-equiv="refresh" content="5;url=\/stats"><\/noscript>/);
  const guest = await tell(engine);
  assert.ok(!guest.text.includes('http-equiv'));
  assert.ok(!(await tell(engine, { isAdmin: true, target: '/stats;norefresh' })).text.includes('http-equiv'));
});

test('the page of a proxy that is gone is not there', async () => {
  assert.equal((await tell(engineWith(), { proxy: 'nope' })).status, 404);
});

// number, text
for (const [n, text] of [
  [0, '0'],
  [999, '999'],
  [1000, '1\u202f000'],
  [1_843_221, '1\u202f843\u202f221'],
] as const)
  test(`${n} reads ${text}`, () => assert.equal(grouped(n), text));

for (const [n, text] of [
  [0, '0 B'],
  [999, '999 B'],
  [1500, '1.5 kB'],
  [999_900, '1.0 MB'],
  [7.1e11, '710 GB'],
] as const)
  test(`${n} bytes read ${text}`, () => assert.equal(bytes(n), text));
