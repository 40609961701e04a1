/**
 * From an accepted session to a connected one: pick a server, take one of its slots or queue, connect, retry.
 * Rules and limits are HAProxy's (configuration manual: `retries`, `option redispatch`, `maxconn`, `maxqueue`,
 * `timeout queue`, `timeout connect`).
 */
import { isHashing, PICK_NONE, PICK_QUEUE } from '../core/balance/balancer.js';
import { hashSource } from '../core/balance/hash.js';
import { HOLDS } from '../core/expr/condition.js';
import * as T from '../core/table.js';
import {
  EADDRNOTAVAIL,
  EINPROGRESS,
  EMFILE,
  ENFILE,
  ENOBUFS,
  ENOMEM,
  ETIMEDOUT,
  SO_ERROR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../linux/constants.js';
import { connect, getsockname, getsockopt, socket } from '../linux/syscalls.js';
import type { BackendEntity, ServerEntity } from './entities.js';
import { finish } from './finish.js';
import { abandonConnection, beginConnection, takeIdle } from './http/reuse.js';
import { proxyHeaderFor } from './proxy-header.js';
import { CONNECTING, QUEUED, RETRYING, type Session } from './session.js';
import { goesBefore, type SessionQueue } from './session-list.js';
import { bindSource, prepareServerSocket } from './socket-options.js';
import { stickServer, storeFromRequest } from './stick/stick-rules.js';
import type { DataplaneWorker } from './worker-context.js';

/** Same server again: HAProxy waits the smaller of one second and `timeout connect` (manual, `option redispatch`). */
const TURN_AROUND_MS = 1000;
const PICK_TRIES = 4;
/** Failures that say nothing about the server: descriptors, memory or local ports are used up (termination code R). */
const OUR_OWN_LACK = new Set([EMFILE, ENFILE, ENOMEM, ENOBUFS, EADDRNOTAVAIL]);

/** The backend is known: count the session there. */
export function enterBackend(session: Session, backend: BackendEntity): void {
  session.backend = backend;
  session.retriesLeft = backend.retries;
  session.moves = 0;
  backend.cells.enter();
  backend.cells.count(T.C_SESSIONS);
  backend.cells.rate(T.C_RATE_SECOND, T.I_RATE_MAX, session.worker.epochSecond);
}

/** Its rules have let the client in: find a server. */
export function assignServer(session: Session): void {
  session.assignedMs = session.worker.reactor.nowMs;
  assign(session, -1);
}

/** @param avoid index of a server that just failed, -1 none */
function assign(session: Session, avoid: number): void {
  const backend = session.backend!;
  const forced = useServer(session, backend) ?? (avoid < 0 ? persistentServer(session, backend) : null);
  if (forced !== null) {
    takeOrQueue(session, forced);
    return;
  }
  if (avoid < 0 && backend.queue.size > 0) {
    joinQueue(session, backend);
    return;
  }
  const key = balanceKey(session, backend);
  for (let tries = 0; tries < PICK_TRIES; tries++) {
    const picked = backend.balancer.pick(key, avoid, Math.random);
    if (picked === PICK_NONE) {
      noServer(session, backend);
      return;
    }
    if (picked === PICK_QUEUE) break;
    const server = backend.servers[picked];
    if (mayTake(backend, server) && backend.balancer.takeSlot(picked)) {
      countBalanced(server);
      startOn(session, server);
      return;
    }
    // A hashing algorithm insists on its server: wait for that one. Others lost a race to another worker: pick again.
    if (key >= 0 && !backend.balancer.hasSlot(picked)) {
      countBalanced(server);
      queueOn(session, server.queue, server);
      return;
    }
  }
  queueOn(session, backend.queue, null);
}

/** Nobody overtakes those that wait, even where the load has just raised a limit (`minconn`). */
function joinQueue(session: Session, backend: BackendEntity): void {
  queueOn(session, backend.queue, null);
  for (const server of backend.servers) if (backend.queue.size > 0) serveQueues(server);
}

/** `lbtot`: an algorithm chose it. Who waited for any server and took the first free slot was not balanced. */
function countBalanced(server: ServerEntity): void {
  server.cells.count(T.C_LB_TOTAL);
  server.backend.cells.count(T.C_LB_TOTAL);
}

function useServer(session: Session, backend: BackendEntity): ServerEntity | null {
  for (const rule of backend.useServers) {
    if (
      backend.balancer.isUsable(rule.server.index) &&
      rule.when(session.worker.sampleContext(session, true)) === HOLDS
    )
      return rule.server;
  }
  return null;
}

/** Those that wait go first. */
function mayTake(backend: BackendEntity, server: ServerEntity): boolean {
  return server.queue.size === 0 || !backend.balancer.hasSlot(server.index);
}

function takeOrQueue(session: Session, server: ServerEntity): void {
  if (session.backend!.balancer.takeSlot(server.index)) startOn(session, server);
  else queueOn(session, server.queue, server);
}

/** A server that the client is known to: by its cookie, else by a stick table. */
function persistentServer(session: Session, backend: BackendEntity): ServerEntity | null {
  const run = session.http?.transaction?.run;
  if (run !== undefined && run.persistentServer !== null) return run.persistentServer;
  if (backend.stickRules.length === 0 || run?.ignoresPersistence) return null;
  return stickServer(session, backend);
}

/** @returns -1 where the algorithm does not hash, or the request has nothing of what it hashes */
function balanceKey(session: Session, backend: BackendEntity): number {
  if (backend.balanceKey !== null) {
    const tx = session.http?.transaction ?? null;
    return backend.balanceKey(tx, session.worker.sampleContext(session, true, tx));
  }
  return backend.proxy.balance?.algorithm === 'source' ? sourceKey(session) : -1;
}

function sourceKey(session: Session): number {
  const ip = session.worker.ipScratch;
  const family = session.source.copyIp(ip);
  return family === 0 ? 0 : hashSource(ip, 0, family === 4 ? 4 : 16);
}

function noServer(session: Session, backend: BackendEntity): void {
  backend.cells.count(T.C_ERR_CON);
  finish(session, 'S', 'C');
}

function startOn(session: Session, server: ServerEntity): void {
  const { cells } = server;
  session.server = session.lastServer = server;
  session.holdsSlot = true;
  server.sessions.add(session);
  cells.noteHighest();
  cells.i32[cells.int + T.S_LAST_SESS] = session.worker.epochSecond;
  session.backend!.cells.i32[session.backend!.cells.int + T.S_LAST_SESS] = session.worker.epochSecond;
  openConnection(session, server);
}

function queueOn(session: Session, queue: SessionQueue, server: ServerEntity | null): void {
  const backend = session.backend!;
  const cells = server === null ? backend.cells : server.cells;
  const maxqueue = server === null ? 0 : cells.row.get(T.S_MAXQUEUE);
  const waiting = cells.row.add(T.I_QUEUE, 1) + 1;
  if (server !== null) session.lastServer = server; // whatever happens to it in this queue is told of that server
  if (maxqueue > 0 && waiting > maxqueue) {
    cells.row.add(T.I_QUEUE, -1);
    queueFull(session, server!);
    return;
  }
  if (waiting > cells.i32[cells.int + T.I_MAX_QUEUE]) cells.i32[cells.int + T.I_MAX_QUEUE] = waiting;
  if (server === null) session.backendQueuePosition = waiting;
  else session.serverQueuePosition = waiting;
  session.state = QUEUED;
  session.server = null;
  session.queuedServer = server;
  queue.push(session);
  const limit = backend.queueMs || backend.connectMs;
  if (limit > 0) session.worker.reactor.timers.arm(session, session.assignedMs + limit);
  else session.worker.reactor.timers.cancel(session);
}

/** `maxqueue` reached: refused in the name of that server. */
function queueFull(session: Session, server: ServerEntity): void {
  server.cells.count(T.C_ERR_CON);
  session.backend!.cells.count(T.C_ERR_CON);
  finish(session, 'S', 'Q');
}

/** Takes a session out of whichever queue it waits in. */
export function leaveQueue(session: Session): void {
  if (session.queue === null) return;
  session.queue.remove(session);
  const cells = session.queuedServer === null ? session.backend!.cells : session.queuedServer.cells;
  cells.row.add(T.I_QUEUE, -1);
  session.queuedServer = null;
  session.worker.reactor.timers.cancel(session);
}

export function queueTimedOut(session: Session): void {
  session.queuedServer?.cells.count(T.C_ERR_CON);
  session.backend!.cells.count(T.C_ERR_CON);
  finish(session, 's', 'Q');
}

/** A slot of the server may be free: serve who waits for it, then who waits for any server. */
export function serveQueues(server: ServerEntity): void {
  const { backend } = server;
  while (backend.balancer.isUsable(server.index) && backend.balancer.hasSlot(server.index)) {
    const anybody = backend.balancer.serves(server.index) ? backend.queue.head : null;
    const session = oldest(server.queue.head, anybody);
    if (session === null || !backend.balancer.takeSlot(server.index)) return;
    leaveQueue(session);
    startOn(session, server);
  }
}

function oldest(a: Session | null, b: Session | null): Session | null {
  if (a === null || b === null) return a ?? b;
  return goesBefore(b, a) ? b : a;
}

/** Health or limits changed somewhere: see whether anyone who waits can go on, here or on another server. */
export function reviewQueues(backend: BackendEntity): void {
  for (const server of backend.servers) {
    if (server.queue.size > 0 && !backend.balancer.isUsable(server.index)) moveToBackend(server, backend);
    if (server.queue.size > 0 || backend.queue.size > 0) serveQueues(server);
  }
}

/** Whoever waits for a server that went down waits for any with `option redispatch`; for one that is gone, always. */
function moveToBackend(server: ServerEntity, backend: BackendEntity): void {
  if (!backend.redispatch && !server.retired) return;
  for (let session = server.queue.head; session !== null; session = server.queue.head) {
    leaveQueue(session);
    session.backend!.cells.count(T.C_REDISPATCHES);
    assign(session, server.index);
  }
}

function openConnection(session: Session, server: ServerEntity): void {
  const { worker } = session;
  session.connectMs = worker.reactor.nowMs;
  // Each attempt is a session of the server: `stot` rises with every retry.
  server.cells.count(T.C_SESSIONS);
  server.cells.rate(T.C_RATE_SECOND, T.I_RATE_MAX, worker.epochSecond);
  if (session.http !== null && takeIdle(session, server)) {
    connectionEstablished(session);
    return;
  }
  session.state = CONNECTING;
  server.cells.count(T.C_CONNECTS);
  session.backend!.cells.count(T.C_CONNECTS);
  const error = dial(session, server);
  if (OUR_OWN_LACK.has(error)) {
    finish(session, 'R', 'C');
    return;
  }
  if (error !== 0) {
    connectionFailed(session, error);
    return;
  }
  const limit = session.backend!.connectMs;
  if (limit > 0) worker.reactor.timers.arm(session, session.connectMs + limit);
  else worker.reactor.timers.cancel(session);
}

/** @returns 0 while the connection is being made, or a positive errno */
function dial(session: Session, server: ServerEntity): number {
  const { worker } = session;
  if (!server.refreshAddress()) return ETIMEDOUT;
  const address = server.address;
  if (server.spec.portMode !== 'fixed') followClientPort(session, server);
  const fd = socket(address.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    worker.descriptorsExhausted(fd);
    return -fd;
  }
  session.serverFd = fd;
  if (session.http !== null) beginConnection(session, server);
  prepareServerSocket(fd, server, address.family);
  const bound = server.source === null ? 0 : bindSource(fd, server.source, session);
  if (bound < 0) return -bound;
  const result = connect(fd, address.ptr, address.length);
  if (result < 0 && result !== -EINPROGRESS) return -result;
  const added = worker.reactor.add(fd, session);
  return added < 0 ? -added : 0;
}

/** `server s 10.0.0.1` or `:+1000`: the port the client asked for, shifted. */
function followClientPort(session: Session, server: ServerEntity): void {
  const to = session.worker.addressScratch;
  let port = session.destination.port;
  if (port === 0) {
    to.prepare();
    if (getsockname(session.clientFd, to.ptr, to.lengthPtr) === 0) port = to.port;
  }
  server.address.port = (port + (server.spec.portOffset ?? 0)) & 0xffff;
}

/** @returns the pending error of a socket as a positive errno, 0 none */
export function socketError(worker: DataplaneWorker, fd: number): number {
  const scratch = worker.optionScratch;
  scratch.i32[0] = 0;
  scratch.i32[1] = 4;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, scratch.ptr, scratch.ptr + 4) < 0 ? 0 : scratch.i32[0];
}

