/**
 * Golden stories: a script of what happens to a farm, a line `--- story`, and what `explain` and `events` then print.
 * `UPDATE=1 node --test …` writes what is found now; read the difference before you commit it. The script's words:
 *   backend NAME SERVER… [key=value…]       servers (SERVER+ is a backup) with fall 3, rise 2, a check each 200 ms; options for all of them
 *   check BE/SRV STATUS TEXT [role=R] [times=N]   so many checks of 3 ms, each 200 ms after the last
 *   wait TIME · sessions BE/SRV N · hint BE/SRV KIND TEXT · maint|drain|ready|unresolve|resolve|undamp|fallback BE/SRV [who]
 *   claim BE/SRV LEVEL TEXT · explain BE/SRV · events
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Server } from '../../../src/config/model.js';
import { parseDuration } from '../../../src/config/units.js';
import { CheckStatus } from '../../../src/core/check-status.js';
import type { Trigger } from '../../../src/core/events/event.js';
import { History } from '../../../src/core/events/history.js';
import { eventText } from '../../../src/core/events/line.js';
import { PLAIN, story } from '../../../src/core/events/story.js';
import { conditionWord } from '../../../src/core/events/words.js';
import { serverNow } from '../../../src/core/health/detail.js';
import type { HealthEvent } from '../../../src/core/messages.js';
import * as T from '../../../src/core/table.js';
import { backend, START_S, server, World } from '../health-world.js';

const GOLDEN = fileURLToPath(new URL('../../../../test/core/events/golden/', import.meta.url));
const OFFSET_MS = START_S * 1000;
const CHECK_MS = 3;

function clock(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('T', ' ').replace('Z', '');
}

/** A farm whose events become history. */
class StoryWorld extends World {
  readonly history = new History();
  who: string | null = null;

  override log(event: HealthEvent): void {
    if (this.history === undefined) return; // a choice made while the world is built is no part of the story
    const by = event.detail?.cause.by;
    this.history.add(event, by === 'operator' || by === 'damping' ? this.who : null);
  }

  get epochMs(): number {
    return OFFSET_MS + this.nowMs;
  }

  checked(name: string, status: number, text: string, role: string | undefined): void {
    this.advance(200 - CHECK_MS);
    const s = this.server(name);
    this.machine.checkStarted(s);
    this.advance(CHECK_MS);
    this.machine.checkEnded(s, { status, code: 0, durationMs: CHECK_MS, text, role });
    this.machine.flush();
  }

  explain(name: string): string {
    const s = this.server(name);
    const now = serverNow(s, this.epochMs, this.nowMs);
    const [proxy, own] = name.split('/');
    const events = [...this.history.of(proxy, own), ...this.history.of(proxy, null)].sort((a, b) => a.seq - b.seq);
    const status = conditionWord(now.condition);
    const x = { proxy, server: own, address: '10.0.0.1:5432', atMs: this.epochMs, status, now, events };
    return story(x, clock);
  }

  told(): string {
    return this.history
      .list()
      .map((event) => `${eventText(event, 6, clock, PLAIN)}\n`)
      .join('');
  }
}

type Words = string[];

function build(lines: readonly Words[]): StoryWorld {
  const proxies = lines.map(([, name, ...rest]) => {
    const options = new Map(
      rest.filter((word) => word.includes('=')).map((word) => word.split('=') as [string, string]),
    );
    const settings: Partial<Server> = { interMs: 200, rise: 2, fall: 3, track: options.get('track') };
    if (options.get('shutdown') === 'yes') settings.onMarkedDown = 'shutdown-sessions';
    if (options.get('check') === 'no') settings.check = false;
    const servers = rest.filter((word) => !word.includes('='));
    const flapDamping = options.has('flaps')
      ? { flaps: Number(options.get('flaps')), windowMs: 60_000, holdMs: 5000, maxHoldMs: 60_000 }
      : undefined;
    return backend(
      name,
      // A name with '+' is a backup.
      servers.map((each) => server(each.replace('+', ''), { ...settings, backup: each.endsWith('+') })),
      { flapDamping, ...(options.get('balance') === 'single' ? { balance: { algorithm: 'single' } } : {}) },
    );
  });
  return new StoryWorld(proxies);
}

function run(world: StoryWorld, [word, name, ...rest]: Words): string {
  const words = rest.filter((each) => !/^(role|times)=/.test(each));
  const option = (key: string) => rest.find((each) => each.startsWith(`${key}=`))?.slice(key.length + 1);
  const s = name?.includes('/') ? world.server(name) : undefined;
  switch (word) {
    case 'explain':
      return `> explain ${name}\n${world.explain(name)}`;
    case 'events':
      return `> events\n${world.told()}`;
    case 'check': {
      const status = CheckStatus[words[0] as keyof typeof CheckStatus];
      for (let i = Number(option('times') ?? 1); i > 0; i--)
        world.checked(name, status, words.slice(1).join(' '), option('role'));
      return '';
    }
    case 'wait': {
      const parsed = parseDuration(name);
      assert.ok(parsed.ok);
      world.advance(parsed.value.ms);
      return '';
    }
    case 'sessions':
      s!.row.set(T.I_CUR_SESS, Number(words[0]));
      return '';
    case 'claim': {
      const [proxy, own] = name.split('/');
      const level = words[0] as HealthEvent['level'];
      const text = words.slice(1).join(' ');
      world.log({ type: 'health-event', proxy, server: own, atMs: world.epochMs, kind: 'claim', level, text });
      return '';
    }
    case 'hint':
      world.machine.hint(s!, words[0] as Trigger['kind'], words.slice(1).join(' '));
      return '';
    default:
      return order(world, word, name, words.join(' '));
  }
}

function order(world: StoryWorld, word: string, name: string, who: string): string {
  const s = world.server(name);
  world.who = who === '' ? null : who;
  if (word === 'maint' || word === 'drain' || word === 'ready') world.machine.setState(s, word);
  else if (word === 'resolve' || word === 'unresolve') world.machine.setResolved(s, word === 'resolve');
  else if (word === 'fallback') world.machine.setFallback(s, true);
  else if (word === 'undamp') world.machine.undamp(s);
  else assert.fail(`no such word: ${word}`);
  world.machine.flush();
  world.who = null;
  return '';
}

for (const name of readdirSync(GOLDEN).sort())
  test(`story: ${name}`, () => {
    const path = join(GOLDEN, name);
    const [script, expected = ''] = readFileSync(path, 'utf8').split('--- story\n');
    const lines = script
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(' '));
    const world = build(lines.filter(([word]) => word === 'backend'));
    const found = lines
      .filter(([word]) => word !== 'backend')
      .map((words) => run(world, words))
      .join('');
    assert.ok(!/\n\n/.test(found), 'an empty line would end the answer on a stats socket');
    if (process.env.UPDATE === '1') writeFileSync(path, `${script}--- story\n${found}`);
    else assert.equal(found, expected);
  });
