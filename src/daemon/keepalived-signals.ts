/** Signals that ask a keepalived for its files (keepalived(8)); stop and reload are those of any daemon. */
import { errnoText } from '../linux/errors.js';
import { onRealtimeSignal } from '../linux/realtime-signals.js';
import type { KeepalivedFiles } from './keepalived-files.js';
import type { ProcessLog } from './process-log.js';

/** Numbers that keepalived 2.2.7 tells with --signum on Linux: SIGRTMIN + 2 and SIGRTMAX - 1 as libc counts them. */
export const KEEPALIVED_SIGNALS: { readonly [name: string]: number } = {
  STOP: 15,
  RELOAD: 1,
  DATA: 10,
  STATS: 12,
  STATS_CLEAR: 63,
  JSON: 36,
};

export function obeyFileSignals(files: KeepalivedFiles, log: ProcessLog): void {
  process.on('SIGUSR1', () => void files.write('data'));
  process.on('SIGUSR2', () => void files.write('stats'));
  listen('JSON', () => void files.write('json'), log);
  listen('STATS_CLEAR', () => void files.writeAndClear(), log);
}

function listen(name: 'JSON' | 'STATS_CLEAR', listener: () => void, log: ProcessLog): void {
  const result = onRealtimeSignal(KEEPALIVED_SIGNALS[name], listener);
  if (result < 0) log.warning(`signal ${KEEPALIVED_SIGNALS[name]} (${name}) is not heard: ${errnoText(result)}`);
}
