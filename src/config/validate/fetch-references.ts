/** What expressions name by name: backends, servers, userlists, stick tables (manual §7.3). */
import { hasBackend, hasFrontend } from '../defaults.js';
import type { Diagnostics, Loc } from '../diagnostics.js';
import { eachExpression } from '../expressions.js';
import type { Expression, Model, Proxy, Reply } from '../model.js';
import { didYouMean } from '../suggest.js';

export function validateFetchReferences(model: Model, diag: Diagnostics): void {
  for (const proxy of model.proxies) {
    const finder = new Finder(model, proxy, diag);
    const { deferred: _notes, servers: _servers, check: _check, ...parts } = proxy;
    eachExpression(parts, (expression, loc) => finder.expression(expression, loc));
    for (const { action, loc } of proxy.http.rules) {
      if (action.do === 'track-sc') finder.table(action.table, loc);
      if ('reply' in action) finder.page(action.reply, loc);
    }
    for (const { other, loc } of proxy.tcpRequest) if (other?.do === 'track-sc') finder.table(other.table, loc);
    for (const { table, loc } of proxy.stickRules) finder.table(table, loc);
  }
}

const BACKEND_FETCHES = /^(nbsrv|be_conn|be_conn_free|be_sess_rate|connslots|avg_queue|queue)$/;
const FRONTEND_FETCHES = /^fe_(conn|req_rate|sess_rate)$/;
const SERVER_FETCHES = /^srv_(conn|conn_free|is_up|queue|sess_rate|weight|iweight|uweight)$/;
/** The table is the last argument, and one's own where it is not written. */
const TABLE_FETCHES = /^(src_(?!port|is_local)\w+|table_(cnt|avl))$/;
/** The same where nothing need be written: the table that the counter tracks in. */
const COUNTER_FETCHES = /^sc[0-2]?_\w+$/;
const ARRAY_FETCH = /_gp[ct]$|_gpc_rate$/;

class Finder {
  constructor(
    private readonly model: Model,
    private readonly proxy: Proxy,
    private readonly diag: Diagnostics,
  ) {}

  expression({ fetch, args, converters, patterns }: Expression & { patterns?: string[] }, loc: Loc | undefined): void {
    if (/^http_auth(_group)?$/.test(fetch)) this.userlist(fetch, args[0], patterns ?? [], loc);
    if (BACKEND_FETCHES.test(fetch)) {
      if (args.length > 0) this.proxyNamed(args[0], 'backend', fetch, loc);
      else if (!hasBackend(this.proxy)) this.noBackend(fetch, loc);
    }
    if (FRONTEND_FETCHES.test(fetch) && args.length > 0) this.proxyNamed(args[0], 'frontend', fetch, loc);
    if (SERVER_FETCHES.test(fetch)) this.server(args[0], fetch, loc);
    if (TABLE_FETCHES.test(fetch)) this.table(ARRAY_FETCH.test(fetch) ? args[1] : args[0], loc);
    if (COUNTER_FETCHES.test(fetch)) this.counterTable(fetch, args, loc);
    for (const { name, args: own } of converters)
      if (name === 'in_table' || name.startsWith('table_')) this.table(ARRAY_FETCH.test(name) ? own[1] : own[0], loc);
  }

  /** `sc_conn_cnt(COUNTER,TABLE)`, `sc0_conn_cnt(TABLE)`; arrays have their index in front. */
  private counterTable(fetch: string, args: readonly string[], loc: Loc | undefined): void {
    const at = Number(fetch.startsWith('sc_')) + Number(ARRAY_FETCH.test(fetch));
    if (args[at] !== undefined) this.table(args[at], loc);
  }

  table(name: string | undefined, loc: Loc | undefined): void {
    const wanted = name ?? this.proxy.name;
    if (this.model.proxies.some((each) => each.name === wanted && each.stickTable !== undefined)) return;
    const own = name === undefined;
    const message = own ? `${this.proxy.kind} '${wanted}' has no stick table` : `there is no stick table '${wanted}'`;
    const names = this.model.proxies.filter((each) => each.stickTable).map((each) => each.name);
    const where = own ? 'it' : `a backend '${wanted}'`;
    this.diag.error('unknown-table', loc, message, didYouMean(wanted, names, `add a 'stick-table' line to ${where}`));
  }

  page({ errorFiles }: Reply, loc: Loc | undefined): void {
    if (errorFiles === undefined || this.model.httpErrors.some(({ name }) => name === errorFiles)) return;
    const names = this.model.httpErrors.map(({ name }) => name);
    const message = `there is no section 'http-errors ${errorFiles}'`;
    this.diag.error(
      'unknown-http-errors',
      loc,
      message,
      didYouMean(errorFiles, names, `add 'http-errors ${errorFiles}'`),
    );
  }

  private userlist(fetch: string, name: string | undefined, groups: readonly string[], loc: Loc | undefined): void {
    const names = this.model.userlists.map((each) => each.name);
    const list = this.model.userlists.find((each) => each.name === name);
    if (list) {
      const known = list.groups.map((group) => group.name);
      for (const group of groups.filter((each) => fetch === 'http_auth_group' && !known.includes(each))) {
        const what = `userlist '${list.name}' has no group '${group}'`;
        this.diag.error('unknown-group', loc, what, didYouMean(group, known, `add 'group ${group}' to it`));
      }
      return;
    }
    const message = name === undefined ? `'${fetch}' needs the name of a userlist` : `there is no userlist '${name}'`;
    this.diag.error(
      'unknown-userlist',
      loc,
      message,
      didYouMean(name ?? '', names, `add 'userlist ${name ?? 'NAME'}'`),
    );
  }

  private proxyNamed(name: string, side: 'frontend' | 'backend', fetch: string, loc: Loc | undefined): void {
    const has = side === 'backend' ? hasBackend : hasFrontend;
    const names = this.model.proxies.filter(has).map((each) => each.name);
    if (names.includes(name)) return;
    const message = `'${fetch}' names the ${side} '${name}', which does not exist`;
    this.diag.error(`unknown-${side}`, loc, message, didYouMean(name, names, `add '${side} ${name}'`));
  }

  private noBackend(fetch: string, loc: Loc | undefined): void {
    const message = `'${fetch}' names no backend, and ${this.proxy.kind} '${this.proxy.name}' is none`;
    this.diag.error('unknown-backend', loc, message, `write '${fetch}(BACKEND)'`);
  }

  private server(path: string | undefined, fetch: string, loc: Loc | undefined): void {
    const [server, backend = this.proxy.name] = (path ?? '').split('/').reverse();
    const owner = this.model.proxies.find((each) => each.name === backend && hasBackend(each));
    const names = owner?.servers.map(({ name }) => name) ?? [];
    if (names.includes(server)) return;
    const message =
      path === undefined
        ? `'${fetch}' needs the name of a server`
        : `'${fetch}' names the server '${path}', which does not exist`;
    this.diag.error('unknown-server', loc, message, didYouMean(server, names, "write 'BACKEND/SERVER'"));
  }
}
