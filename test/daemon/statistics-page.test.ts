/** The statistics page and the metrics of a running Fairlead: for curl, for other people's tools, and in a browser. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseStat } from '../../src/control/stats-client.js';
import { Browser } from '../support/chromium.js';
import { systemTest } from '../support/peers.js';
import { freePort, type RunningProxy, startProxy } from '../support/proxy.js';
import { eventually } from '../support/side-by-side.js';

const run = promisify(execFile);
const DOCS = fileURLToPath(new URL('../../../docs/statistics-page', import.meta.url));

interface Bed {
  readonly proxy: RunningProxy;
  readonly url: string;
  readonly metrics: string;
  /** Through the proxy, to a server. */
  readonly site: string;
}

let bed: Promise<Bed> | undefined;
let browser: Promise<Browser> | undefined;
const servers: Server[] = [];
after(async () => {
  await (await browser)?.stop();
  await (await bed)?.proxy.stop();
  for (const server of servers) server.close();
});

async function webServer(): Promise<number> {
  const port = await freePort();
  const server = createServer((request, response) => {
    response.statusCode = Number(/s=(\d+)/.exec(request.url ?? '')?.[1] ?? 200);
    response.end('hello\n');
  });
  server.listen(port, '127.0.0.1');
  servers.push(server);
  return port;
}

async function start(): Promise<Bed> {
  const [stats, site, web, other, gone] = await Promise.all([
    freePort(),
    freePort(),
    webServer(),
    webServer(),
    freePort(),
  ]);
  const text = `global
  stats socket {SOCK} level admin
  nbthread 2
  node lb1
defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 10s
  timeout check 5s
listen statistics
  bind 127.0.0.1:${stats}
  stats enable
  stats uri /stats
  stats refresh 10s
  stats show-node
  stats show-legends
  stats show-desc Front door of the shop
  stats admin if TRUE
frontend www
  bind 127.0.0.1:${site}
  maxconn 2000
  http-request use-service prometheus-exporter if { path /metrics }
  default_backend shop
backend shop
  balance leastconn
  option httpchk GET /
  default-server inter 300ms fall 2
  server web1 127.0.0.1:${web} check weight 100
  server web2 127.0.0.1:${other} check weight 100
  server web3 127.0.0.1:${gone} check weight 100
  server spare 127.0.0.1:${other} check backup
backend pg
  mode tcp
  description PostgreSQL primary
  server db1 127.0.0.1:${web} check inter 300ms
  server db2 127.0.0.1:${gone} check inter 300ms fall 1
`;
  const proxy = await startProxy('fairlead', text, [stats, site]);
  const settled = ['L7OK', 'L7OK', 'L4CON', 'L7OK', 'L4OK', 'L4CON'].join();
  const checks = async () =>
    (await rows(proxy)).map((row) => row.check_status?.replace('* ', '')).filter((text) => text);
  await eventually(async () => (await checks()).join() === settled);
  return {
    proxy,
    url: `http://127.0.0.1:${stats}/stats`,
    metrics: `http://127.0.0.1:${site}/metrics`,
    site: `http://127.0.0.1:${site}/`,
  };
}

async function rows(proxy: RunningProxy) {
  return parseStat(await proxy.ask('show stat'));
}

/** Of a server of the shop. */
async function statusOf(proxy: RunningProxy, server: string): Promise<string | undefined> {
  return (await rows(proxy)).find((row) => row.svname === server)?.status;
}

const started = (): Promise<Bed> => {
  bed ??= start();
  return bed;
};

async function curl(...args: string[]): Promise<string> {
  return (await run('curl', ['-s', '-S', '--max-time', '10', ...args], { maxBuffer: 1 << 24 })).stdout;
}

const web = { commands: ['curl'], timeoutMs: 60_000 };

// ── curl ────────────────────────────────────────────────────────────────────────────────────────────────────────────

