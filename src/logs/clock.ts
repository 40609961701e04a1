/** Local wall-clock fields for log lines, computed once per second: Date is far dearer than a log line may be. */
import type { LogTime } from '../core/syslog.js';

let now = { ...fields(0), epochMs: 0 };
let cachedSecond = 0;

/** @param epochMs wall clock, ms @returns one object, which the next call overwrites */
export function logTime(epochMs: number): LogTime {
  const second = Math.floor(epochMs / 1000);
  if (second !== cachedSecond) {
    cachedSecond = second;
    now = { ...fields(second * 1000), epochMs };
  }
  now.epochMs = epochMs;
  return now;
}

function fields(epochMs: number): LogTime {
  const d = new Date(epochMs);
  const offset = -d.getTimezoneOffset();
  const sign = offset < 0 ? '-' : '+';
  const minutes = Math.abs(offset);
  const pad = (n: number) => String(n).padStart(2, '0');
  return {
    epochMs,
    year: d.getFullYear(),
    month: d.getMonth(),
    day: d.getDate(),
    hour: d.getHours(),
    minute: d.getMinutes(),
    second: d.getSeconds(),
    zone: `${sign}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`,
  };
}
