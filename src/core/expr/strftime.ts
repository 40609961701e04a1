/** Dates as strftime(3) writes them in the C locale. */
export interface Calendar {
  readonly year: number;
  /** 0..11 */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 = Sunday. */
  readonly weekday: number;
  /** 0 = January 1. */
  readonly yearDay: number;
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = 'January February March April May June July August September October November December'.split(' ');

/** Proleptic Gregorian date of a second count since the epoch, UTC. */
export function calendarOf(epochSecond: number): Calendar {
  const days = Math.floor(epochSecond / 86_400);
  const rest = epochSecond - days * 86_400;
  let year = 1970 + Math.floor(days / 365.2425);
  while (daysBefore(year) > days) year--;
  while (daysBefore(year + 1) <= days) year++;
  const yearDay = days - daysBefore(year);
  let [month, day] = [0, yearDay];
  for (; day >= daysIn(year, month); month++) day -= daysIn(year, month);
  const weekday = (((days + 4) % 7) + 7) % 7;
  const time = { hour: Math.floor(rest / 3600), minute: Math.floor(rest / 60) % 60, second: rest % 60 };
  return { year, month, day: day + 1, ...time, weekday, yearDay };
}

/** Days from 1970-01-01 to January 1 of the year. */
function daysBefore(year: number): number {
  const y = year - 1;
  return (year - 1970) * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) - 477;
}

function daysIn(year: number, month: number): number {
  if (month === 1) return daysBefore(year + 1) - daysBefore(year) - 337;
  return [3, 5, 8, 10].includes(month) ? 30 : 31;
}

/** @param offsetMinutes local time minus UTC */
export function formatTime(format: string, epochSecond: number, offsetMinutes: number): string {
  const d = calendarOf(epochSecond + offsetMinutes * 60);
  const one = (_: string, letter: string): string => {
    const field = FIELDS[letter];
    return field === undefined ? `%${letter}` : field(d, epochSecond, offsetMinutes);
  };
  return format.replace(/%[EO]?([A-Za-z%])/g, one);
}

const pad = (n: number, width: number, fill = '0') => String(n).padStart(width, fill);
const hour12 = (d: Calendar) => d.hour % 12 || 12;

type Field = (d: Calendar, epochSecond: number, offsetMinutes: number) => string;

const FIELDS: { readonly [letter: string]: Field | undefined } = {
  a: (d) => DAYS[d.weekday].slice(0, 3),
  A: (d) => DAYS[d.weekday],
  b: (d) => MONTHS[d.month].slice(0, 3),
  h: (d) => MONTHS[d.month].slice(0, 3),
  B: (d) => MONTHS[d.month],
  c: (d) => `${day3(d)} ${MONTHS[d.month].slice(0, 3)} ${pad(d.day, 2, ' ')} ${clock(d)} ${d.year}`,
  C: (d) => pad(Math.floor(d.year / 100), 2),
  d: (d) => pad(d.day, 2),
  D: (d) => american(d),
  e: (d) => pad(d.day, 2, ' '),
  F: (d) => `${d.year}-${pad(d.month + 1, 2)}-${pad(d.day, 2)}`,
  g: (d) => pad(isoYear(d) % 100, 2),
  G: (d) => String(isoYear(d)),
  H: (d) => pad(d.hour, 2),
  I: (d) => pad(hour12(d), 2),
  j: (d) => pad(d.yearDay + 1, 3),
  k: (d) => pad(d.hour, 2, ' '),
  l: (d) => pad(hour12(d), 2, ' '),
  m: (d) => pad(d.month + 1, 2),
  M: (d) => pad(d.minute, 2),
  n: () => '\n',
  p: (d) => (d.hour < 12 ? 'AM' : 'PM'),
  P: (d) => (d.hour < 12 ? 'am' : 'pm'),
  r: (d) => `${pad(hour12(d), 2)}:${pad(d.minute, 2)}:${pad(d.second, 2)} ${d.hour < 12 ? 'AM' : 'PM'}`,
  R: (d) => `${pad(d.hour, 2)}:${pad(d.minute, 2)}`,
  s: (_, epochSecond) => String(epochSecond),
  S: (d) => pad(d.second, 2),
  t: () => '\t',
  T: (d) => clock(d),
  u: (d) => String(d.weekday || 7),
  U: (d) => pad(Math.floor((d.yearDay + 7 - d.weekday) / 7), 2),
  V: (d) => pad(isoWeek(d), 2),
  w: (d) => String(d.weekday),
  W: (d) => pad(Math.floor((d.yearDay + 7 - ((d.weekday + 6) % 7)) / 7), 2),
  x: (d) => american(d),
  X: (d) => clock(d),
  y: (d) => pad(d.year % 100, 2),
  Y: (d) => String(d.year),
  z: (_, __, offset) => zone(offset),
  Z: (_, __, offset) => (offset === 0 ? 'GMT' : zone(offset)),
  '%': () => '%',
};

function day3(d: Calendar): string {
  return DAYS[d.weekday].slice(0, 3);
}

function clock(d: Calendar): string {
  return `${pad(d.hour, 2)}:${pad(d.minute, 2)}:${pad(d.second, 2)}`;
}

function american(d: Calendar): string {
  return `${pad(d.month + 1, 2)}/${pad(d.day, 2)}/${pad(d.year % 100, 2)}`;
}

function zone(offset: number): string {
  const minutes = Math.abs(offset);
  return `${offset < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60), 2)}${pad(minutes % 60, 2)}`;
}

/** ISO 8601: the year that has the Thursday of this week. */
function isoYear(d: Calendar): number {
  const week = weekOf(d);
  if (week < 1) return d.year - 1;
  return week > weeksIn(d.year) ? d.year + 1 : d.year;
}

function isoWeek(d: Calendar): number {
  const week = weekOf(d);
  if (week < 1) return weeksIn(d.year - 1);
  return week > weeksIn(d.year) ? 1 : week;
}

function weekOf(d: Calendar): number {
  return Math.floor((d.yearDay - ((d.weekday + 6) % 7) + 10) / 7);
}

/** 53 where January 1 or December 31 is a Thursday. */
function weeksIn(year: number): number {
  const weekday = (days: number) => (((days + 4) % 7) + 7) % 7;
  return weekday(daysBefore(year)) === 4 || weekday(daysBefore(year + 1) - 1) === 4 ? 53 : 52;
}
