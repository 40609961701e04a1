/** Actions that http rules, `tcp-request` and `tcp-response` have alike (manual §4.2). */
import type { CommonAction, HttpAction, LogLevel } from '../model.js';
import type { Stage } from './availability.js';
import { readExpression, readFormat } from './expression.js';
import type { Line } from './line.js';

/** An action at word `i`, and the first word behind it; undefined after a complaint. */
export interface Found<A> {
  action: A;
  next: number;
}

/** Reads the action whose name is word `i`. @param inside what its name has in parentheses */
export type ActionReader<A> = (line: Line, i: number, stage: Stage, inside: string | undefined) => Found<A> | undefined;

export type Common = ActionReader<CommonAction>;

/** Stick counters of a connection and of its requests. */
const COUNTERS = 3;

/** The name of an action, and what it has in parentheses: `set-var(txn.x)`. */
export function actionName(word: string): { name: string; inside?: string } {
  const [, name, inside] = /^([^(]*)\((.*)\)$/s.exec(word) ?? [];
  if (name !== undefined) return { name, inside };
  const [, track] = /^(track-sc)\d+$/.exec(word) ?? [];
  return track === undefined ? { name: word } : { name: track, inside: word.slice(track.length) };
}

export function bare<A extends HttpAction>(action: A): ActionReader<A> {
  return (_line, i) => ({ action: { ...action }, next: i + 1 });
}

const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug', 'silent'] as const;
const VAR_CONDITIONS = [
  'ifexists',
  'ifnotexists',
  'ifempty',
  'ifnotempty',
  'ifset',
  'ifnotset',
  'ifgt',
  'iflt',
] as const;

export const VARIABLE_ACTIONS: { readonly [name: string]: Common } = {
  'set-var': readSetVar,
  'set-var-fmt': readSetVarFmt,
  'unset-var': (line, i, _stage, inside) => {
    const found = readVariable(line, i, inside);
    return found && { action: { do: 'unset-var', variable: found.variable }, next: i + 1 };
  },
};

export const COUNTER_ACTIONS: { readonly [name: string]: Common } = {
  'sc-inc-gpc': (line, i, _stage, inside) => readIncrement(line, i, inside),
  'sc-inc-gpc0': (line, i, _stage, inside) => readIncrement(line, i, inside, 0),
  'sc-inc-gpc1': (line, i, _stage, inside) => readIncrement(line, i, inside, 1),
  'sc-add-gpc': (line, i, stage, inside) => readSetting(line, i, stage, inside, 'sc-add-gpc'),
  'sc-set-gpt': (line, i, stage, inside) => readSetting(line, i, stage, inside, 'sc-set-gpt'),
  'sc-set-gpt0': (line, i, stage, inside) => readSetting(line, i, stage, inside, 'sc-set-gpt', 0),
};

export const TRACK_ACTIONS: { readonly [name: string]: Common } = { 'track-sc': readTrack };

export const NETWORK_ACTIONS: { readonly [name: string]: Common } = {
  'set-mark': (line, i) => readBits(line, i, 'set-mark', 0xffff_ffff),
  'set-tos': (line, i) => readBits(line, i, 'set-tos', 0xff),
};

export const ADDRESS_ACTIONS: { readonly [name: string]: Common } = {
  'set-src': expressionAction('set-src'),
  'set-dst': expressionAction('set-dst'),
  'set-src-port': expressionAction('set-src-port'),
  'set-dst-port': expressionAction('set-dst-port'),
};

export const LOG_ACTIONS: { readonly [name: string]: Common } = {
  'set-log-level': (line, i) => {
    const level: LogLevel | 'silent' | undefined = line.choice(i + 1, 'a log level', LEVELS);
    return level && { action: { do: 'set-log-level', level }, next: i + 2 };
  },
  'set-nice': (line, i) => {
    const nice = line.looseInteger(i + 1, "'set-nice'");
    if (nice === undefined) return undefined;
    line.warning(
      'no-effect',
      i,
      "'set-nice' has no effect here: connections of a worker take turns",
      'remove the rule',
    );
    return { action: { do: 'set-nice', nice: Math.max(-1024, Math.min(1024, nice)) }, next: i + 2 };
  },
};

export const PRIORITY_ACTIONS: { readonly [name: string]: Common } = {
  'set-priority-class': expressionAction('set-priority-class'),
  'set-priority-offset': expressionAction('set-priority-offset'),
};

export const DROP_ACTIONS: { readonly [name: string]: Common } = {
  'silent-drop': (line, i) => {
    if (line.text(i + 1) !== 'rst-ttl') return { action: { do: 'silent-drop' }, next: i + 1 };
    line.warning('no-effect', i + 1, "'rst-ttl' has no effect here: no reset is sent", 'remove it');
    return line.integer(i + 2, "'rst-ttl'", { min: 0 }) === undefined
      ? undefined
      : { action: { do: 'silent-drop' }, next: i + 3 };
  },
};

function expressionAction(
  name: 'set-src' | 'set-dst' | 'set-src-port' | 'set-dst-port' | 'set-priority-class' | 'set-priority-offset',
): Common {
  return (line, i, stage) => {
    const found = readExpression(line, i + 1, stage);
    return found && { action: { do: name, expression: found.expression }, next: found.next };
  };
}

function readSetVar(line: Line, i: number, stage: Stage, inside: string | undefined): Found<CommonAction> | undefined {
  const target = readVariable(line, i, inside);
  const found = target && readExpression(line, i + 1, stage);
  return found && { action: { do: 'set-var', ...target, expression: found.expression }, next: found.next };
}

function readSetVarFmt(
  line: Line,
  i: number,
  stage: Stage,
  inside: string | undefined,
): Found<CommonAction> | undefined {
  const target = readVariable(line, i, inside);
  if (!target || !line.need(i + 1, 'a format')) return undefined;
  const value = readFormat(line, i + 1, stage);
  return value === undefined ? undefined : { action: { do: 'set-var-fmt', ...target, value }, next: i + 2 };
}

interface Target {
  variable: string;
  conditions?: (typeof VAR_CONDITIONS)[number][];
}

/** `SCOPE.NAME[,CONDITION…]` (manual §2.8). */
function readVariable(line: Line, i: number, inside: string | undefined): Target | undefined {
  const [variable, ...written] = (inside ?? '').split(',');
  const isSound = /^(proc|sess|txn|req|res|check)\.[A-Za-z0-9_.]+$/.test(variable);
  if (!isSound) {
    const message = `'${line.text(i)}' needs the name of a variable with its scope in parentheses`;
    line.error('bad-variable-name', i, message, 'write such as set-var(txn.NAME), with letters, digits, _ and .');
    return undefined;
  }
  const conditions = VAR_CONDITIONS.filter((known) => written.includes(known));
  if (conditions.length < written.length) {
    const message = `unknown condition in '${line.text(i)}'`;
    line.error('bad-value', i, message, `write some of ${VAR_CONDITIONS.join(', ')}`);
    return undefined;
  }
  return conditions.length === 0 ? { variable } : { variable, conditions };
}

function readTrack(line: Line, i: number, stage: Stage, inside: string | undefined): Found<CommonAction> | undefined {
  const counter = readCounter(line, i, inside ?? '');
  const found = counter === undefined ? undefined : readExpression(line, i + 1, stage);
  if (counter === undefined || !found) return undefined;
  const action: CommonAction = { do: 'track-sc', counter, key: found.expression };
  if (line.text(found.next) !== 'table') return { action, next: found.next };
  if (!line.has(found.next + 1)) {
    line.error('missing-argument', found.next, "'table' needs a name", "write 'table NAME'");
    return undefined;
  }
  return { action: { ...action, table: line.text(found.next + 1) }, next: found.next + 2 };
}

function readCounter(line: Line, i: number, text: string): number | undefined {
  if (/^\d+$/.test(text) && Number(text) < COUNTERS) return Number(text);
  const message = `'${line.text(i)}' names no stick counter`;
  line.error('bad-counter', i, message, `there are the counters 0 to ${COUNTERS - 1}`);
  return undefined;
}

/** `(INDEX,COUNTER)`, or `(COUNTER)` where the name says the index; 0 where nothing is said. */
function readPlaces(
  line: Line,
  i: number,
  inside: string | undefined,
  index?: number,
): { index: number; counter: number } | undefined {
  const [first = '0', second] = (inside ?? '0').split(',').map((text) => text.trim());
  const [where, which] = index === undefined ? [first, second ?? '0'] : [String(index), first];
  const counter = readCounter(line, i, which);
  if (counter === undefined) return undefined;
  if (/^\d{1,2}$/.test(where)) return { index: Number(where), counter };
  line.error('bad-counter', i, `'${where}' is no index of an array`, 'write a number from 0 to 99');
  return undefined;
}

function readIncrement(
  line: Line,
  i: number,
  inside: string | undefined,
  index?: number,
): Found<CommonAction> | undefined {
  const places = readPlaces(line, i, inside, index);
  return places && { action: { do: 'sc-inc-gpc', ...places }, next: i + 1 };
}

/** A number, or an expression that gives one. */
function readSetting(
  line: Line,
  i: number,
  stage: Stage,
  inside: string | undefined,
  name: 'sc-add-gpc' | 'sc-set-gpt',
  index?: number,
): Found<CommonAction> | undefined {
  const places = readPlaces(line, i, inside, index);
  if (!places || !line.need(i + 1, 'a number or an expression')) return undefined;
  if (/^\d+$/.test(line.text(i + 1)))
    return { action: { do: name, ...places, value: Number(line.text(i + 1)) }, next: i + 2 };
  const found = readExpression(line, i + 1, stage);
  return found && { action: { do: name, ...places, expression: found.expression }, next: found.next };
}

/** An integer, decimal or hexadecimal; more bits than fit are cut off, as HAProxy does. */
function readBits(line: Line, i: number, name: 'set-mark' | 'set-tos', mask: number): Found<CommonAction> | undefined {
  if (!line.need(i + 1, 'a number')) return undefined;
  const text = line.text(i + 1);
  if (/^(0[xX][0-9a-fA-F]+|\d+)$/.test(text))
    return { action: { do: name, value: (Number(text) & mask) >>> 0 }, next: i + 2 };
  line.error('bad-number', i + 1, `'${text}' is not a number`, "write such as '16' or '0x10'");
  return undefined;
}