export function connectionEstablished(session: Session): void {
  const server = session.server!;
  const { i32, int } = server.cells;
  if (i32[int + T.S_OBSERVED_ERRORS] !== 0 && i32[int + T.S_ERROR_LIMIT] > 0)
    Atomics.store(i32, int + T.S_OBSERVED_ERRORS, 0);
  if (session.http === null) session.worker.connected(session);
  if (session.backend!.stickRules.length > 0) storeFromRequest(session);
  if (session.http === null && server.spec.sendProxy !== undefined) {
    const header = proxyHeaderFor(session, server.spec.sendProxy);
    session.toServer.prepend(session.worker, header.bytes, header.length);
  }
  session.start();
}

/** @param errno positive, 0 for the time limit */
export function connectionFailed(session: Session, errno: number): void {
  const { worker } = session;
  const server = session.server!;
  dropServerSocket(session);
  worker.reactor.timers.cancel(session);
  session.lastError = errno;
  observeFailure(session, server);
  if (session.retriesLeft <= 0 || session.backend!.retryOn?.has('conn-failure') === false) {
    server.cells.count(T.C_ERR_CON);
    session.backend!.cells.count(T.C_ERR_CON);
    finish(session, errno === 0 ? 's' : 'S', 'C');
    return;
  }
  session.retriesLeft--;
  scheduleRetry(session, server, errno);
}

