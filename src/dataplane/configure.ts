/**
 * Brings a worker's entities into the shape of a new plan. What persists under its key is configured anew in place
 * (its sessions, queue and figures stay), what is new is created, what is gone is forgotten once its sessions end.
 */

import { DEFAULT_RETRIES, hasBackend, hasFrontend, isEager, userTimeoutOf } from '../config/defaults.js';
import { fullconns } from '../config/fullconn.js';
import type { Condition, Model, Proxy, Server, SourceAddress, TcpRule } from '../config/model.js';
import { listenerNames } from '../config/names.js';
import { routesByUnawaitedRequest } from '../config/route-tests.js';
import { Balancer } from '../core/balance/balancer.js';
import { compileCondition, HOLDS, type Predicate } from '../core/expr/condition.js';
import { PatternFiles } from '../core/expr/pattern-files.js';
import { compileFormat } from '../core/log-format/format.js';
import type { Plan } from '../core/messages.js';
import { StickStore } from '../core/stick/store.js';
import { stickLayouts } from '../core/stick/tables.js';
import { I_MAXCONN, Row, rowKey } from '../core/table.js';
import { ipToWords, SockAddr } from '../linux/sockaddr.js';
import { AcceptSocket } from './accept.js';
import {
  type BackendChoice,
  BackendEntity,
  type ConnectionRule,
  FrontendEntity,
  type ListenerSpec,
  type ResponseRule,
  ServerEntity,
  type SourceBinding,
  WorkerRow,
} from './entities.js';
import { configureHttp, configureHttpBackend, configureHttpFrontend } from './http/configure-http.js';
import { inspectsResponses } from './response-rules.js';
import { configureLogs } from './session-log.js';
import { prepareListener } from './socket-options.js';
import { compileStickRules } from './stick/stick-rules.js';
import { compileTcpAction } from './tcp-actions.js';
import type { DataplaneWorker } from './worker-context.js';

/** Whatever has one of these somewhere may look at a request line. */
const REQUEST_LINE = /capture\.req\.(method|uri|ver)|%(\{[^}]*\})?(H[MPQUV]|HPO|r)\b/;

const ALWAYS: Predicate = () => HOLDS;

/** For routes in mode tcp that look into a request nobody waits for (config/route-tests.ts). */
const REQUEST_WAIT_MS = 1000;
const REQUEST_IS_THERE: ConnectionRule = {
  action: 'accept',
  when: compileCondition({ when: 'if', anyOf: [[{ negate: false, acl: 'HTTP' }]] }, []),
  act: null,
};

/** Called on the worker's own thread. The plan was validated: everything it names exists. */
export function applyPlan(worker: DataplaneWorker, plan: Plan): void {
  const rows = new RowFinder(worker, plan);
  worker.process ??= rows.find(rowKey.process());
  worker.wakeFds = plan.wake.workers;
  worker.healthFd = plan.wake.health;
  worker.splicing = !plan.model.global.noSplice;
  const proxies = plan.model.proxies.filter((p) => !p.disabled);
  worker.patternFiles = loadedFiles(plan.model);
  worker.keepsRequestLines = REQUEST_LINE.test(JSON.stringify(plan.model.proxies));
  configureHttp(worker, plan.model);
  applyTables(worker, plan);
  applyBackends(worker, plan.model, proxies.filter(hasBackend), rows);
  applyFrontends(worker, plan.model, proxies.filter(hasFrontend), rows);
  for (const proxy of proxies.filter(hasFrontend)) applyListeners(worker, proxy, plan, rows);
  configureLogs(worker, plan.model);
}

/** Read anew with each configuration: what rules and commands have changed since the last one is gone, as in HAProxy. */
function loadedFiles(model: Model): PatternFiles {
  const files = new PatternFiles();
  for (const { name, text, isMap } of model.patternFiles) files.load(name, text, isMap);
  return files;
}

/** Sessions that hold entries of a table that is gone keep its memory until they end. */
function applyTables(worker: DataplaneWorker, plan: Plan): void {
  worker.tables.clear();
  for (const [name, layout] of stickLayouts(plan.model))
    worker.tables.set(name, new StickStore(layout, plan.tables[name]));
}

/** Row views of one plan, by key. */
class RowFinder {
  private readonly segments = new Map<number, Plan['segments'][number]>();

  constructor(
    private readonly worker: DataplaneWorker,
    private readonly plan: Plan,
  ) {
    for (const segment of plan.segments) this.segments.set(segment.id, segment);
  }

  find(key: string): WorkerRow {
    const ref = this.plan.rows[key];
    const segment = this.segments.get(ref.segment)!;
    return new WorkerRow(new Row(segment, ref.index), this.worker.index);
  }
}

