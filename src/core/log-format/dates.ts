/** Dates of the log formats (manual §8.2). Local time comes as an offset, because the core knows no time zone. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAY_MS = 86_400_000;

/** Formats dates of one time zone; the part above milliseconds is made once a second. */
export class LogDates {
  private second = Number.NaN;
  private text = '';

  /** @param offsetMinutes local time minus UTC at this moment */
  constructor(public offsetMinutes: number) {}

  /** `21/Nov/2026:05:46:12.541`, local (%t) */
  local(epochMs: number): string {
    const ms = Math.floor(epochMs) % 1000;
    return `${this.seconds(epochMs)}.${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}`;
  }

  /** `21/Nov/2026:05:46:12 +0100` (%Tl) */
  localZone(epochMs: number): string {
    const minutes = Math.abs(this.offsetMinutes);
    const zone = `${this.offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`;
    return `${this.seconds(epochMs)} ${zone}`;
  }

  /** `21/Nov/2026:04:46:12 +0000` (%T) */
  gmt(epochMs: number): string {
    return `${dateText(Math.floor(epochMs / 1000))} +0000`;
  }

  private seconds(epochMs: number): string {
    const second = Math.floor(epochMs / 1000) + this.offsetMinutes * 60;
    if (second !== this.second) {
      this.second = second;
      this.text = dateText(second);
    }
    return this.text;
  }
}

/** Proleptic Gregorian date of a second count (days-to-civil arithmetic), `21/Nov/2026:05:46:12`. */
function dateText(second: number): string {
  const days = Math.floor(second / 86_400);
  const rest = second - days * 86_400;
  const { year, month, day } = civil(days);
  const time = `${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`;
  return `${two(day)}/${MONTHS[month]}/${year}:${time}`;
}

function civil(days: number): { year: number; month: number; day: number } {
  let year = 1970 + Math.floor((days * DAY_MS) / (365.2425 * DAY_MS));
  while (daysBefore(year) > days) year--;
  while (daysBefore(year + 1) <= days) year++;
  let rest = days - daysBefore(year);
  let month = 0;
  for (; rest >= daysIn(year, month); month++) rest -= daysIn(year, month);
  return { year, month, day: rest + 1 };
}

/** Days from 1970-01-01 to January 1 of the year. */
function daysBefore(year: number): number {
  const y = year - 1;
  const leaps = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) - 477;
  return (year - 1970) * 365 + leaps;
}

function daysIn(year: number, month: number): number {
  if (month === 1) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 3 || month === 5 || month === 8 || month === 10 ? 30 : 31;
}

function two(n: number): string {
  return n < 10 ? `0${n}` : `${n}`;
}