/** Mode http, `retry-on`: the server did not do what was asked; the request goes to another, or to it again. */
export function retryElsewhere(session: Session): void {
  scheduleRetry(session, session.server!, 0);
}

function scheduleRetry(session: Session, server: ServerEntity, errno: number): void {
  const backend = session.backend!;
  session.retryElsewhere = backend.eager
    ? mayMoveOn(session, server, backend)
    : mayRedispatch(session, server, backend) || (backend.redispatch !== 0 && !backend.balancer.isUsable(server.index));
  session.state = RETRYING;
  const waited = session.worker.reactor.nowMs - session.connectMs;
  const pause = Math.min(TURN_AROUND_MS, backend.connectMs || TURN_AROUND_MS);
  const immediately = session.retryElsewhere || errno === 0 || waited >= pause;
  if (immediately) retry(session);
  else session.worker.reactor.timers.arm(session, session.worker.reactor.nowMs + pause);
}

/**
 * `option redispatch N`. As HAProxy 2.6 does it (observed): what an algorithm chose freely goes elsewhere at every retry,
 * whatever N; a hashed client stays with its server while that is usable. N counts for `use-server`: every Nth retry,
 * or with a negative N the Nth before the last.
 */
function mayRedispatch(session: Session, server: ServerEntity, backend: BackendEntity): boolean {
  const n = backend.redispatch;
  if (n === 0 || isHashing(backend.proxy.balance?.algorithm ?? 'roundrobin')) return false;
  if (useServer(session, backend) !== server) return othersServe(server, backend);
  if (n < 0) return session.retriesLeft === -n - 1;
  return (backend.retries - session.retriesLeft) % n === 0;
}

