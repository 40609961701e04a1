/**
 * The shared table: state of proxies, listeners and servers in memory that every thread maps.
 *
 * A Row is one entity. It has 64 Int32 cells (limits, health, addresses; written with Atomics) and, per data-plane
 * worker, 64 Float64 cells of counters that only that worker writes and that readers sum. Rows live in segments, one
 * SharedArrayBuffer for each configuration that was applied: a row that survives a reload stays where it is, so its
 * figures stay, and new rows come in the new segment. Who may write what:
 *   health cells (S_*)     the health thread alone
 *   limits and gauges      any thread, Atomics.add
 *   counters (C_*)         the owning worker alone
 *
 *   segment: [ int32 cells: rows × 64 × 4 bytes ][ float64 cells: rows × workers × 64 × 8 bytes ]
 */

const INT_CELLS = 64;
export const COUNTER_CELLS = 64;

/** Where a row is; plain data, crosses threads. */
export interface RowRef {
  readonly segment: number;
  readonly index: number;
}

/** A segment as it crosses threads. */
export interface Segment {
  readonly id: number;
  readonly rows: number;
  readonly workers: number;
  readonly memory: SharedArrayBuffer;
}

/** One entity's cells. `i32[int + CELL]` and `f64[counters + worker * COUNTER_CELLS + CELL]`. */
export class Row {
  readonly i32: Int32Array;
  readonly int: number;
  readonly f64: Float64Array;
  readonly counters: number;
  readonly workers: number;

  constructor(segment: Segment, index: number) {
    const intBytes = segment.rows * INT_CELLS * 4;
    this.i32 = new Int32Array(segment.memory, 0, segment.rows * INT_CELLS);
    this.f64 = new Float64Array(segment.memory, intBytes);
    this.int = index * INT_CELLS;
    this.workers = segment.workers;
    this.counters = index * segment.workers * COUNTER_CELLS;
  }

  get(cell: number): number {
    return Atomics.load(this.i32, this.int + cell);
  }

  set(cell: number, value: number): void {
    Atomics.store(this.i32, this.int + cell, value);
  }

  /** `set` where the value is mostly there already: a look costs a small part of a store, which waits for other cores. */
  update(cell: number, value: number): void {
    if (this.i32[this.int + cell] !== value) Atomics.store(this.i32, this.int + cell, value);
  }

  /** @returns the value before */
  add(cell: number, delta: number): number {
    return Atomics.add(this.i32, this.int + cell, delta);
  }

  /** A counter summed over the workers. */
  sum(cell: number): number {
    let total = 0;
    for (let w = 0; w < this.workers; w++) total += this.f64[this.counters + w * COUNTER_CELLS + cell];
    return total;
  }

  /** The largest of a counter over the workers, for `*_max` cells. */
  max(cell: number): number {
    let most = 0;
    for (let w = 0; w < this.workers; w++) most = Math.max(most, this.f64[this.counters + w * COUNTER_CELLS + cell]);
    return most;
  }

  /** Sets one counter of every worker; `clear counters` (a worker counting at this moment may lose one event). */
  fill(cell: number, value: number): void {
    for (let w = 0; w < this.workers; w++) this.f64[this.counters + w * COUNTER_CELLS + cell] = value;
  }
}

/** @returns an empty segment with room for `rows` rows of `workers` workers */
export function createSegment(id: number, rows: number, workers: number): Segment {
  const n = Math.max(1, rows);
  const bytes = n * INT_CELLS * 4 + n * workers * COUNTER_CELLS * 8;
  return { id, rows: n, workers, memory: new SharedArrayBuffer(bytes) };
}

/** Row keys: how threads name entities. The reader has made sure that names are unique per side. */
export const rowKey = {
  process: () => 'process',
  frontend: (proxy: string) => `f:${proxy}`,
  backend: (proxy: string) => `b:${proxy}`,
  listener: (proxy: string, bind: string) => `l:${proxy}/${bind}`,
  server: (proxy: string, server: string) => `s:${proxy}/${server}`,
} as const;

