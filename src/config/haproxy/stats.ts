/** `stats …` of a proxy: the statistics page, who may see it, and who may act on it (manual §4.2). */
import type { StatsPage } from '../model.js';
import { parseDuration } from '../units.js';
import { place, placeConditional } from './conditions.js';
import type { Line } from './line.js';
import { mark, type ProxyKeywords, type ProxySection } from './section.js';

export const STATS_KEYWORDS: ProxyKeywords = { stats: { in: 'dfb', read: readStats } };

type Setting = (line: Line, page: StatsPage, section: ProxySection) => void;

const SETTINGS: { readonly [name: string]: Setting } = {
  admin: (line, page, section) => placeConditional(line, 2, section, (condition) => page.admin.push(condition)),
  auth: readAuth,
  enable: () => {},
  'hide-version': (_line, page) => {
    page.hidesVersion = true;
  },
  'http-request': readRule,
  realm: (line, page) => {
    if (line.need(2, 'a text')) page.realm = line.text(2);
  },
  refresh: readRefresh,
  scope: (line, page) => {
    if (line.need(2, 'the name of a proxy')) page.scope.push(line.text(2));
  },
  'show-desc': (line, page) => {
    page.description = line.texts.slice(2).join(' ');
  },
  'show-legends': (_line, page) => {
    page.showsLegends = true;
  },
  'show-modules': (_line, page) => {
    page.showsModules = true;
  },
  'show-node': (line, page) => {
    page.node = line.text(2);
  },
  uri: (line, page) => {
    if (line.need(2, 'a path')) page.uri = line.text(2);
  },
};

function readStats(line: Line, section: ProxySection): void {
  const name = line.choice(1, 'a setting of the statistics page', Object.keys(SETTINGS));
  if (section.kind === 'defaults' && (name === 'admin' || name === 'http-request')) {
    line.error(
      'wrong-section',
      1,
      `'stats ${name}' is not allowed in a defaults section`,
      'move it to a proxy section',
    );
    return;
  }
  if (name) SETTINGS[name](line, pageOf(line, section), section);
}

/** A page of its own from the first line on: of what the defaults say nothing remains. */
function pageOf(line: Line, section: ProxySection): StatsPage {
  const { http } = section.proxy;
  if (http.statsPage === undefined || section.inherited.statsPage === http.statsPage) {
    http.statsPage = emptyPage();
    http.statsPage.loc = line.whole;
    mark(section, 'statsPage', line);
  }
  return http.statsPage;
}

/** What holds where only `stats enable` is written (manual, `stats enable`). */
function emptyPage(): StatsPage {
  const page = { uri: '/haproxy?stats', realm: 'HAProxy Statistics', refreshS: 0 };
  return { ...page, users: [], rules: [], admin: [], scope: [] };
}

function readAuth(line: Line, page: StatsPage): void {
  if (!line.need(2, 'USER:PASSWORD')) return;
  const text = line.text(2);
  const colon = text.indexOf(':');
  line.diag.hide(line.loc(2));
  if (colon < 0) {
    const message = `user '${text}' of the statistics page has no password`;
    line.warning('no-password', 2, message, `write '${text}:PASSWORD'`);
  }
  const name = colon < 0 ? text : text.slice(0, colon);
  page.users.push({ name, password: colon < 0 ? '' : text.slice(colon + 1) });
}

/** Seconds where no unit is written. */
function readRefresh(line: Line, page: StatsPage): void {
  if (!line.need(2, 'a time')) return;
  const time = line.parsed(2, parseDuration(line.text(2), 's'), 'bad-time');
  if (time) page.refreshS = Math.floor(time.ms / 1000);
}

function readRule(line: Line, page: StatsPage, section: ProxySection): void {
  const action = line.choice(2, 'an action', ['allow', 'deny', 'auth'] as const);
  if (!action) return;
  const hasRealm = action === 'auth' && line.text(3) === 'realm';
  if (hasRealm && !line.has(4)) {
    line.error('missing-argument', 3, "'realm' needs a text", "write it after 'realm'");
    return;
  }
  place(line, hasRealm ? 5 : 3, section, (condition) => {
    page.rules.push({ action, ...(hasRealm && { realm: line.text(4) }), ...(condition && { condition }) });
  });
}
