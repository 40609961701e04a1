/** One set of rules and many requests, through the real HAProxy and through Fairlead: equal answers, equal log lines. */
import { same } from './both.js';
import { Client, type RunningProxy, serve } from './proxy.js';

export const HTTP_HEAD = `global
  log {LOG} len 8192 local0
  maxconn 200
  nbthread 1
  expose-experimental-directives
  stats socket {SOCK} level admin
defaults
  mode http
  log global
  option httplog
  retries 1
  timeout connect 400ms
  timeout client 5s
  timeout server 5s
  timeout queue 600ms
  timeout tarpit 200ms
`;

/** `GET /a` with Host and `Connection: close`; headers are lines. */
export function request(target: string, headers = '', method = 'GET', body = ''): string {
  const lines = ['Host: a', 'Connection: close', ...headers.split('\n').filter((line) => line !== '')];
  if (body !== '') lines.push(`Content-Length: ${body.length}`);
  return `${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** A server whose body is its name and the head it got. Lines of `X-Give` (a `|` between them) become headers. */
export async function mirror(name: string) {
  const server = await serve((socket) => {
    let text = '';
    socket.on('data', (data) => {
      text += data.toString('latin1');
      for (let end = endOf(text); end >= 0; end = endOf(text)) {
        const whole = text.slice(0, end);
        text = text.slice(end);
        socket.write(answerTo(name, whole), 'latin1');
      }
    });
    socket.on('end', () => socket.end());
  });
  server.server.unref();
  return server;
}

/** Where the first whole request ends, -1 when it is not there yet. */
function endOf(text: string): number {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return -1;
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, head))?.[1] ?? 0);
  return text.length >= head + 4 + length ? head + 4 + length : -1;
}

function answerTo(name: string, whole: string): string {
  const extra = /\r\nx-give: ([^\r]*)/i.exec(whole)?.[1].split('|') ?? [];
  const body = `[${name}]\n${whole.replace(/\r\n/g, '\n')}`;
  const head = ['HTTP/1.1 200 OK', `Content-Length: ${body.length}`, ...extra].join('\r\n');
  return `${head}\r\n\r\n${whole.startsWith('HEAD ') ? '' : body}`;
}

/** Everything the other side sends until it closes. */
export async function exchange(port: number, text: string): Promise<string> {
  const client = await new Client(port).send(Buffer.from(text, 'latin1')).over();
  const answer = client.data.toString('latin1');
  client.destroy();
  return client.error === '' ? answer : `${answer}<${client.error}>`;
}

/** Answers to requests one after the other, each on a connection of its own. */
async function exchangeEach(port: number, requests: readonly string[]): Promise<[string, string][]> {
  const answers: [string, string][] = [];
  for (const text of requests) answers.push([text.split('\r\n')[0], await exchange(port, text)]);
  return answers;
}

/** The log lines of so many requests, without what differs from run to run: client, dates, times above zero, bytes. */
async function logLines(proxy: RunningProxy, count: number): Promise<string[]> {
  const lines: string[] = [];
  for (let i = 0; i < count; i++) lines.push(maskedHttp(await proxy.log(/ \d+\/\d+\/\d+\/\d+\/\+?\d+ \d+\/\d+ /)));
  return lines;
}

function maskedHttp(line: string): string {
  return line
    .replace(/^.*?\]: /, '')
    .replace(/^\S+ \[[^\]]+\]/, 'CLIENT')
    .replace(
      / (-?\d+)\/(-?\d+)\/(-?\d+)\/(-?\d+)\/\+?\d+ (-?\d+) \+?\d+ /,
      (_, ...t) => ` ${t.slice(0, 4).map(sign).join('/')} ${t[4]} `,
    );
}

const sign = (ms: string) => (ms === '-1' ? '-1' : 'T');

interface RuleCase {
  /** Lines of the frontend, of the backend, and sections in front. */
  readonly front?: string;
  readonly back?: string;
  readonly sections?: string;
  readonly servers?: string;
  readonly requests: readonly string[];
  /** How many lines are logged; as many as there are requests unless given. */
  readonly logged?: number;
  /** Hides what differs from run to run. */
  readonly mask?: (answer: string) => string;
}

const indent = (text = '') => (text === '' ? '' : `  ${text.trim().split('\n').join('\n  ')}\n`);

/** Equal answers and equal log lines. */
export function sameRules(name: string, of: RuleCase): void {
  same({
    name,
    prepare: async (port) => {
      const { port: server } = await mirror('s');
      const servers = of.servers ?? `server s 127.0.0.1:${server}`;
      const front = `frontend f\n  bind 127.0.0.1:${port}\n${indent(of.front)}  default_backend b\n`;
      const text = `${HTTP_HEAD}${of.sections ?? ''}${front}backend b\n${indent(of.back)}${indent(servers)}`;
      return { text, state: null };
    },
    scenario: async ({ port, proxy }) => [
      ['answers', (await exchangeEach(port, of.requests)).map(([name, answer]) => [name, of.mask?.(answer) ?? answer])],
      ['log', await logLines(proxy, of.logged ?? of.requests.length)],
    ],
  });
}