// ── Int32 cells of every kind of row ──────────────────────────────────────────────────────────────────────────────
/** Sessions now (frontend, listener, backend) or connections now (server: those that hold a slot). */
export const I_CUR_SESS = 0;
export const I_MAX_SESS = 1;
/** maxconn in force (0 = none). `set maxconn …` writes it. */
export const I_MAXCONN = 2;
/** Waiting in this server's or backend's own queue. A backend's own queue excludes its servers'. */
export const I_QUEUE = 3;
export const I_MAX_QUEUE = 4;
/** Epoch seconds of the last `clear counters` that touched the row. */
export const I_CLEARED_AT = 5;
/** Sessions per second: highest seen. */
export const I_RATE_MAX = 6;
export const I_CONN_RATE_MAX = 7;
/** Frontend: 0 stopped, 1 running (OPEN), 2 full, 3 disabled by the operator (`disable frontend`: STOP/PAUSED). */
export const I_STATE = 8;
/** Frontend: rate limit in sessions/s (0 none). Process row: maxconnrate. */
export const I_RATE_LIMIT = 9;
/** Process row: maxsessrate. */
export const I_SESS_RATE_LIMIT = 11;
/** Frontend, process: workers whose listeners wait for a session to end because a limit was reached. */
export const I_WAITERS = 10;

/** Frontend rows, mode http: most requests in a second. */
export const F_REQ_RATE_MAX = 12;

// ── Backend rows: balancing, shared by the workers ────────────────────────────────────────────────────────────────
/** Raised by the health thread whenever usable set or weights of the backend changed: workers rebuild their maps. */
export const B_GENERATION = 12;
/** Position in the round-robin sequence, Atomics.add by whoever picks. */
export const B_RR_POS = 13;
/** Order stamps for leastconn ties, see core/balance. */
export const B_STAMP = 14;
/** Usable servers now, by kind; written by the health thread. */
export const B_ACTIVE = 15;
export const B_BACKUP = 16;
/** Total effective weight, in the user's scale. */
export const B_WEIGHT = 17;
/** Backend UP (1) or DOWN (0), epoch seconds of the last change, seconds of downtime, count of going down. */
export const B_UP = 18;
export const B_LAST_CHANGE = 19;
export const B_DOWNTIME = 20;
export const B_DOWN_TRANS = 21;
/**
 * `balance single`: S_TOKEN of the server that has all the traffic, 0 while none is chosen. The health thread alone
 * writes it, so all workers agree at every moment.
 */
export const B_CHOSEN = 22;

