/** `fairlead vip status`: every virtual router of this host as a picture for a person on call. Pure: a status in, text out. */
import type { Clock, Paint } from '../../core/events/story.js';
import * as words from '../../core/events/vip-words.js';
import { counted, span } from '../../core/events/words.js';
import type { VipCounters, VipInstanceStatus, VipProblem, VipStatus } from '../../core/vrrp/messages.js';

export interface PictureOptions {
  readonly clock: Clock;
  readonly paint: Paint;
  /** All transitions that are known, and counters that are zero. */
  readonly isVerbose: boolean;
}

/** Transitions that are shown of each. */
const TRANSITIONS_SHOWN = 5;
const LABEL_WIDTH = 12;
const CHANGE_WIDTH = 'BACKUP -> MASTER'.length;

/** @returns lines, each ended */
export function vipPicture(status: VipStatus, options: PictureOptions): string {
  const blocks = status.instances.map((one) => instanceLines(one, status.atMs, options));
  const lines = [...blocks.flatMap((block) => [...block, '']), ...threadLines(status, options)];
  return lines.map((line) => `${line}\n`).join('');
}

/** One line each, for `fairlead status`. @returns lines, each ended; '' without virtual routers */
export function vipSummary({ instances, atMs }: VipStatus, paint: Paint): string {
  if (instances.length === 0) return '';
  const rows = instances.map((one) => [
    one.name,
    one.state,
    addressText(one),
    one.state === 'MASTER' ? '' : `owner ${one.owner ?? 'not known'}`,
    `since ${span(Math.max(0, atMs - one.sinceMs))}`,
    troubleText(one, atMs),
  ]);
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(...rows.map((row) => row[i].length)));
  const line = (row: readonly string[], i: number) => {
    const cells = row.slice(0, 5).map((cell, at) => cell.padEnd(widths[at]));
    cells[1] = paint(words.stateTone(instances[i].state), cells[1]);
    const filled = cells.filter((_, at) => widths[at] > 0);
    return `  ${[...filled, row[5] === '' ? '' : paint('bad', row[5])].join('  ').trimEnd()}\n`;
  };
  return `${paint('title', 'virtual addresses')}\n${rows.map(line).join('')}`;
}

function addressText({ addresses }: VipInstanceStatus): string {
  const [first, ...more] = addresses;
  return first === undefined ? '-' : `${bare(first.text)}${more.length === 0 ? '' : ` +${more.length}`}`;
}

/** `10.0.0.130/24 dev eth1 …` without what `ip address add` takes besides. */
function bare(text: string): string {
  return words.addressText(text).split(' ', 1)[0];
}

function troubleText(one: VipInstanceStatus, atMs: number): string {
  const problems = one.problems.filter((problem) => words.isCurrent(problem, one, atMs)).map(({ text }) => text);
  return [...one.faults, ...problems].join('; ');
}

// ── One router ──────────────────────────────────────────────────────────────────────────────────────────────────────

type Labelled = readonly [label: string, text: string];

function instanceLines(one: VipInstanceStatus, atMs: number, options: PictureOptions): string[] {
  const { clock, paint, isVerbose } = options;
  const since = `since ${clock(one.sinceMs).slice(0, -4)} (${span(Math.max(0, atMs - one.sinceMs))})`;
  const labelled: Labelled[] = [
    ['router', words.routerText(one)],
    ['owner', ownerText(one, paint)],
    ...addressLines(one, paint),
    ['priority', words.priorityText(one)],
    ['last advert', `${words.lastAdvertText(one, atMs)}${rhythm(one)}`],
    ...one.tracked.map((tracked): Labelled => ['tracked', trackedText(tracked, paint)]),
    ...one.faults.map((fault): Labelled => ['fault', paint('bad', fault)]),
    ...settings(one),
  ];
  return [
    `${paint('title', one.name)}  ${paint(words.stateTone(one.state), one.state)} ${since}`,
    ...aligned(labelled, paint),
    ...one.problems.flatMap((problem) => problemLines(problem, one, atMs, paint)),
    ...transitionLines(one, options),
    ...aligned(counterLines(one.counters, isVerbose), paint),
  ];
}

/** What stands again below itself is labelled once. */
function aligned(labelled: readonly Labelled[], paint: Paint): string[] {
  return labelled.map(([label, text], i) => {
    const shown = i > 0 && labelled[i - 1][0] === label ? '' : label;
    return `  ${paint('quiet', shown.padEnd(LABEL_WIDTH))} ${text}`;
  });
}

function ownerText(one: VipInstanceStatus, paint: Paint): string {
  const text = words.ownerText(one);
  return one.owner === null && one.state !== 'INIT' ? paint('bad', text) : text;
}

function addressLines({ addresses, state }: VipInstanceStatus, paint: Paint): Labelled[] {
  if (addresses.length === 0) return [['addresses', 'none']];
  const width = Math.max(...addresses.map(({ text }) => words.addressText(text).length));
  return addresses.map(({ text: whole, interface: device, isHeld }) => {
    const text = words.addressText(whole);
    const isRight = isHeld === (state === 'MASTER');
    const held = isHeld ? 'held' : 'not held';
    const where = text.includes(' dev ') ? '' : ` on ${device}`;
    return [
      'addresses',
      `${text.padEnd(width)}${where}  ${paint(isRight ? (isHeld ? 'good' : 'quiet') : 'bad', held)}`,
    ];
  });
}

