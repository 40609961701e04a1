/**
 * The role thread on a virtual clock: databases that answer, freeze, die and are promoted; the health counter as the
 * health thread keeps it. What is promised is measured here to the millisecond.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RoleRunner } from '../../src/checks/role-runner.js';
import { CheckStatus } from '../../src/core/check-status.js';
import type { ClaimsMemory } from '../../src/core/role/arbiter.js';
import type { RoleReports, RoleResult, RoleServer } from '../../src/core/role/messages.js';
import type { CheckStatusCode, RoleReport } from '../../src/core/role/report.js';
import type { HeldSession } from '../../src/core/role/session.js';
import { loginRefused } from '../../src/core/role/verdict.js';
import * as T from '../../src/core/table.js';

const INTERVAL_MS = 200;
const RISE = 2;
const FALL = 3;
const ANSWER_MS = 2;

/** A database on the virtual network. */
interface Database {
  state: 'answers' | 'frozen' | 'dead' | 'denies';
  role: 'primary' | 'replica';
  timeline: number;
  /** Lost on the way: that many questions from now on. */
  lost: number;
}

class World {
  nowMs = 0;
  readonly databases: Database[] = [];
  readonly rows: T.Row[] = [];
  readonly sent: RoleReports[] = [];
  /** `1 down` at 12: what health made of the results. */
  readonly story: { atMs: number; server: number; up: boolean; text: string }[] = [];
  private readonly events: { atMs: number; run: () => void }[] = [];
  private readonly broken: (() => void)[][] = [];
  private wakeMs = Number.POSITIVE_INFINITY;
  checks = 0;
  /** Checks of each server. */
  readonly asked: number[] = [];
  claims: readonly ClaimsMemory[] = [];
  private readonly segment: T.Segment;
  private revision = 0;
  readonly runner: RoleRunner;

  constructor(
    count: number,
    readonly want: 'primary' | 'any' = 'primary',
    claims: readonly ClaimsMemory[] = [],
    /** Of the last server, which is at the address of the first one. */
    private readonly wrongPassword: string | null = null,
  ) {
    const segment = T.createSegment(0, count, 1);
    for (let i = 0; i < count; i++) this.addServer(segment, i);
    if (wrongPassword !== null) this.rows[count - 1].set(T.S_ADDR_PORT, 1);
    this.runner = new RoleRunner({
      open: (_check, { port }, password, { broken }) => this.session(port - 1, broken, password === null),
      nowMs: () => this.nowMs,
      wakeAt: (ms) => {
        this.wakeMs = Math.min(this.wakeMs, ms);
      },
      send: (reports) => this.take(reports),
      keep: (claims) => {
        this.claims = claims;
      },
    });
    this.segment = segment;
    this.apply(claims);
  }

  /** Puts a configuration into force, at a start or by a reload. */
  apply(claims: readonly ClaimsMemory[] = [], want = this.want): void {
    const servers = this.servers(this.rows.length, want);
    this.runner.apply({ revision: ++this.revision, segments: [this.segment], servers, wakeHealth: -1, claims });
  }

  private addServer(segment: T.Segment, i: number): void {
    const row = new T.Row(segment, i);
    row.set(T.S_ADDR_FAMILY, 2);
    row.set(T.S_ADDR_WORDS, 0x0100007f);
    row.set(T.S_ADDR_PORT, i + 1);
    row.set(T.S_RISE, RISE);
    row.set(T.S_FALL, FALL);
    row.set(T.S_HEALTH, RISE - 1);
    row.set(T.S_CHECK_STATE, 6);
    this.rows.push(row);
    this.broken.push([]);
    const isPrimary = i % 2 === 0;
    this.databases.push({ state: 'answers', role: isPrimary ? 'primary' : 'replica', timeline: 1, lost: 0 });
  }

  private servers(count: number, want: 'primary' | 'any'): RoleServer[] {
    return Array.from({ length: count }, (_, i) => ({
      key: String(i),
      proxy: `b${Math.floor(i / 2)}`,
      server: `s${i + 1}`,
      row: { segment: 0, index: i },
      check: { kind: 'postgres', want },
      password: i === count - 1 ? this.wrongPassword : null,
      socketPath: undefined,
      host: undefined,
      port: 0,
      intervalMs: INTERVAL_MS,
      downIntervalMs: INTERVAL_MS,
      rise: RISE,
      fall: FALL,
    }));
  }