systemTest('the CSV of the page is what the socket says', web, async () => {
  const { proxy, url, site } = await started();
  for (const status of [200, 301, 404, 500]) await curl('-o', '/dev/null', `${site}?s=${status}`);
  const [page, socket] = [await curl(`${url};csv`), await proxy.ask('show stat')].map(parseStat);
  // Time goes on, checks run, and the page counts itself.
  const still = (rows: typeof page) =>
    rows
      .filter((row) => row.pxname !== 'statistics')
      .map((row) =>
        Object.entries(row).filter(([name]) => !/lastchg|downtime|lastsess|check_|chkfail|last_chk|rate$/.test(name)),
      );
  assert.deepEqual(still(page), still(socket));
  const front = page.find((row) => row.pxname === 'www')!;
  assert.deepEqual(
    ['hrsp_2xx', 'hrsp_3xx', 'hrsp_4xx', 'hrsp_5xx', 'req_tot'].map((name) => front[name]),
    ['1', '1', '1', '1', '4'],
  );
});

systemTest('several questions on one connection, and a HEAD, are answered', web, async () => {
  const { url, metrics } = await started();
  const codes = await curl(
    '-o',
    '/dev/null',
    '-w',
    '%{http_code} %{num_connects} ',
    `${url};csv`,
    '-o',
    '/dev/null',
    `${url};json`,
  );
  assert.equal(codes, '200 1 200 0 ');
  assert.match(await curl('-I', url), /^HTTP\/1\.1 200 OK\r\n[\s\S]*content-security-policy: default-src 'none'/);
  assert.match(await curl(metrics), /^haproxy_server_status\{proxy="shop",server="web3",state="DOWN"\} 1$/m);
  assert.match(await curl('-i', `${metrics}?scope=nothing`), /^HTTP\/1\.1 400 /);
});

systemTest('a form of curl is obeyed, that of another site is not, one that is too long is told so', web, async () => {
  const { proxy, url } = await started();
  const location = async (...args: string[]) => /^location: (\S+)/m.exec(await curl('-i', url, ...args))?.[1];
  assert.equal(await location('--data', 's=web1&action=drain&b=shop'), '/stats;st=DONE');
  assert.equal(await statusOf(proxy, 'web1'), 'DRAIN');
  const origin = new URL(url).origin;
  assert.match(
    await curl('-i', url, '-H', 'Origin: http://evil.example', '--data', 's=web1&action=maint&b=shop'),
    /^HTTP\/1\.1 403 /,
  );
  assert.equal(await statusOf(proxy, 'web1'), 'DRAIN');
  assert.equal(await location('-H', `Origin: ${origin}`, '--data', 's=web1&action=ready&b=shop'), '/stats;st=DONE');
  assert.equal(await statusOf(proxy, 'web1'), 'UP');
  const long = join(proxy.dir, 'long-form');
  writeFileSync(long, `s=web1&action=maint&b=shop&${'x'.repeat(30_000)}`);
  assert.equal(await location('--data', `@${long}`), '/stats;st=EXCD');
  assert.match(await proxy.ask('show explain shop/web1'), /drain shop\/web1, 127\.0\.0\.1, over the statistics page/);
});

// ── Other people's tools ────────────────────────────────────────────────────────────────────────────────────────────

systemTest(
  'prometheus-haproxy-exporter reads page and socket',
  { commands: ['prometheus-haproxy-exporter', 'curl'] },
  async () => {
    const { proxy, url } = await started();
    for (const uri of [`${url};csv`, `unix:${proxy.socket}`]) {
      const port = await freePort();
      const args = [`--haproxy.scrape-uri=${uri}`, `--web.listen-address=127.0.0.1:${port}`];
      const exporter = spawn('prometheus-haproxy-exporter', args, { stdio: 'ignore' });
      try {
        let text = '';
        await eventually(async () => {
          text = await curl(`http://127.0.0.1:${port}/metrics`).catch(() => '');
          return text !== '';
        });
        assert.match(text, /^haproxy_up 1$/m);
        assert.match(text, /^haproxy_exporter_csv_parse_failures_total 0$/m);
        assert.match(text, /^haproxy_server_up\{backend="shop",server="web3"\} 0$/m);
        assert.match(text, /^haproxy_backend_up\{backend="pg"\} 1$/m);
        assert.match(text, /^haproxy_frontend_http_responses_total\{code="2xx",frontend="www"\} \d/m);
      } finally {
        exporter.kill('SIGKILL');
      }
    }
  },
);

