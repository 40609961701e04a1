/** Stick tables on the control sockets: `show table`, `set table`, `clear table` (management guide §9.3). */
import type { Value } from '../../core/expr/values.js';
import { keyText, parseKey, writeKey } from '../../core/stick/key.js';
import { STICK_FIGURES } from '../../core/stick/layout.js';
import type { StickStore } from '../../core/stick/store.js';
import { type Command, type CommandContext, DONE, type Message, type Reply, refuse } from '../command.js';

type Arguments = readonly (string | undefined)[];
type Filter = (store: StickStore, entry: number, nowMs: number) => boolean;

const OPERATORS: { readonly [name: string]: (a: number, b: number) => boolean } = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  le: (a, b) => a <= b,
  ge: (a, b) => a >= b,
  lt: (a, b) => a < b,
  gt: (a, b) => a > b,
};
const FILTERS_MAX = 4;

function showTable(context: CommandContext, [name, ...more]: Arguments): Reply {
  const tables = context.engine.tables?.() ?? new Map<string, StickStore>();
  if (name === undefined)
    return `${[...tables]
      .reverse()
      .map(([n, s]) => header(n, s))
      .join('')}`;
  const store = tables.get(name);
  if (store === undefined) return refuse('No such table');
  if (more[0] === 'key') {
    const entry = entryOf(store, more[1], context.nowMs);
    if (entry < 0) return refuse('Invalid key');
    return entry === 0 ? DONE : header(name, store) + line(context, name, store, entry);
  }
  const filter = filterOf(
    store,
    more,
    'Optional argument only supports "data.<store_data_type>" <operator> <value> and key <key>',
  );
  return typeof filter === 'function' ? listing(context, name, store, filter) : filter;
}

/** In pieces: a table may be long and its reader slow. */
function* listing(context: CommandContext, name: string, store: StickStore, holds: Filter): Generator<string> {
  yield header(name, store);
  const entries = store.list(context.nowMs).map((entry) => ({ entry, key: store.keyOf(entry) }));
  entries.sort((a, b) => Buffer.compare(a.key, b.key));
  for (const { entry } of entries) if (holds(store, entry, context.nowMs)) yield line(context, name, store, entry);
}

function header(name: string, store: StickStore): string {
  return `# table: ${name}, type: ${store.layout.type}, size:${store.layout.size}, used:${store.used}\n`;
}

function line({ engine, nowMs }: CommandContext, name: string, store: StickStore, entry: number): string {
  const { layout } = store;
  const key = keyText(store.keyOf(entry), layout.type);
  let text = `0x${entry.toString(16)}: key=${key} use=${store.usesOf(entry)} exp=${store.expiresInMs(entry, nowMs)}`;
  for (const { name: figure, elements, periodMs } of layout.figures)
    for (let i = 0; i < elements; i++) {
      const { at } = store.figure(figure, i)!;
      const period = periodMs > 0 ? `(${periodMs})` : '';
      text += ` ${label(figure, elements, i)}${period}=${store.read(entry, at, periodMs, nowMs)}`;
    }
  return `${text}${serverKey(engine, name, store, entry, nowMs)}\n`;
}

/** The elements of an array are `gpc0 gpc1 …` and `gpc0_rate …`. */
function label(figure: string, elements: number, i: number): string {
  if (elements === 1 && !['gpc', 'gpt', 'gpc_rate'].includes(figure)) return figure;
  return figure.replace(/^(gp[ct])/, `$1${i}`);
}

function serverKey(
  engine: CommandContext['engine'],
  name: string,
  store: StickStore,
  entry: number,
  nowMs: number,
): string {
  const figure = store.figure('server_id');
  const id = figure === undefined ? 0 : store.read(entry, figure.at, 0, nowMs);
  if (id === 0) return '';
  const users = engine.model.proxies.filter((p) => p.stickRules.some((rule) => (rule.table ?? p.name) === name));
  const server = users.flatMap((proxy) => proxy.servers).find((each) => each.id === id);
  return server === undefined ? '' : ` server_key=${server.name}`;
}

function setTable(context: CommandContext, [name, word, key, ...data]: Arguments): Reply {
  const store = name === undefined ? undefined : context.engine.tables?.().get(name);
  if (name === undefined) return refuse('Required arguments: <table> key <key> [data.<store_data_type> <value>]*');
  if (store === undefined) return refuse('No such table');
  if (word !== 'key') return refuse('Required arguments: <table> key <key> [data.<store_data_type> <value>]*');
  if (key === undefined) return refuse('Key value expected');
  const changes = changesOf(store, data);
  if (!Array.isArray(changes)) return changes;
  const length = keyLength(store, key);
  if (length < 0) return refuse('Invalid key');
  const entry = store.hold(length, context.nowMs);
  if (entry === 0) return refuse('Unable to allocate a new entry');
  for (const { at, periodMs, value } of changes) store.write(entry, at, periodMs, value, context.nowMs);
  store.release(entry, context.nowMs);
  return DONE;
}