/** Keeps what persists under its name, makes what is new, drops the rest. */
function reconcile<E>(existing: Map<string, E>, names: string[], create: (name: string) => E): void {
  const wanted = new Set(names);
  for (const name of existing.keys()) if (!wanted.has(name)) existing.delete(name);
  for (const name of wanted) if (!existing.has(name)) existing.set(name, create(name));
}

function applyBackends(worker: DataplaneWorker, model: Model, proxies: Proxy[], rows: RowFinder): void {
  const byName = new Map(proxies.map((p) => [p.name, p]));
  reconcile(worker.backends, [...byName.keys()], (name) => {
    return new BackendEntity(name, rows.find(rowKey.backend(name)), byName.get(name)!);
  });
  const serverKeys = proxies.flatMap((p) => p.servers.map((s) => rowKey.server(p.name, s.name)));
  reconcile(worker.servers, serverKeys, (key) => {
    const [proxy, server] = locate(proxies, key);
    return new ServerEntity(server.name, rows.find(key), server, worker.backends.get(proxy.name)!, 0);
  });
  const processMaxconn = worker.process.row.get(I_MAXCONN);
  const full = fullconns(model, (p) => p.maxconn ?? processMaxconn);
  for (const proxy of proxies)
    configureBackend(worker, worker.backends.get(proxy.name)!, proxy, model, full.get(proxy.name)!);
}

function locate(proxies: Proxy[], key: string): [Proxy, Server] {
  for (const proxy of proxies)
    for (const server of proxy.servers) if (rowKey.server(proxy.name, server.name) === key) return [proxy, server];
  throw new Error(`no server ${key}`);
}

function configureBackend(
  worker: DataplaneWorker,
  backend: BackendEntity,
  proxy: Proxy,
  model: Model,
  fullconn: number,
): void {
  const t = proxy.timeouts;
  backend.proxy = proxy;
  backend.connectMs = t.connect ?? 0;
  backend.serverMs = t.server ?? 0;
  backend.queueMs = t.queue ?? 0;
  backend.tunnelMs = t.tunnel ?? 0;
  backend.serverFinMs = t.serverFin ?? 0;
  backend.retries = proxy.retries ?? DEFAULT_RETRIES;
  backend.eager = isEager(proxy);
  backend.redispatch = proxy.redispatch ?? (backend.eager ? -1 : 0);
  backend.contentRules = rulesOf(proxy, 'content');
  backend.inspectDelayMs = proxy.inspectDelayMs ?? 0;
  backend.stickRules = compileStickRules(proxy);
  backend.responseRules = responseRulesOf(proxy);
  backend.responseInspectMs = proxy.responseInspectDelayMs ?? 0;
  backend.inspectsResponses = inspectsResponses(backend);
  const before = backend.servers;
  backend.servers = proxy.servers.map((spec, index) => {
    const server = worker.servers.get(rowKey.server(proxy.name, spec.name))!;
    configureServer(server, spec, backend, index);
    return server;
  });
  keepBusy(backend, before);
  configureHttpBackend(backend, proxy, model);
  backend.balancer = createBalancer(backend, proxy, fullconn);
  backend.useServers = proxy.useServers.map((rule) => ({
    server: backend.servers.find((s) => s.name === rule.server)!,
    when: compile(rule.condition, proxy),
  }));
}

/** Servers that left while sessions hold their slots stay at the end of the list, unusable, until those have ended. */
function keepBusy(backend: BackendEntity, before: readonly ServerEntity[]): void {
  const stays = new Set(backend.servers);
  for (const server of before) {
    if (stays.has(server) || (server.sessions.head === null && server.queue.size === 0)) continue;
    server.retired = true;
    server.idle.closeAll();
    server.index = backend.servers.push(server) - 1;
  }
}

function configureServer(server: ServerEntity, spec: Server, backend: BackendEntity, index: number): void {
  server.idle.closeAll();
  server.spec = spec;
  server.backend = backend;
  server.index = index;
  server.addressSeq = -1;
  server.userTimeoutMs = userTimeoutOf(backend.proxy, spec);
  server.source = sourceBinding(spec.source ?? backend.proxy.source);
}

function sourceBinding(spec: SourceAddress | undefined): SourceBinding | null {
  if (spec === undefined) return null;
  const address = new SockAddr();
  const host = spec.host === '' || spec.host === '*' ? '0.0.0.0' : spec.host;
  const { family, words } = ipToWords(host);
  address.setInet(family, words, 0, spec.port);
  return { spec, address };
}