systemTest('hatop shows every proxy and server', { commands: ['hatop', 'script'] }, async () => {
  const { proxy } = await started();
  const command = `stty rows 50 cols 160; hatop -s ${proxy.socket} -i 1`;
  const terminal = spawn('script', ['-qec', command, '/dev/null'], { env: { ...process.env, TERM: 'xterm' } });
  let screen = '';
  terminal.stdout.on('data', (bytes) => (screen += String(bytes)));
  try {
    const wanted = ['>>> statistics', '>>> www', '>>> shop', 'web1', 'spare', '>>> pg', 'db2', 'L4CON'];
    await eventually(() => wanted.every((word) => screen.includes(word)));
  } finally {
    terminal.stdin.write('q');
    await eventually(() => terminal.exitCode !== null).finally(() => terminal.kill('SIGKILL'));
  }
  assert.equal(terminal.exitCode, 0, screen);
});

// ── A browser ───────────────────────────────────────────────────────────────────────────────────────────────────────

const VIEWS = [
  { name: 'light', width: 1440, height: 1000 },
  { name: 'dark', width: 1440, height: 1000, isDark: true },
  { name: 'phone', width: 390, height: 844 },
  { name: 'phone-dark', width: 390, height: 844, isDark: true },
  { name: 'narrow', width: 1280, height: 900 },
  { name: 'tablet', width: 820, height: 1180 },
  { name: 'without-scripts', width: 1440, height: 1000, noScripts: true },
] as const;

async function opened(): Promise<Browser> {
  browser ??= Browser.start();
  return browser;
}

const chromium = { commands: ['chromium'], timeoutMs: 90_000 };

/** Ratio of the luminances of text and ground, for every element with text of its own (WCAG 2.2, 1.4.3). */
const CONTRAST = `(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const part = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const color = rgb(getComputedStyle(e).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== '')) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.push(e.tagName + '.' + e.className + ' ' + ratio.toFixed(2));
  }
  return [...new Set(found)];
})()`;

for (const view of VIEWS)
  systemTest(`in a browser, ${view.name}: nothing is cut off, refused or hard to read`, chromium, async () => {
    const { url } = await started();
    const page = await opened();
    await page.open(url, view);
    await page.ask('Emulation.setScriptExecutionDisabled', { value: false });
    assert.deepEqual(page.happened('Log.entryAdded'), [], 'complaints of the browser');
    const requested = page.happened('Network.requestWillBeSent').map(({ request }) => (request as { url: string }).url);
    assert.deepEqual(
      requested.filter((one) => !one.startsWith('data:')),
      [url],
    );
    assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), 'wider than the window');
    assert.deepEqual(await page.evaluate(CONTRAST), []);
    const png = await page.screenshot();
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [view.width, view.height]);
    if (process.env.FAIRLEAD_SCREENSHOTS === '1') {
      mkdirSync(DOCS, { recursive: true });
      writeFileSync(join(DOCS, `${view.name}.png`), png);
    }
  });

systemTest('column titles stay in view on a wide window', chromium, async () => {
  const { url } = await started();
  const page = await opened();
  await page.open(url, { width: 1440, height: 300 });
  const top = `document.querySelector('section[aria-labelledby=shop] thead th').getBoundingClientRect().top`;
  await page.evaluate(`document.getElementById('shop/spare').scrollIntoView({ block: 'start' })`);
  assert.equal(await page.evaluate(`Math.round(${top})`), 0);
});