// ── Server rows ───────────────────────────────────────────────────────────────────────────────────────────────────
/** Operational state as in `show servers state`: 0 stopped, 1 starting, 2 running, 3 stopping (404 drain). */
export const S_STATE = 12;
export const STATE_STOPPED = 0;
export const STATE_STARTING = 1;
export const STATE_RUNNING = 2;
export const STATE_STOPPING = 3;
/** Administrative flags as in `show servers state` (management guide). */
export const S_ADMIN = 13;
export const ADMIN_FMAINT = 0x01; // forced maintenance, by the operator
export const ADMIN_IMAINT = 0x02; // inherited from a tracked server
export const ADMIN_CMAINT = 0x04; // `disabled` in the configuration
export const ADMIN_FDRAIN = 0x08; // forced drain, by the operator
export const ADMIN_IDRAIN = 0x10; // inherited from a tracked server
export const ADMIN_RMAINT = 0x20; // name does not resolve
// 0x40 is HAProxy's HMAINT (name set at run time); it is not used here.
/** What keeps traffic away. ADMIN_CMAINT only says where the server started, ADMIN_HMAINT where its name came from. */
export const ADMIN_MAINT = 0x23;
export const ADMIN_DRAIN = 0x18;
/** User weight now and initial weight, 0..256. */
export const S_UWEIGHT = 14;
export const S_IWEIGHT = 15;
/** Effective weight × 16 (so that slowstart has steps); 0 = gets no new traffic (down, maint, drain, weight 0). */
export const S_EWEIGHT = 16;
/** Health counter 0..rise+fall-1, rise, fall (`show servers state`). */
export const S_HEALTH = 17;
export const S_RISE = 18;
export const S_FALL = 19;
/** Check result: 0 unknown, 1 neutral, 2 failed, 3 passed, 4 conditional pass. */
export const S_CHECK_RESULT = 20;
/** Check flags of `show servers state`: 1 in progress, 2 configured, 4 enabled, 8 paused. */
export const S_CHECK_STATE = 21;
/** Index into checks/status.ts (L4OK, L7STS …), the layer 7 code, the duration in ms (-1 none). */
export const S_CHECK_STATUS = 22;
export const S_CHECK_CODE = 23;
export const S_CHECK_DURATION = 24;
/** Failed checks while up, transitions to down, epoch seconds of last change, seconds of downtime up to then. */
export const S_CHECK_FAILS = 25;
export const S_DOWN_TRANS = 26;
export const S_LAST_CHANGE = 27;
export const S_DOWNTIME = 28;
/** Raised when the sessions of the server must be shut (on-marked-down, `shutdown sessions server`). */
export const S_SHUTDOWN_EPOCH = 29;
/** Order stamp, see B_STAMP. */
export const S_STAMP = 30;
/** Address in force, written by the main thread under a sequence lock: odd S_ADDR_SEQ = being written. */
export const S_ADDR_SEQ = 31;
/** 0 not resolved, 2 AF_INET, 10 AF_INET6, 1 AF_UNIX (path in the model). */
export const S_ADDR_FAMILY = 32;
/** Host byte order; 0 with portMode same. */
export const S_ADDR_PORT = 33;
/** Network byte order words: one for IPv4, four for IPv6. */
export const S_ADDR_WORDS = 34; // .. 37
/** Live-traffic observation: errors in a row (workers), and a flag that error-limit was reached (health clears). */
export const S_OBSERVED_ERRORS = 38;
export const S_OBSERVED_LIMIT = 39;
/** error-limit in force, 0 = not observed. */
export const S_ERROR_LIMIT = 40;
/** minconn (0 none) and maxqueue (0 none) of the server. */
export const S_MINCONN = 41;
export const S_MAXQUEUE = 42;
/** 1 when the server is a backup. */
export const S_IS_BACKUP = 43;
/** Epoch seconds of the last session given to it, -1 never. */
export const S_LAST_SESS = 44;
/** Check port in force (0 = the server's). */
export const S_CHECK_PORT = 45;
/** Raised by main (runtime command) to tell health that it changed the row's address. */
export const S_ADDR_CHANGES = 46;
/** Why S_SHUTDOWN_EPOCH was raised, set before it: termination code D (marked down), K (operator), U (backup let go). */
export const S_SHUTDOWN_REASON = 47;
/** When it was raised: the low 32 bits of the epoch in ms. */
export const S_SHUTDOWN_AT = 61;
export const SHUTDOWN_DOWN = 0;
export const SHUTDOWN_KILLED = 1;
export const SHUTDOWN_BACKUP = 2;
/** Times that live traffic reached the error limit (`observe`). */
export const S_OBSERVED_FAILS = 48;
/** Epoch second until which flap damping holds it down, 0 = it does not. */
export const S_HELD_UNTIL = 55;
/** When the last check of its role ended: epoch ms, the low 31 bits. The role thread alone writes it. */
export const S_CHECKED_AT = 54;
/** What B_CHOSEN calls the server: unique in the process and kept for the life of the row, unlike ids and places. */
export const S_TOKEN = 49;
/** 1 while the server serves only when nobody else is fit: the primary among readers (`primary-as-fallback`). */
export const S_IS_FALLBACK = 50;
/** 1 where workers tell health of each connection that failed or was reset: it is checked again at once. */
export const S_OBSERVE_RECHECK = 51;
/** Raised by a worker with S_OBSERVE_RECHECK; cleared by health. */
export const S_RECHECK_WANTED = 52;
/** Idle connections kept for reuse now, and those of them that any session may take (http-reuse). */
export const S_IDLE_CONNS = 53;
export const S_SAFE_IDLE_CONNS = 62;
/** 1 while the administrative state is as an agent said, 0 where an operator, or the configuration, decided it. */
export const S_AGENTS_WORD = 63;
/** Agent checks: flags as S_CHECK_STATE plus 16 (`show servers state`), health 0..1, CheckStatus, duration, port. */
export const S_AGENT_STATE = 56;
export const S_AGENT_HEALTH = 57;
export const S_AGENT_STATUS = 58;
export const S_AGENT_DURATION = 59;
export const S_AGENT_PORT = 60;

