/** The program under test, with the seed's file exactly as printed, and the syslog server that the file expects. */

import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { REPOSITORY } from '../support/repository.js';
import type { Sandbox } from '../support/sandbox.js';

export type ProxyName = 'fairlead' | 'haproxy';

/** `-db` keeps it in the foreground: the file says `daemon`, and the lab must own the process. */
const ARGUMENTS = ['-f', join(REPOSITORY, 'lab', 'galera', 'haproxy.cfg'), '-db'];

interface LogLine {
  readonly atMs: number;
  readonly text: string;
}

/** Starts the proxy. @returns what it logs, growing while it runs */
export function startProxy(sandbox: Sandbox, namespace: string, name: ProxyName): readonly LogLine[] {
  const lines = startSyslog(sandbox, namespace);
  const fairlead = [join(REPOSITORY, 'bin', 'fairlead'), 'haproxy', ...ARGUMENTS];
  if (name === 'fairlead') sandbox.start(process.execPath, fairlead, { namespace, log: 'proxy.log' });
  else sandbox.start('haproxy', ARGUMENTS, { namespace, log: 'proxy.log' });
  return lines;
}

function startSyslog(sandbox: Sandbox, namespace: string): LogLine[] {
  const main = join(REPOSITORY, 'dist', 'lab', 'main.js');
  const sink = sandbox.start(process.execPath, [main, 'syslog-sink'], { namespace, log: 'syslog.log', pipe: true });
  const lines: LogLine[] = [];
  if (sink.stdout === null) throw new Error('the syslog sink has no output to read');
  createInterface({ input: sink.stdout }).on('line', (line) => {
    const space = line.indexOf(' ');
    // One line per connection is the writer's own record; what matters here is health.
    if (line.includes(' is ')) lines.push({ atMs: Number(line.slice(0, space)), text: line.slice(space + 1) });
  });
  return lines;
}

/** @returns ms after `fromMs` until the log said that the server is in that state, or null */
export function noticedAfterMs(
  log: readonly LogLine[],
  server: string,
  to: 'UP' | 'DOWN',
  fromMs: number,
): number | null {
  const said = log.find((line) => line.atMs >= fromMs && line.text.includes(`/${server} is ${to}`));
  return said === undefined ? null : said.atMs - fromMs;
}