interface Change {
  readonly at: number;
  readonly periodMs: number;
  readonly value: number;
}

function changesOf(store: StickStore, data: Arguments): Change[] | Message {
  const changes: Change[] = [];
  for (let i = 0; i < data.length && data[i] !== undefined; i += 2) {
    const figure = figureAt(store, data[i]!);
    if ('text' in figure) return figure;
    const value = data[i + 1];
    if (value === undefined || !/^\d+$/.test(value)) return refuse('Require a valid integer value to store');
    changes.push({ ...figure, value: Number(value) });
  }
  return changes;
}

/** `data.gpc0`, and of arrays `data.gpc[2]` */
function figureAt(store: StickStore, word: string): { at: number; periodMs: number } | Message {
  const [, figure, index] = /^data\.([a-z0-9_]+)(?:\[(\d+)\])?$/.exec(word) ?? [];
  if (figure === undefined) return refuse('"data.<type>" followed by a value expected');
  if (!STICK_FIGURES.includes(figure)) return refuse('Unknown data type');
  return store.figure(figure, Number(index ?? 0)) ?? refuse('Data type not stored in this table');
}

function clearTable(context: CommandContext, [name, ...more]: Arguments): Reply {
  const usage = 'Required arguments: <table> "data.<store_data_type>" <operator> <value> or <table> key <key>';
  if (name === undefined) return refuse(usage);
  const store = context.engine.tables?.().get(name);
  if (store === undefined) return refuse('No such table');
  if (more[0] === 'key') {
    const entry = entryOf(store, more[1], context.nowMs);
    if (entry < 0) return refuse('Invalid key');
    return entry === 0 || store.remove(entry) ? DONE : refuse('Entry currently in use, cannot remove');
  }
  const filter = filterOf(store, more, usage);
  if (typeof filter !== 'function') return filter;
  for (const entry of store.list(context.nowMs)) if (filter(store, entry, context.nowMs)) store.remove(entry);
  return DONE;
}

/** @returns -1 for what is no key of the table, 0 none */
function entryOf(store: StickStore, key: string | undefined, nowMs: number): number {
  const length = key === undefined ? -1 : keyLength(store, key);
  return length < 0 ? -1 : store.find(length, nowMs);
}

function keyLength(store: StickStore, text: string): number {
  const value: Value | undefined = parseKey(text, store.layout.type);
  return value === undefined ? -1 : writeKey(value, store.layout.type, store.scratch);
}

/** `data.TYPE OPERATOR VALUE`, up to four times; all must hold. */
function filterOf(store: StickStore, words: Arguments, usage: string): Filter | Message {
  const filters: Filter[] = [];
  for (let i = 0; words[i] !== undefined && filters.length < FILTERS_MAX; i += 3) {
    if (!words[i]!.startsWith('data.')) return refuse(usage);
    const filter = oneFilter(store, words.slice(i, i + 3), `Filter entry #${filters.length + 1}: `);
    if (typeof filter !== 'function') return filter;
    filters.push(filter);
  }
  return (s, entry, now) => filters.every((holds) => holds(s, entry, now));
}

function oneFilter(store: StickStore, [data, operator, text]: Arguments, where: string): Filter | Message {
  const figure = figureAt(store, data!);
  if ('text' in figure) return refuse(where + figure.text.trimEnd());
  if (operator === undefined || !Object.hasOwn(OPERATORS, operator))
    return refuse(`${where}Require and operator among "eq", "ne", "le", "ge", "lt", "gt"`);
  if (text === undefined || !/^\d+$/.test(text))
    return refuse(`${where}Require a valid integer value to compare against`);
  const compare = OPERATORS[operator];
  return (s, entry, now) => compare(s.read(entry, figure.at, figure.periodMs, now), Number(text));
}

export const TABLE_COMMANDS: readonly Command[] = [
  {
    words: ['show', 'table'],
    usage: 'show table <table> [<filter>]*',
    help: "report table usage stats or dump this table's contents (filter: data/key)",
    level: 'user',
    run: showTable,
  },
  {
    words: ['set', 'table'],
    usage: 'set table <table> key <k> [data.* <v>]*',
    help: "update or create a table entry's data",
    level: 'user',
    run: setTable,
  },
  {
    words: ['clear', 'table'],
    usage: 'clear table <table> [<filter>]*',
    help: 'remove an entry from a table (filter: data/key)',
    level: 'user',
    run: clearTable,
  },
];
