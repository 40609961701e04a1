/** What clients in mode http see and logs say, in a form that is equal for two programs. */
import { Client, type RunningProxy } from './proxy.js';

/** Mode http, short limits, everything logged. */
export const HTTP_HEAD = `global
  log {LOG} len 8192 local0
  maxconn 200
  nbthread 1
  stats socket {SOCK} level admin
defaults
  mode http
  log global
  option httplog
  retries 1
  timeout connect 400ms
  timeout client 1500ms
  timeout server 1s
  timeout queue 500ms
  timeout http-request 700ms
  timeout http-keep-alive 700ms
`;

export interface Exchange {
  /** Sent at once. */
  readonly send: string;
  /** Waits until this has come (as often as said), '' for nothing; without it, until the other side ends the connection. */
  readonly until?: string;
  readonly times?: number;
  /** Sent after that, and then waits for `last` (or the end). */
  readonly more?: string;
  readonly last?: string;
}

/** @returns everything received, and how it ended: `open` (we closed), `FIN` or the error */
export async function exchange(port: number, { send, until, times = 1, more, last }: Exchange): Promise<string> {
  const client = new Client(port);
  client.send(Buffer.from(send, 'latin1'));
  await arrived(client, until, times);
  if (more !== undefined) {
    client.send(Buffer.from(more, 'latin1'));
    await arrived(client, last, 1);
  }
  const end = client.error || (client.ended ? 'FIN' : client.closed ? 'closed' : 'open');
  const isOpen = end === 'open';
  if (isOpen)
    await client
      .end()
      .over(3000)
      .catch(() => undefined);
  client.destroy();
  return `${client.data.toString('latin1')}<${end}>`;
}

async function arrived(client: Client, text: string | undefined, times: number): Promise<void> {
  if (text === undefined) await client.over();
  else if (text === '') return;
  else await client.until((c) => c.data.toString('latin1').split(text).length > times || c.ended || c.error !== '');
}

/** Log lines of requests so far, without what differs from run to run. */
export function requestLog(proxy: RunningProxy): string[] {
  return proxy.logs.filter((line) => / -?\d+ \d+ .* \d+\/\d+\/\d+\/\d+\/\+?\d+ /.test(line)).map(maskedRequest);
}

function maskedRequest(line: string): string {
  return line
    .replace(/^.*?\]: /, '')
    .replace(/^127\.0\.0\.1:\d+ \[[^\]]+\]/, 'CLIENT')
    .replace(
      / (-?\d+)\/(-?\d+)\/(-?\d+)\/(-?\d+)\/\+?(\d+) /,
      (_, ...t) =>
        ` ${t
          .slice(0, 4)
          .map((one) => (one === '-1' ? '-1' : 'T'))
          .join('/')}/T `,
    )
    .replace(/ \d+\/\d+\/\d+\/\d+\/(\+?\d+) /, ' GAUGES/$1 ');
}