systemTest(
  'a screen reader finds tables, rows, headers and labelled fields, on a phone as well',
  chromium,
  async () => {
    const { url } = await started();
    const page = await opened();
    await page.open(url, { width: 390, height: 844 });
    const { nodes } = (await page.ask('Accessibility.getFullAXTree')) as {
      nodes: { role?: { value: string }; name?: { value: string }; ignored: boolean }[];
    };
    const seen = nodes
      .filter((node) => !node.ignored)
      .map((node) => `${node.role?.value} ${node.name?.value ?? ''}`.trim());
    for (const wanted of ['table shop', 'rowheader web3', 'checkbox Select shop/web3', 'link Skip to the proxies'])
      assert.ok(
        seen.some((node) => node.startsWith(wanted)),
        wanted,
      );
    const nameless = seen.filter((node) => /^(checkbox|button|link|textbox|combobox)$/.test(node));
    assert.deepEqual(nameless, []);
    assert.ok(seen.filter((node) => node.startsWith('cell')).length > 50);
  },
);

systemTest('an operator drains a server with the keyboard, without scripts', chromium, async () => {
  const { proxy, url } = await started();
  const page = await opened();
  await page.open(url, { width: 1440, height: 1000, noScripts: true });
  const { root } = (await page.ask('DOM.getDocument', { depth: 0 })) as { root: { nodeId: number } };
  const focus = async (selector: string) => {
    const { nodeId } = await page.ask('DOM.querySelector', { nodeId: root.nodeId, selector });
    await page.ask('DOM.focus', { nodeId: nodeId as number });
  };
  const press = async (key: string, text?: string) => {
    const code = { ' ': 'Space', Enter: 'Enter', Tab: 'Tab', ArrowDown: 'ArrowDown' }[key];
    const windowsVirtualKeyCode = { ' ': 32, Enter: 13, Tab: 9, ArrowDown: 40 }[key];
    await page.ask('Input.dispatchKeyEvent', { type: 'keyDown', key, code, windowsVirtualKeyCode, text });
    await page.ask('Input.dispatchKeyEvent', { type: 'keyUp', key, code, windowsVirtualKeyCode });
  };
  await focus('input[value=web2]');
  await press(' ', ' ');
  await focus('form[data-backend=shop] select');
  for (const letter of 'Drain') await press(letter, letter);
  await press('Tab');
  await press('Enter', '\r');
  await eventually(async () => (await statusOf(proxy, 'web2')) === 'DRAIN');
  await proxy.ask('set server shop/web2 state ready');
});

systemTest('the page asks before the last server is taken away, and does not refresh meanwhile', chromium, async () => {
  const { proxy, url } = await started();
  const page = await opened();
  await page.open(url, { width: 1440, height: 1000 });
  await page.act(`(() => {
    for (const box of document.querySelectorAll('input[form]')) if (/^(web|spare)/.test(box.value)) box.checked = true;
    document.querySelector('form[data-backend=shop] select').value = 'maint';
    setTimeout(() => document.querySelector('form[data-backend=shop] button[type=submit]').click());
  })()`);
  await eventually(() => page.happened('Page.javascriptDialogOpening').length > 0);
  const [{ message }] = page.happened('Page.javascriptDialogOpening') as { message: string }[];
  assert.equal(message, 'No server of shop would be left to take traffic. Go on?');
  await page.ask('Page.handleJavaScriptDialog', { accept: false });
  await eventually(() => page.evaluate(`document.querySelector('.pause').textContent !== ''`));
  await sleep(50);
  assert.equal(await statusOf(proxy, 'web1'), 'UP');
});

systemTest('what came of an action is told once', chromium, async () => {
  const { url } = await started();
  const page = await opened();
  await page.open(`${url};st=NONE;up`, { width: 1440, height: 1000 });
  assert.match(await page.evaluate(`document.querySelector('.outcome').textContent`), /^Nothing was changed/);
  assert.equal(await page.evaluate('location.pathname'), '/stats;up');
});

systemTest('the pictures of the documentation are those of this page', chromium, async () => {
  for (const name of ['light', 'dark', 'phone'])
    assert.equal(readFileSync(join(DOCS, `${name}.png`)).toString('latin1', 1, 4), 'PNG');
});