// ── Process row ───────────────────────────────────────────────────────────────────────────────────────────────────
/** 0 running, 1 stopping (SIGUSR1: no new connections). */
export const P_STOPPING = 12;

// ── Float64 counters, per worker ──────────────────────────────────────────────────────────────────────────────────
/** Sessions (frontend, listener, backend, server) in total; for the process row: connections accepted. */
export const C_SESSIONS = 0;
export const C_CONNECTIONS = 1;
export const C_BYTES_IN = 2;
export const C_BYTES_OUT = 3;
export const C_DENIED_REQ = 4;
export const C_DENIED_RESP = 5;
export const C_DENIED_CONN = 6;
export const C_DENIED_SESS = 7;
export const C_ERR_REQ = 8;
export const C_ERR_CON = 9;
export const C_ERR_RESP = 10;
export const C_RETRIES = 11;
export const C_REDISPATCHES = 12;
export const C_CLI_ABORT = 13;
export const C_SRV_ABORT = 14;
export const C_LB_TOTAL = 15;
/** Frequency counter: the second it counts, events in it, events in the one before. Sessions, then connections. */
export const C_RATE_SECOND = 16;
export const C_RATE_NOW = 17;
export const C_RATE_BEFORE = 18;
export const C_CRATE_SECOND = 19;
export const C_CRATE_NOW = 20;
export const C_CRATE_BEFORE = 21;
/**
 * Queue, connect, response and total time, ms: sums that decay over TIME_WINDOW sessions. The average is the sum
 * divided by the smaller of TIME_WINDOW and the count of sessions.
 */
export const TIME_WINDOW = 1024;
export const C_QTIME = 22;
export const C_CTIME = 23;
export const C_RTIME = 24;
export const C_TTIME = 25;
export const C_QTIME_MAX = 26;
export const C_CTIME_MAX = 27;
export const C_RTIME_MAX = 28;
export const C_TTIME_MAX = 29;
export const C_CONNECTS = 30;
export const C_REUSED = 31;
/** Process row: logs dropped, spliced bytes, epoll waits, microseconds asleep in epoll_wait. */
export const C_DROPPED_LOGS = 32;
export const C_SPLICED_BYTES = 33;
export const C_LOOPS = 34;
export const C_IDLE_US = 35;
/** Process row: connections refused because a limit or the descriptors were exhausted. */
export const C_ACCEPT_REFUSED = 36;
/** Bytes refused by the PROXY-protocol parser, frontends. */
export const C_BAD_PROXY_HEADER = 37;
/**
 * Process row: sessions that ended because of their server; the longest time, ms, from the decision until no server of
 * such sessions was connected any more, and until their clients had seen the end.
 */
export const C_SHUT_SESSIONS = 38;
export const C_SHUT_SERVERS_MS = 39;
export const C_SHUT_CLIENTS_MS = 40;
/** Mode http: responses by status, C_HRSP_1XX .. C_HRSP_1XX + 5 (1xx, 2xx, 3xx, 4xx, 5xx, other); all sides. */
export const C_HRSP_1XX = 41; // .. 46
/** Requests in total (frontend, backend, server); of frontends, those that the proxy answered itself. */
export const C_HTTP_REQUESTS = 47;
export const C_INTERCEPTED = 48;
/** Frequency counter of requests, frontends; cells as C_RATE_SECOND. */
export const C_REQ_RATE_SECOND = 49;
export const C_REQ_RATE_NOW = 50;
export const C_REQ_RATE_BEFORE = 51;
/** Header rewrites that failed, and errors of our own (`eint`). */
export const C_FAILED_REWRITES = 52;
export const C_INTERNAL_ERRORS = 53;
/** Process row: when the loop's last turn began, µs of the worker's own clock; what is not idle up to then was work. */
export const C_TURNED_US = 54;
