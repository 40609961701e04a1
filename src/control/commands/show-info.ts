/** `show info [desc|json|typed|float]*` and `show version`. */
import type { Command, CommandContext } from '../command.js';
import { INFO_FIELDS, type InfoField } from '../info-fields.js';
import { type InfoValues, infoValues } from '../info-values.js';
import { jsonValue } from '../stat/stat-format.js';
import { REPORTED_VERSION } from '../version.js';

function valueOf(field: InfoField, values: InfoValues): string | number {
  return values[field.name] ?? (field.type === 'str' ? '' : 0);
}

/** The optional texts are left out of every form where the configuration has none. */
function present(values: InfoValues): InfoField[] {
  const isAbsent = (name: string) => name === 'description' && values[name] === undefined;
  return INFO_FIELDS.filter((field) => !isAbsent(field.name));
}

function line(field: InfoField, value: string | number, typed: boolean, described: boolean): string {
  const description = described ? `:"${field.description}"` : '';
  if (!typed) return `${field.name}: ${value}${description}\n`;
  return `${field.position}.${field.name}.1:${field.tags}:${field.type}:${value}${description}\n`;
}

function asJson(values: InfoValues): string {
  const items = present(values).map((field) => {
    const name = `"field":{"pos":${field.position},"name":"${field.name}"}`;
    return `{${name},${jsonValue(field.tags, field.type, valueOf(field, values))}}`;
  });
  return `[${items.join(',')}]\n`;
}

/** `float`: seconds with their fraction. */
function withFractions(values: InfoValues, context: CommandContext): InfoValues {
  const { startedAtMs } = context.engine;
  return {
    ...values,
    Uptime_sec: ((context.nowMs - startedAtMs) / 1000).toFixed(6),
    Start_time_sec: (startedAtMs / 1000).toFixed(6),
  };
}

function showInfo(context: CommandContext, args: readonly (string | undefined)[]): string {
  const base = infoValues(context.engine, context.figures, context.nowMs);
  const values = args.includes('float') ? withFractions(base, context) : base;
  if (args.includes('json')) return asJson(values);
  const [isTyped, isDescribed] = [args.includes('typed'), args.includes('desc')];
  return present(values)
    .map((field) => line(field, valueOf(field, values), isTyped, isDescribed))
    .join('');
}

export const INFO_COMMANDS: readonly Command[] = [
  {
    words: ['show', 'info'],
    usage: 'show info [desc|json|typed|float]*',
    help: 'what this process is and how it is doing',
    level: 'user',
    run: showInfo,
  },
  {
    words: ['show', 'version'],
    usage: 'show version',
    help: 'version of this process',
    level: 'user',
    run: () => `${REPORTED_VERSION}\n`,
  },
];