  // ── The network ───────────────────────────────────────────────────────────────────────────────────────────────────

  private session(i: number, broken: () => void, isWelcome = true): HeldSession {
    this.broken[i].push(broken);
    let isClosed = false;
    return {
      check: (done, limitMs = INTERVAL_MS) => {
        this.checks++;
        this.asked[i] = (this.asked[i] ?? 0) + 1;
        const startedMs = this.nowMs;
        const end = (report: Omit<RoleReport, 'durationMs'>) => {
          if (!isClosed) done({ ...report, durationMs: this.nowMs - startedMs });
        };
        const database = this.databases[i];
        const isLost = database.state === 'frozen' || database.lost-- > 0;
        if (isLost) this.at(limitMs, () => end(failure(CheckStatus.L7TOUT)));
        else if (database.state === 'dead') this.at(0.1, () => end(failure(CheckStatus.L4CON)));
        else if (!isWelcome || database.state === 'denies') this.at(ANSWER_MS, () => end(loginRefused('denied')));
        else this.at(ANSWER_MS, () => end(answer(database)));
      },
      renew: () => undefined,
      close: () => {
        isClosed = true;
      },
    };
  }

  /** The process dies: its sessions break, and nobody listens any more. */
  kill(i: number): void {
    this.databases[i].state = 'dead';
    for (const tell of this.broken[i].splice(0)) this.at(0.1, tell);
  }

  at(inMs: number, run: () => void): void {
    this.events.push({ atMs: this.nowMs + inMs, run });
  }

  // ── Health, as core/health counts ─────────────────────────────────────────────────────────────────────────────────

  private take(reports: RoleReports): void {
    this.sent.push(reports);
    for (const result of reports.results) this.count(Number(result.key), result);
    for (let i = 0; i + 1 < this.rows.length && this.want === 'primary'; i += 2)
      assert.ok(!(this.isUp(i) && this.isUp(i + 1)), 'two primaries of one backend are used');
  }

  private count(i: number, { status, isCertain, text }: RoleResult): void {
    const row = this.rows[i];
    const before = row.get(T.S_HEALTH);
    const isPass = status === CheckStatus.L7OK;
    const counted = isCertain && !isPass ? Math.min(before, RISE) : before;
    const failed = counted > RISE ? counted - 1 : 0;
    const passed = counted + 1 >= RISE ? RISE + FALL - 1 : counted + 1;
    const health = isPass ? passed : failed;
    row.set(T.S_HEALTH, health);
    const up = health >= RISE;
    if (up !== this.isUp(i)) this.story.push({ atMs: this.nowMs, server: i, up, text });
    row.set(T.S_STATE, up ? T.STATE_RUNNING : T.STATE_STOPPED);
  }

  isUp(i: number): boolean {
    return this.rows[i].get(T.S_STATE) === T.STATE_RUNNING;
  }

