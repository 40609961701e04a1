/** Shows the servers: a table that is redrawn on a terminal, one plain line per change anywhere else. */
import { serverStatus } from '../../control/stat/server-status.js';
import { C_SESSIONS, I_CUR_SESS, type Row, S_UWEIGHT } from '../../core/table.js';

interface DemoServer {
  name: string;
  address: string;
  isAlive: boolean;
  row: Row;
}

interface DemoView {
  servers: DemoServer[];
  /** Answers to the demonstration's own client in the last second. */
  answers: ReadonlyMap<string, number>;
  failed: number;
  events: readonly string[];
}

const EVENT_LINES = 6;
const CLEAR_LINE = '\x1b[K';

export interface Screen {
  /** Draws what changed. */
  show(view: DemoView): void;
  /** Something to say to whoever typed a command. */
  say(text: string): void;
}

/** @param intro lines that stay at the top */
export function createScreen(out: NodeJS.WriteStream, intro: readonly string[]): Screen {
  return out.isTTY ? new TerminalScreen(out, intro) : new PlainScreen(out, intro);
}

function statusOf({ row, name }: DemoServer): string {
  return serverStatus(row, row, name, Date.now());
}

/** Layout from the top: intro, table, events, prompt. */
class TerminalScreen implements Screen {
  private said = '';

  constructor(
    private readonly out: NodeJS.WriteStream,
    private readonly intro: readonly string[],
  ) {
    out.write(`\x1b[2J\x1b[1;1H${intro.join('\n')}\n`);
  }

  show(view: DemoView): void {
    const width = this.out.columns || 80;
    const prose = [...lastEvents(view), this.said].map((line) => line.slice(0, width));
    const lines = [...tableLines(view), '', ...prose, ''];
    const top = this.intro.length + 2;
    const body = lines.map((line, i) => `\x1b[${top + i};1H${line}${CLEAR_LINE}`);
    const prompt = `\x1b[${top + lines.length};1H> `;
    this.out.write(`\x1b7${body.join('')}\x1b8${this.isPrompted ? '' : prompt}`);
    this.isPrompted = true;
  }

  private isPrompted = false;

  say(text: string): void {
    this.said = text;
    this.isPrompted = false;
    this.out.write('\x1b[J');
  }
}

function tableLines({ servers, answers, failed }: DemoView): string[] {
  const head = `${'server'.padEnd(8)}${'address'.padEnd(18)}${'process'.padEnd(10)}${'status'.padEnd(12)}weight  now  total  answers/s`;
  const rows = servers.map((server) => {
    const { name, address, row } = server;
    const status = statusOf(server).padEnd(12);
    const colour = status.startsWith('UP') ? '\x1b[32m' : status.startsWith('DRAIN') ? '\x1b[33m' : '\x1b[31m';
    const process = (server.isAlive ? 'running' : 'killed').padEnd(10);
    const figures = [row.get(S_UWEIGHT), row.get(I_CUR_SESS), row.sum(C_SESSIONS), answers.get(name) ?? 0];
    const [weight, now, total, perSecond] = figures.map(String);
    return `${name.padEnd(8)}${address.padEnd(18)}${process}${colour}${status}\x1b[0m${weight.padStart(6)}${now.padStart(5)}${total.padStart(7)}${perSecond.padStart(11)}`;
  });
  return [head, ...rows, `a client asks 20 times a second; unanswered so far: ${failed}`];
}

function lastEvents({ events }: DemoView): string[] {
  const shown = events.slice(-EVENT_LINES);
  return [...shown, ...Array<string>(EVENT_LINES - shown.length).fill('')];
}

class PlainScreen implements Screen {
  private readonly before = new Map<string, string>();
  private events = 0;

  constructor(
    private readonly out: NodeJS.WritableStream,
    intro: readonly string[],
  ) {
    out.write(`${intro.join('\n')}\n`);
  }

  show(view: DemoView): void {
    for (; this.events < view.events.length; this.events++) this.out.write(`${view.events[this.events]}\n`);
    for (const server of view.servers) {
      const status = statusOf(server);
      const before = this.before.get(server.name);
      if (status === before) continue;
      this.before.set(server.name, status);
      const was = before === undefined ? '' : `, was ${before}`;
      const sessions = `${server.row.get(I_CUR_SESS)} sessions now, ${server.row.sum(C_SESSIONS)} in total`;
      this.out.write(`${server.name} ${server.address}: ${status}${was}; ${sessions}; unanswered ${view.failed}\n`);
    }
  }

  say(text: string): void {
    this.out.write(`${text}\n`);
  }
}