function createBalancer(backend: BackendEntity, proxy: Proxy, fullconn: number): Balancer {
  return new Balancer(
    {
      algorithm: proxy.balance?.algorithm ?? 'roundrobin',
      draws: proxy.balance?.draws,
      hashType: proxy.hashType,
      allBackups: proxy.options.allbackups ?? false,
      fullconn,
    },
    backend.servers.map((s) => ({
      row: s.cells.row,
      id: s.spec.id,
      backup: s.spec.backup ?? false,
      maxconn: s.spec.maxconn ?? 0,
      retired: s.retired,
    })),
    backend.cells.row,
  );
}

function applyFrontends(worker: DataplaneWorker, model: Model, proxies: Proxy[], rows: RowFinder): void {
  const byName = new Map(proxies.map((p) => [p.name, p]));
  reconcile(worker.frontends, [...byName.keys()], (name) => {
    return new FrontendEntity(name, rows.find(rowKey.frontend(name)), byName.get(name)!);
  });
  for (const proxy of proxies) configureFrontend(worker, worker.frontends.get(proxy.name)!, proxy, model);
}

function configureFrontend(worker: DataplaneWorker, frontend: FrontendEntity, proxy: Proxy, model: Model): void {
  const t = proxy.timeouts;
  frontend.proxy = proxy;
  frontend.clientMs = t.client ?? 0;
  frontend.clientFinMs = t.clientFin ?? 0;
  frontend.tunnelMs = t.tunnel ?? 0;
  frontend.connectionRules = rulesOf(proxy, 'connection');
  frontend.sessionRules = rulesOf(proxy, 'session');
  const awaits = routesByUnawaitedRequest(proxy);
  frontend.contentRules = awaits ? [REQUEST_IS_THERE] : rulesOf(proxy, 'content');
  frontend.inspectDelayMs = awaits ? REQUEST_WAIT_MS : (proxy.inspectDelayMs ?? 0);
  frontend.choices = proxy.useBackends
    .filter((choice) => choice.isFormat || worker.backends.has(choice.backend))
    .map((choice) => choiceOf(worker, choice, proxy));
  configureHttpFrontend(frontend, proxy, model);
  const fallback = proxy.defaultBackend ?? (proxy.kind === 'listen' ? proxy.name : undefined);
  frontend.defaultBackend = (fallback && worker.backends.get(fallback)) || null;
}

function choiceOf(worker: DataplaneWorker, choice: Proxy['useBackends'][number], proxy: Proxy): BackendChoice {
  const when = compile(choice.condition, proxy);
  if (!choice.isFormat) return { backend: worker.backends.get(choice.backend)!, resolve: null, when };
  const name = compileFormat(choice.backend);
  return { backend: null, resolve: (context) => worker.backends.get(name(context)) ?? null, when };
}

function rulesOf(proxy: Proxy, phase: TcpRule['phase']): ConnectionRule[] {
  return proxy.tcpRequest
    .filter((rule) => rule.phase === phase)
    .map((rule) => ({
      action: rule.action,
      when: compile(rule.condition, proxy),
      act: rule.other ? compileTcpAction(rule.other, proxy) : null,
    }));
}

function responseRulesOf(proxy: Proxy): ResponseRule[] {
  return proxy.tcpResponse.map(({ action, condition, other }) => ({
    action,
    when: compile(condition, proxy),
    act: other ? compileTcpAction(other, proxy) : null,
  }));
}

function compile(condition: Condition | undefined, proxy: Proxy): Predicate {
  return condition === undefined ? ALWAYS : compileCondition(condition, proxy.acls);
}

/** Listening descriptors this worker does not watch yet; those that left the plan end with `close-listeners`. */
function applyListeners(worker: DataplaneWorker, proxy: Proxy, plan: Plan, rows: RowFinder): void {
  const names = listenerNames(proxy);
  proxy.binds.forEach((bind, i) => {
    const key = rowKey.listener(proxy.name, names[i]);
    const fds = plan.listeners[key] ?? [];
    if (fds.length > 0) listenOn(worker, fds, { key, name: names[i], id: bind.id ?? i + 1, bind }, proxy, rows);
  });
}

function listenOn(worker: DataplaneWorker, fds: number[], spec: ListenerSpec, proxy: Proxy, rows: RowFinder): void {
  const frontend = worker.frontends.get(proxy.name)!;
  const fd = fds[worker.index % fds.length];
  const known = worker.sockets.get(fd);
  prepareListener(fd, proxy, spec.bind);
  if (known) {
    known.frontend = frontend;
    known.spec = spec;
    return;
  }
  const shared = fds.length === 1 && worker.wakeFds.length > 1;
  const socket = new AcceptSocket(worker, fd, spec, frontend, rows.find(spec.key), shared);
  worker.sockets.set(fd, socket);
  socket.watch();
}