  // ── Time ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Lets the time pass; microtasks between the events, as in the loop. */
  async run(forMs: number): Promise<void> {
    const endMs = this.nowMs + forMs;
    for (;;) {
      this.events.sort((a, b) => a.atMs - b.atMs);
      const nextMs = Math.min(this.events[0]?.atMs ?? Number.POSITIVE_INFINITY, this.wakeMs);
      if (nextMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      if (this.wakeMs <= this.nowMs) {
        this.wakeMs = Number.POSITIVE_INFINITY;
        this.runner.turn();
      } else this.events.shift()!.run();
      await Promise.resolve();
    }
    this.nowMs = endMs;
  }

  /** How long after `sinceMs` the server changed. */
  after(sinceMs: number, server: number, up: boolean): number {
    const found = this.story.find((event) => event.atMs >= sinceMs && event.server === server && event.up === up);
    return (found?.atMs ?? Number.NaN) - sinceMs;
  }
}

function answer({ role, timeline }: Database): Omit<RoleReport, 'durationMs'> {
  const claim = { kind: 'postgres' as const, systemId: '7', timeline, lsn: '0/0' };
  const base = { role, claim, lagMs: null, lagBytes: null };
  return {
    ...base,
    status: CheckStatus.L7OK,
    text: `${role}, timeline ${timeline}`,
    isDefinite: false,
    isLoginRefused: false,
  };
}

function failure(status: CheckStatusCode): Omit<RoleReport, 'durationMs'> {
  const none = { claim: null, lagMs: null, lagBytes: null, isDefinite: false, isLoginRefused: false };
  return { status, role: 'unknown', text: 'x', ...none };
}

test('the primary is up a few answers after the start, the standby never', async () => {
  const world = new World(2);
  await world.run(50);
  assert.equal(world.isUp(0), true);
  assert.equal(world.isUp(1), false);
  assert.ok(world.after(0, 0, true) <= 20, `${world.after(0, 0, true)} ms`);
});

test('a killed primary is down within milliseconds, whenever it dies', async () => {
  for (let phaseMs = 0; phaseMs < INTERVAL_MS; phaseMs += 7) {
    const world = new World(2);
    await world.run(1000 + phaseMs);
    const killedMs = world.nowMs;
    world.kill(0);
    await world.run(500);
    assert.ok(world.after(killedMs, 0, false) <= 25, `phase ${phaseMs}: ${world.after(killedMs, 0, false)} ms`);
  }
});

test('a silent primary is down within three intervals and 100 ms, whenever it freezes', async () => {
  for (let phaseMs = 0; phaseMs < INTERVAL_MS; phaseMs += 7) {
    const world = new World(2);
    await world.run(1000 + phaseMs);
    const frozenMs = world.nowMs;
    world.databases[0].state = 'frozen';
    await world.run(1000);
    const tookMs = world.after(frozenMs, 0, false);
    assert.ok(tookMs <= 3 * INTERVAL_MS + 100 && tookMs > INTERVAL_MS, `phase ${phaseMs}: ${tookMs} ms`);
  }
});

test('one or two lost packets take nobody down', async () => {
  for (const lost of [1, 2]) {
    const world = new World(2);
    await world.run(1000);
    world.databases[0].lost = lost;
    await world.run(3000);
    assert.deepEqual(
      world.story.map(({ up }) => up),
      [true],
    );
  }
});

test('a promotion is used within 250 ms, whenever it happens; the old primary is down before', async () => {
  for (let phaseMs = 0; phaseMs < INTERVAL_MS; phaseMs += 7) {
    const world = new World(2);
    await world.run(1000 + phaseMs);
    const promotedMs = world.nowMs;
    Object.assign(world.databases[1], { role: 'primary', timeline: 2 });
    await world.run(500);
    assert.ok(world.after(promotedMs, 1, true) <= 250, `phase ${phaseMs}: ${world.after(promotedMs, 1, true)} ms`);
    assert.ok(world.after(promotedMs, 0, false) <= world.after(promotedMs, 1, true));
  }
});

test('after a death, whoever is promoted is found within 50 ms', async () => {
  for (let phaseMs = 0; phaseMs < INTERVAL_MS; phaseMs += 7) {
    const world = new World(2);
    await world.run(1000);
    world.kill(0);
    await world.run(1000 + phaseMs);
    const promotedMs = world.nowMs;
    Object.assign(world.databases[1], { role: 'primary', timeline: 2 });
    await world.run(500);
    assert.ok(world.after(promotedMs, 1, true) <= 50, `phase ${phaseMs}: ${world.after(promotedMs, 1, true)} ms`);
  }
});

test('the search for a new primary ends after a minute', async () => {
  const world = new World(2);
  await world.run(1000);
  world.kill(0);
  await world.run(70_000);
  const before = world.checks;
  await world.run(10_000);
  assert.ok(world.checks - before <= 2 * (10_000 / INTERVAL_MS) * 1.1, `${world.checks - before} checks`);
});

test('a second session with a wrong password asks no faster, and takes no claim away', async () => {
  const world = new World(3, 'primary', [], 'wrong');
  await world.run(1000);
  const before = world.checks;
  await world.run(10_000);
  assert.ok(world.checks - before <= 3 * (10_000 / INTERVAL_MS) * 1.1, `${world.checks - before} checks`);
  assert.deepEqual(
    world.story.map(({ server, up }) => `${server} ${up ? 'up' : 'down'}`),
    ['0 up'],
  );
});

test('a login that is refused is seen at once, then tried ever more rarely, and not for traffic or a search', async () => {
  const world = new World(2);
  await world.run(1000);
  const deniedMs = world.nowMs;
  world.databases[0].state = 'denies';
  await world.run(500);
  assert.ok(world.after(deniedMs, 0, false) <= INTERVAL_MS + 25, `${world.after(deniedMs, 0, false)} ms`);
  world.kill(1); // the other asks every interval, and this one no more often for it
  await world.run(6500);
  const checksOf = async (forMs: number) => {
    const before = world.asked[0];
    await world.run(forMs);
    return world.asked[0] - before;
  };
  assert.ok((await checksOf(60_000)) <= 12);
  world.runner.nudge('0', true);
  assert.ok((await checksOf(1000)) <= 1, 'refused traffic is no reason');
});

test('a refused login is tried again at once after a notification or a reload, and soon when it was put right', async () => {
  const world = new World(2);
  world.databases[0].state = 'denies';
  await world.run(20_000);
  for (const ask of [() => world.runner.nudge('0'), () => world.apply(), () => world.runner.settle('b0', null)]) {
    const before = world.asked[0];
    ask();
    await world.run(50);
    assert.ok(world.asked[0] > before, String(ask));
    await world.run(20_000);
  }
  world.databases[0].state = 'answers';
  const rightMs = world.nowMs;
  await world.run(6000);
  assert.ok(world.after(rightMs, 0, true) <= 5000 + 25, `${world.after(rightMs, 0, true)} ms`);
  const before = world.asked[0];
  await world.run(2000);
  assert.ok(world.asked[0] - before >= 9, 'and as often as before');
});

test('a stale primary that thaws is never up', async () => {
  const world = new World(2);
  await world.run(1000);
  world.databases[0].state = 'frozen';
  await world.run(1000);
  Object.assign(world.databases[1], { role: 'primary', timeline: 2 });
  await world.run(1000);
  world.databases[0].state = 'answers';
  await world.run(5000);
  world.kill(1);
  await world.run(5000);
  assert.deepEqual(
    world.story.map(({ server, up }) => `${server} ${up ? 'up' : 'down'}`),
    ['0 up', '0 down', '1 up', '1 down'],
  );
  assert.match(
    world.sent.flatMap(({ alarms }) => alarms.map(({ text }) => text)).join('\n'),
    /kept out: stale primary: timeline 1, s2 had timeline 2/,
  );
});

// The third server is at the address of the first, and its own password is wrong.
test('a stale primary that cannot be asked says why it cannot', async () => {
  const world = new World(3, 'primary', [], 'wrong');
  const lastOf = (key: string) =>
    world.sent
      .flatMap(({ results }) => results)
      .filter((result) => result.key === key)
      .at(-1)?.text;
  await world.run(1000);
  Object.assign(world.databases[1], { role: 'primary', timeline: 2 });
  await world.run(8000);
  assert.equal(lastOf('0'), 'stale primary: timeline 1, s2 has timeline 2');
  assert.equal(lastOf('2'), 'stale primary: timeline 1, s2 has timeline 2; its last check: denied');
  world.databases[0].state = 'frozen';
  await world.run(500);
  assert.equal(lastOf('0'), 'stale primary: timeline 1, s2 has timeline 2; its last check: x');
});

test('flapping answers cost no more than rise and fall checks in a row', async () => {
  const world = new World(2);
  await world.run(1000);
  const flap = () => {
    world.databases[1].role = world.databases[1].role === 'primary' ? 'replica' : 'primary';
    world.at(1, flap);
  };
  flap();
  const before = world.checks;
  await world.run(10_000);
  assert.ok(world.checks - before <= (10_000 / INTERVAL_MS) * 2 * (RISE + FALL + 1), `${world.checks - before} checks`);
});

test('a thousand servers in good order: five checks each second, and a few messages', async () => {
  const world = new World(1000);
  await world.run(3000);
  const [checks, messages] = [world.checks, world.sent.length];
  await world.run(2000);
  assert.ok(Math.abs(world.checks - checks - 10_000) < 1000, `${world.checks - checks} checks`);
  assert.ok(world.sent.length - messages <= 50, `${world.sent.length - messages} messages`);
});

test('where either role will do, two primaries are both used', async () => {
  const world = new World(2, 'any');
  world.databases[1].role = 'primary';
  await world.run(500);
  assert.deepEqual([world.isUp(0), world.isUp(1)], [true, true]);
});

test('a successor knows what its predecessor knew: the stale primary stays out though the new one is down', async () => {
  const world = new World(2);
  await world.run(1000);
  Object.assign(world.databases[1], { role: 'primary', timeline: 2 });
  await world.run(3000);
  const claims = JSON.parse(JSON.stringify(world.claims));
  for (const [known, expected] of [
    [claims, false],
    [[], true],
  ] as const) {
    const next = new World(2, 'primary', known);
    next.databases[1].state = 'dead';
    await next.run(3000);
    assert.equal(next.isUp(0), expected);
  }
});

test('a storm of nudges makes checks sooner, and never keeps them from being made', async () => {
  for (const gapMs of [1, 5, 15])
    for (const state of ['dead', 'frozen'] as const) {
      const world = new World(2);
      await world.run(1000);
      const storm = () => {
        world.runner.nudge('0', true);
        world.at(gapMs, storm);
      };
      storm();
      await world.run(1000);
      const [goneMs, before] = [world.nowMs, world.checks];
      world.databases[0].state = state;
      await world.run(2000);
      const tookMs = world.after(goneMs, 0, false);
      assert.ok(tookMs <= 3 * INTERVAL_MS + 100, `${state}, a nudge each ${gapMs} ms: down after ${tookMs} ms`);
      assert.ok(world.checks - before < 250, `${state}: ${world.checks - before} checks in 2 s`);
    }
});

test('a hundred notifications at once cause a check at once, and the next one is not put off', async () => {
  const world = new World(2);
  await world.run(1050);
  Object.assign(world.databases[1], { role: 'primary', timeline: 2 });
  const promotedMs = world.nowMs;
  for (let i = 0; i < 100; i++) world.runner.nudge('1');
  await world.run(3000);
  assert.ok(world.after(promotedMs, 1, true) <= 30, `${world.after(promotedMs, 1, true)} ms`);
});

test('a server that is kept out comes in by a reload that asks for either role', async () => {
  const world = new World(2);
  world.databases[1].role = 'primary';
  await world.run(1000);
  assert.deepEqual([world.isUp(0), world.isUp(1)], [false, false]);
  Object.assign(world, { want: 'any' });
  world.apply();
  await world.run(1000);
  assert.deepEqual([world.isUp(0), world.isUp(1)], [true, true]);
});

// Who had it in maintenance, and who ended that: a name, an operator, its agent (docs/claims.md, When it ends)
for (const [name, admin, isAgentsMaint, isAgentsReady, expected] of [
  ['its name resolves again', T.ADMIN_RMAINT, false, false, false],
  ['an operator had it in maintenance', T.ADMIN_FMAINT, false, false, true],
  ['its agent said maint, then ready', T.ADMIN_FMAINT, true, true, false],
  ['its agent ended the operator’s maintenance', T.ADMIN_FMAINT, false, true, false],
  ['an operator ended its agent’s maintenance', T.ADMIN_FMAINT, true, false, false],
] as const)
  test(`a stale primary comes in or stays out: ${name}`, async () => {
    const world = new World(2);
    await world.run(1000);
    world.databases[0].state = 'frozen';
    Object.assign(world.databases[1], { role: 'primary', timeline: 2 });
    await world.run(2000);
    world.kill(1);
    const [row] = world.rows;
    row.set(T.S_AGENTS_WORD, Number(isAgentsMaint));
    row.set(T.S_ADMIN, admin);
    row.set(T.S_CHECK_STATE, 6 | 8);
    await world.run(1000);
    row.set(T.S_AGENTS_WORD, Number(isAgentsReady));
    row.set(T.S_ADMIN, 0);
    row.set(T.S_CHECK_STATE, 6);
    world.databases[0].state = 'answers';
    await world.run(2000);
    assert.equal(world.isUp(0), expected);
  });
