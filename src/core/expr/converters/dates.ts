/** Converters of dates: strftime(3) in UTC and local time, and dates of HTTP (RFC 9110 §5.6.7). */
import type { Convert, Converters } from '../converter.js';
import { calendarOf, formatTime } from '../strftime.js';

export const DATES: Converters = {
  utime: { takes: 'integer', gives: 'string', make: (args) => makeTime(args, 1, false) },
  ltime: { takes: 'integer', gives: 'string', make: (args) => makeTime(args, 1, true) },
  ms_utime: { takes: 'integer', gives: 'string', make: (args) => makeTime(args, 1000, false) },
  ms_ltime: { takes: 'integer', gives: 'string', make: (args) => makeTime(args, 1000, true) },
  us_utime: { takes: 'integer', gives: 'string', make: (args) => makeTime(args, 1_000_000, false) },
  us_ltime: { takes: 'integer', gives: 'string', make: (args) => makeTime(args, 1_000_000, true) },
  http_date: { takes: 'integer', gives: 'string', make: makeHttpDate },
};

/** An offset is in seconds. */
function makeTime([format, offset = '0']: readonly string[], unit: number, isLocal: boolean): Convert | string {
  if (format === undefined || !/^-?\d+$/.test(offset)) return 'needs a format and perhaps a number of seconds';
  return (value, context) => {
    const second = Math.floor((value as number) / unit) + Number(offset);
    return formatTime(format, second, isLocal ? context.logDates.offsetMinutes : 0);
  };
}

const UNITS: { readonly [unit: string]: number } = { s: 1, ms: 1000, us: 1_000_000 };
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function makeHttpDate([offset = '0', unit = 's']: readonly string[]): Convert | string {
  if (!/^-?\d+$/.test(offset) || !Object.hasOwn(UNITS, unit)) return 'takes a number and one of s, ms, us';
  const digits = { s: 0, ms: 3, us: 6 }[unit] ?? 0;
  return (value) => httpDate((value as number) + Number(offset), UNITS[unit], digits);
}

const two = (n: number) => String(n).padStart(2, '0');

/** Parts of a second stand in front of the zone (observed from HAProxy). */
function httpDate(time: number, unit: number, digits: number): string {
  const d = calendarOf(Math.floor(time / unit));
  const part = digits === 0 ? '' : `.${String(time % unit).padStart(digits, '0')}`;
  const date = `${DAYS[d.weekday]}, ${two(d.day)} ${MONTHS[d.month]} ${d.year}`;
  return `${date} ${two(d.hour)}:${two(d.minute)}:${two(d.second)}${part} GMT`;
}