/** Eager backends: at every failure, wherever another server is usable; for `balance single` once health has moved it. */
function mayMove(session: Session, server: ServerEntity, backend: BackendEntity): boolean {
  return backend.redispatch !== 0 && useServer(session, backend) !== server && backend.balancer.hasOther(server.index);
}

/** At once, but not in circles: when as many have failed as there are, it waits for a pause or for health's word. */
function mayMoveOn(session: Session, server: ServerEntity, backend: BackendEntity): boolean {
  return ++session.moves < backend.servers.length && mayMove(session, server, backend);
}

function mayMoveAgain(session: Session, server: ServerEntity, backend: BackendEntity): boolean {
  session.moves = 0;
  return mayMove(session, server, backend);
}

function othersServe(server: ServerEntity, backend: BackendEntity): boolean {
  if (server.spec.backup && !backend.proxy.options.allbackups) return false;
  return backend.servers.some(
    (s) => s !== server && !s.spec.backup === !server.spec.backup && backend.balancer.isUsable(s.index),
  );
}

/** The pause is over, or another server is tried at once. */
export function retry(session: Session): void {
  session.worker.reactor.timers.cancel(session);
  const server = session.server!;
  const backend = session.backend!;
  const gone = backend.redispatch !== 0 && !backend.balancer.isUsable(server.index);
  if (backend.eager && !session.retryElsewhere) session.retryElsewhere = mayMoveAgain(session, server, backend);
  if (backend.eager && gone && !session.retryElsewhere) {
    waitForAnyone(session, backend);
    return;
  }
  if (!session.retryElsewhere && !gone) {
    server.cells.count(T.C_RETRIES);
    backend.cells.count(T.C_RETRIES);
    openConnection(session, server);
    return;
  }
  server.cells.count(T.C_REDISPATCHES);
  backend.cells.count(T.C_REDISPATCHES);
  session.redispatched = true;
  session.retryElsewhere = false;
  releaseServer(session);
  assign(session, server.index);
}

