/** What the answers of rules count as, in `show stat`, side by side with HAProxy. */
import { same } from '../support/both.js';
import { exchange, HTTP_HEAD, mirror, request } from '../support/http-side-by-side.js';
import { figures } from '../support/side-by-side.js';

const COLUMNS = ['stot', 'dreq', 'dresp', 'ereq', 'econ', 'eresp', 'intercepted', 'req_tot', 'comp_rsp'].concat(
  ['1xx', '2xx', '3xx', '4xx', '5xx', 'other'].map((name) => `hrsp_${name}`),
);

const RULES = `
  http-request set-var(txn.p) path
  monitor-uri /mon
  http-request deny if { path /deny }
  http-request deny deny_status 429 if { path /deny429 }
  http-request tarpit if { path /tarpit }
  http-request reject if { path /reject }
  http-request return status 200 if { path /return }
  http-request redirect location /x if { path /redirect }
  http-request auth if { path /auth }
  http-response deny if { var(txn.p) -m str /rdeny }
  http-response return status 404 if { var(txn.p) -m str /rreturn }
  redirect location /late if { path /late }
`;
const BACK = `
  stats uri /stats
  http-request deny if { path /bdeny }
  http-request return status 201 if { path /breturn }
  http-request redirect location /x if { path /bredirect }
  http-request auth if { path /bauth }
  http-response deny if { var(txn.p) -m str /brdeny }
  http-response redirect location /x if { var(txn.p) -m str /brredirect }
`;
const FRONT_PATHS = [
  'deny',
  'deny429',
  'tarpit',
  'reject',
  'return',
  'redirect',
  'auth',
  'rdeny',
  'rreturn',
  'late',
  'mon',
];
const BACK_PATHS = ['bdeny', 'breturn', 'bredirect', 'bauth', 'brdeny', 'brredirect', 'stats;csv', 'stats'];

function sameCounters(name: string, isListen: boolean, paths: readonly string[]): void {
  same({
    name,
    prepare: async (port) => {
      const { port: server } = await mirror('s');
      const bind = `bind 127.0.0.1:${port}\n${RULES}`;
      const servers = `${BACK}  server s 127.0.0.1:${server}\n`;
      const sections = isListen
        ? `listen l\n  ${bind}${servers}`
        : `frontend f\n  ${bind}  default_backend b\nbackend b\n${servers}`;
      return { text: `${HTTP_HEAD}${sections}`, state: null };
    },
    scenario: async ({ port, proxy }) => {
      const found: [string, unknown][] = [];
      for (const path of paths) {
        await proxy.ask('clear counters all');
        for (let i = 0; i < 2; i++) await exchange(port, request(`/${path}`));
        const front = await figures(proxy, isListen ? 'l' : 'f', ['FRONTEND'], COLUMNS);
        const back = await figures(proxy, isListen ? 'l' : 'b', ['BACKEND', 's'], COLUMNS);
        found.push([path, JSON.stringify({ ...front, ...back })]);
      }
      return found;
    },
  });
}

sameCounters('a frontend and a backend', false, [...FRONT_PATHS, ...BACK_PATHS]);
sameCounters('a listen section', true, [...FRONT_PATHS, ...BACK_PATHS]);
