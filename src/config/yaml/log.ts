/** Log targets: an object, or HAProxy's words for the same (`127.0.0.1 local0 notice`). */
import { z } from 'zod';
import { Line } from '../haproxy/line.js';
import { parseLog } from '../haproxy/log.js';
import { splitWords } from '../haproxy/words.js';
import type { LogFacility, LogLevel, LogSyslogFormat, LogTarget } from '../model.js';
import { logAddress } from './address.js';
import { type Codec, choice, count, either, type Place } from './codec.js';
import { type Field, field, record } from './fields.js';
import { isObject } from './source.js';

type Sample = NonNullable<LogTarget['sample']>;

const facility = choice<LogFacility>(
  ...(['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news'] as const),
  ...(['uucp', 'cron', 'auth2', 'ftp', 'ntp', 'audit', 'alert', 'cron2'] as const),
  ...(['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'] as const),
);
const level = choice<LogLevel>('emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug');
const formats = ['rfc3164', 'rfc5424', 'local', 'priority', 'short', 'timed', 'iso', 'raw'] as const;
const format = choice<LogSyslogFormat>(...formats);

/** Of every `size` lines those in the ranges: `1,2-3:5`, as HAProxy writes it. */
const sample: Codec<Sample> = {
  schema: z.string({ error: "a sample is ranges and a size in quotes; write such as '1,2-3:5'" }),
  read: (data, place) => readWords(`127.0.0.1 sample '${String(data).replaceAll("'", '')}' local0`, place)?.sample,
  write: ({ ranges, size }) =>
    `${ranges.map(([low, high]) => (low === high ? low : `${low}-${high}`)).join(',')}:${size}`,
};

const fields: readonly Field<LogTarget>[] = [
  field('to', 'target', logAddress, 'Where the lines go: HOST[:PORT], a socket path, stdout, stderr or fd@N.'),
  field('facility', 'facility', facility, 'Syslog facility.'),
  field('level', 'level', level, 'Least severe level that is sent.'),
  field('min-level', 'minLevel', level, 'Most severe level lines are sent with.'),
  field('format', 'format', format, 'Framing of the lines.'),
  field('len', 'len', count(80, 65535), 'Longest line in bytes.'),
  field('sample', 'sample', sample, "Send only a part of the lines: '1,2-3:5' is the first three of every five."),
];

/** `to` and `facility` are checked when reading, so that a forgotten one is named with its remedy. */
const object = record<LogTarget>('a log', fields, () => ({ target: { kind: 'fd', fd: -1 }, facility: 'local0' }));

export const logTarget: Codec<LogTarget> = {
  schema: either(
    "a log is an address and a facility; write such as '127.0.0.1 local0'",
    z.string(),
    object.schema,
  ).meta({
    id: 'log',
  }),
  read: (data, place) => {
    if (!isObject(data)) return readWords(String(data), place);
    for (const key of ['to', 'facility'])
      if (data[key] === undefined) return place.error('missing-key', `a log needs '${key}'`, `write '${EXAMPLE[key]}'`);
    const { at: _at, ...target } = object.read(data, place) ?? { facility: 'local0', target: undefined };
    return target.target && { ...target, target: target.target };
  },
  write: (value) => object.write(value),
};

const EXAMPLE: { [key: string]: string } = { to: 'to: 127.0.0.1:514', facility: 'facility: local0' };

function readWords(text: string, place: Place): LogTarget | undefined {
  const { loc, source } = place;
  const words = splitWords(text, loc, () => undefined);
  if (!Array.isArray(words)) return place.error(words.code, words.message, words.remedy);
  return parseLog(new Line([{ text: 'log', loc }, ...words], source.diag));
}