/** The owner's interval, where it is not ours. */
function rhythm({ state, masterIntervalMs, advertIntervalMs, owner }: VipInstanceStatus): string {
  if (state === 'MASTER' || owner === null || masterIntervalMs === advertIntervalMs) return '';
  return `, every ${span(masterIntervalMs)} (here ${span(advertIntervalMs)})`;
}

function trackedText(tracked: VipInstanceStatus['tracked'][number], paint: Paint): string {
  const text = words.trackedText(tracked);
  if (tracked.up !== false) return text;
  return text.replace(': down', `: ${paint('bad', 'down')}`);
}

/** Only what is not usual. */
function settings({ preempt, accept }: VipInstanceStatus): Labelled[] {
  const words = [...(preempt ? [] : ['nopreempt']), ...(accept ? [] : ['no_accept'])];
  return words.length === 0 ? [] : [['settings', words.join(', ')]];
}

function problemLines(problem: VipProblem, one: VipInstanceStatus, atMs: number, paint: Paint): string[] {
  const isNow = words.isCurrent(problem, one, atMs);
  const text = `${problem.text} (${words.problemAge(problem, atMs)})`;
  return aligned(
    [
      [isNow ? 'PROBLEM' : 'was', isNow ? paint('bad', text) : text],
      ['to correct', problem.remedy],
    ],
    paint,
  );
}

function transitionLines({ transitions }: VipInstanceStatus, { clock, paint, isVerbose }: PictureOptions): string[] {
  const shown = isVerbose ? transitions : transitions.slice(-TRANSITIONS_SHOWN);
  const lines = shown.map(({ atMs, from, to, why }): Labelled => {
    const padding = ' '.repeat(Math.max(0, CHANGE_WIDTH - `${from} -> ${to}`.length));
    return ['transitions', `${clock(atMs)}  ${from} -> ${paint(words.stateTone(to), to)}${padding}  ${why}`];
  });
  return aligned(lines, paint);
}

// ── Counters ────────────────────────────────────────────────────────────────────────────────────────────────────────

const COUNTERS: readonly (readonly [name: keyof Omit<VipCounters, 'refused'>, words: string])[] = [
  ['advertsSent', 'adverts sent'],
  ['advertsReceived', 'adverts heard'],
  ['priorityZeroSent', 'goodbyes sent'],
  ['priorityZeroReceived', 'goodbyes heard'],
  ['becameMaster', 'became master'],
  ['releasedMaster', 'released'],
  ['announcementsSent', 'announcements'],
  ['sendErrors', 'errors of sending'],
];

function counterLines(counters: VipCounters, isVerbose: boolean): Labelled[] {
  const counts = COUNTERS.filter(([name]) => isVerbose || counters[name] > 0);
  const lines: Labelled[] = [];
  if (counts.length > 0) lines.push(['counters', counts.map(([name, text]) => `${text} ${counters[name]}`).join(', ')]);
  const refused = refusedText(counters.refused);
  return refused === '' ? lines : [...lines, ['refused', refused]];
}

function refusedText(refused: VipCounters['refused']): string {
  return Object.entries(refused)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ');
}

// ── The thread ──────────────────────────────────────────────────────────────────────────────────────────────────────

function threadLines({ thread, refused, groups, hostname, instances }: VipStatus, { paint }: PictureOptions): string[] {
  const { rtPriority, isMemoryLocked, reason, worstDelayMs, worstDelayLastMinuteMs, watchdogPid } = thread;
  const lines: Labelled[] = groups.map(({ name, state, instances: members }) => [
    'group',
    `${name} ${paint(words.stateTone(state), state)}: ${members.join(', ')}`,
  ]);
  const parts = [
    rtPriority > 0 ? `real-time priority ${rtPriority}` : paint('bad', 'no real-time priority'),
    isMemoryLocked ? 'program locked in memory' : paint('bad', 'program not locked in memory'),
    `worst delay ${millis(worstDelayMs)}, in the last minute ${millis(worstDelayLastMinuteMs)}`,
    watchdogPid > 0 ? `watchdog ${watchdogPid}` : paint('bad', 'no watchdog'),
  ];
  lines.push(['thread', parts.join(', ')]);
  if (reason !== '') lines.push(['thread', reason]);
  const strangers = refusedText(refused);
  if (strangers !== '') lines.push(['refused', `${strangers} (packets that belong to no router of this host)`]);
  const masters = instances.filter(({ state }) => state === 'MASTER').length;
  return [
    `${paint('title', hostname)}  ${counted(instances.length, 'virtual router')}, ${masters} MASTER`,
    ...aligned(lines, paint),
  ];
}

function millis(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1).replace(/\.0$/, '') : Math.round(ms)} ms`;
}
