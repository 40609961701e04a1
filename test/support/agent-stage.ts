/**
 * `agent-check`: one scripted agent in front of the real HAProxy and one in front of Fairlead say the same, operators
 * order the same, and statistics, server states and log lines must be the same after each step.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bed, healthLog, same } from './both.js';
import { serve } from './proxy.js';

/** What happens: the agent says something from now on, the server behaves otherwise, or an operator orders. */
export type Step =
  | { says: string | null }
  /** The agent takes the connection and says this without an end, or nothing. */
  | { mumbles: string }
  | { isWell: boolean }
  | { orders: string };

export const says = (text: string | null): Step => ({ says: text });
export const orders = (text: string): Step => ({ orders: text });

interface Stage {
  agentPort: number;
  answer: string | null;
  isMute: boolean;
  isWell: boolean;
  heard: Set<string>;
  /** How often the agent was asked. */
  asked: number;
  /** How often the server was checked. */
  checked: number;
}

async function stage(): Promise<{ stage: Stage; serverPort: number }> {
  const it: Stage = { agentPort: 0, answer: '\n', isMute: false, isWell: true, heard: new Set(), asked: 0, checked: 0 };
  const agent = await serve((socket) => {
    it.asked++;
    socket.on('data', (data) => it.heard.add(data.toString()));
    if (it.isMute) socket.write(it.answer ?? '');
    else if (it.answer === null)
      setTimeout(() => socket.resetAndDestroy(), 10); // once the other side knows it is connected
    else socket.end(it.answer);
  });
  const server = await serve((socket) => {
    it.checked++;
    socket.write(it.isWell ? 'A' : 'B');
  });
  agent.server.unref();
  server.server.unref();
  it.agentPort = agent.port;
  return { stage: it, serverPort: server.port };
}

function config(port: number, serverPort: number, agentPort: number, server: string, extra: string): string {
  // An agent that never ends its line is given up after this long; otherwise a busy machine must not look like one.
  const patience = extra.includes('impatient') ? '300ms' : '2s';
  return `global
  stats socket {SOCK} level admin
  log {LOG} local0
  max-spread-checks 100
defaults
  mode tcp
  log global
  ${extra}
  timeout connect 1s
  timeout client 1s
  timeout server 1s
  timeout check ${patience}
frontend f
  bind 127.0.0.1:${port}
backend b
  option tcp-check
  tcp-check connect
  tcp-check expect min-recv 1 string A
  server s 127.0.0.1:${serverPort} weight 100 maxconn 50 inter 100 rise 1 fall 1 agent-check agent-port ${agentPort} agent-inter 50 ${server}
backend t
  server t 127.0.0.1:1 track b/s`;
}

const COLUMNS = [
  ...['status', 'weight', 'slim', 'check_status', 'agent_status', 'agent_code', 'last_agt'],
  ...['agent_desc', 'agent_rise', 'agent_fall', 'agent_health', 'check_health'],
];

/** What both must show; `*` (under way) comes and goes, and so does the text meanwhile. */
async function show({ proxy }: Bed, agentPort: number): Promise<unknown[]> {
  const [header, ...lines] = (await proxy.ask('show stat')).split('\n');
  const names = header.replace('# ', '').split(',');
  const found: unknown[] = [];
  for (const line of lines.filter((each) => /^(b,s|t,t),/.test(each))) {
    const values = [...line.matchAll(/("(?:[^"]|"")*"|[^,]*),/g)].map((match) => match[1]);
    const row = Object.fromEntries(names.map((name, i) => [name, values[i]]));
    found.push(line.startsWith('t') ? row.status : COLUMNS.map((name) => `${name}=${row[name]?.replace('* ', '')}`));
  }
  const state = (await proxy.ask('show servers state b')).split('\n')[2].split(' ');
  found.push([5, 6, 7, 8, 23].map((i) => state[i]));
  if (state[6] === '1')
    found.push('in maintenance'); // a check that ends then moves the counter, or not
  else found.push(state[12]);
  found.push(Number(state[14]) & ~1, state[24] === String(agentPort) ? 'PORT' : state[24]);
  const isAsking = lines.some((line) => line.startsWith('b,s,') && line.includes(',* '));
  found.push(isAsking || (Number(state[14]) & 1) === 1);
  return found;
}

/** Until the first check and the first question are over. */
async function begun({ proxy }: Bed): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const answer = await proxy.ask('show stat').catch(() => ''); // its socket may be there before it listens
    const line = answer.split('\n').find((each) => each.startsWith('b,s,'));
    if (line !== undefined && !/,(\* )?INI,/.test(line)) return;
    await sleep(20);
  }
  throw new Error('the server was never checked');
}

/** Until two looks in a row are alike, no question is under way, and no answer of before can be. */
async function settled(bed: Bed, it: Stage, askedBefore: number): Promise<unknown[]> {
  const { agentPort } = it;
  // With the second question the answer to the first has been heard; an agent that cannot be asked is not waited for.
  for (let i = 0; i < 40 && it.asked < askedBefore + 2; i++) await sleep(20);
  let last = '';
  for (let i = 0; i < 100; i++) {
    const now = await show(bed, agentPort);
    if (JSON.stringify(now) === last && now.at(-1) === false) return now.slice(0, -1);
    last = JSON.stringify(now);
    await sleep(25);
  }
  return (JSON.parse(last) as unknown[]).slice(0, -1);
}

export function play(name: string, steps: readonly Step[], server = 'check', extra = 'option log-health-checks'): void {
  same({
    name,
    prepare: async (port) => {
      const { stage: it, serverPort } = await stage();
      return { text: config(port, serverPort, it.agentPort, server, extra), state: it };
    },
    scenario: async (bed, it) => {
      const told: unknown[] = [];
      await begun(bed);
      let read = (await healthLog(bed.proxy, 50)).length;
      const note = async (what: string, askedBefore: number, answer?: string) => {
        told.push([what, answer, await settled(bed, it, askedBefore)]);
        const lines = await healthLog(bed.proxy, 0);
        told.push([`log after ${what}`, lines.slice(read)]);
        read = lines.length;
        told.push([`heard after ${what}`, [...it.heard]]);
        it.heard.clear();
      };
      for (const step of steps)
        if ('orders' in step) {
          const answer = await bed.proxy.ask(step.orders.replace('{AGENT}', String(it.agentPort)));
          await note(step.orders, it.asked, answer);
        } else {
          if ('isWell' in step) {
            it.isWell = step.isWell;
            const before = it.checked;
            for (let i = 0; i < 100 && it.checked < before + 2; i++) await sleep(20);
          } else {
            it.isMute = 'mumbles' in step;
            it.answer = 'mumbles' in step ? step.mumbles : step.says;
          }
          await note(JSON.stringify(step), it.asked);
        }
      return told;
    },
  });
}