/** Nobody is usable: somebody may be before the retries are used up, and `reviewRetries` tells. */
function waitForAnyone(session: Session, backend: BackendEntity): void {
  if (session.retriesLeft <= 0) {
    session.server!.cells.count(T.C_ERR_CON);
    backend.cells.count(T.C_ERR_CON);
    finish(session, 'S', 'C');
    return;
  }
  session.retriesLeft--;
  session.worker.reactor.timers.arm(session, session.worker.reactor.nowMs + TURN_AROUND_MS);
}

/**
 * Health changed something in an eager backend: connections that wait for a server, or are being made to one that is
 * down, go where they can. Looks at every session of the backend, once per change.
 */
export function reviewRetries(backend: BackendEntity): void {
  const generation = backend.cells.row.get(T.B_GENERATION);
  if (generation === backend.generationSeen) return;
  backend.generationSeen = generation;
  for (const server of backend.servers) {
    const isUsable = backend.balancer.isUsable(server.index);
    const isBack = isUsable && !server.usableSeen;
    server.usableSeen = isUsable;
    const isDown = server.cells.row.get(T.S_STATE) === T.STATE_STOPPED;
    for (let session = server.sessions.head; session !== null; ) {
      const next: Session | null = session.nextOnServer;
      if (session.state === RETRYING && (isBack || mayMove(session, server, backend))) retry(session);
      else if (session.state === CONNECTING && isDown && mayMove(session, server, backend)) rescue(session);
      session = next;
    }
  }
}

/** A connection whose server is not there yet, and will not be: it is made elsewhere, now or when somebody is usable. */
export function rescue(session: Session): void {
  const { worker } = session;
  const backend = session.backend!;
  dropServerSocket(session);
  session.state = RETRYING;
  session.retryElsewhere = mayMove(session, session.server!, backend);
  if (session.retryElsewhere) retry(session);
  else worker.reactor.timers.arm(session, worker.reactor.nowMs + TURN_AROUND_MS);
}

/** Has health look at the server again, at once: live traffic says that something is wrong there. Counts as no failure. */
export function askForRecheck(worker: DataplaneWorker, server: ServerEntity): void {
  const { i32, int } = server.cells;
  if (i32[int + T.S_OBSERVE_RECHECK] === 0) return;
  if (Atomics.exchange(i32, int + T.S_RECHECK_WANTED, 1) === 0) worker.wakeHealth();
}

/** Live traffic tells health about refused connections (`observe layer4`). */
function observeFailure(session: Session, server: ServerEntity): void {
  askForRecheck(session.worker, server);
  const { i32, int } = server.cells;
  const limit = i32[int + T.S_ERROR_LIMIT];
  if (limit <= 0) return;
  if (Atomics.add(i32, int + T.S_OBSERVED_ERRORS, 1) + 1 < limit) return;
  Atomics.store(i32, int + T.S_OBSERVED_LIMIT, 1);
  session.worker.wakeHealth();
}

function dropServerSocket(session: Session): void {
  if (session.serverFd < 0) return;
  if (session.http !== null) abandonConnection(session);
  session.worker.reactor.closeLater(session.serverFd);
  session.serverFd = -1;
}

/** Gives the slot back and lets the next in line have it. */
export function releaseServer(session: Session): void {
  const server = session.server;
  if (server === null || !session.holdsSlot) return;
  session.holdsSlot = false;
  session.server = null;
  server.sessions.remove(session);
  server.backend.balancer.releaseSlot(server.index);
  session.worker.slotFreed(server);
}
