/**
 * What each node said of itself over time, asked every 100 ms over its unix socket: when an attempt fails, this tells
 * whether the database or the proxy was the reason.
 */
import { connectMysql, type MysqlConnection } from '../support/mysql-session.js';
import { sleep } from '../support/wait.js';
import type { GaleraNode } from './node.js';

interface Change {
  readonly atMs: number;
  readonly node: string;
  readonly state: string;
}

const EVERY_MS = 100;
/** A node that does not answer in this time says `silent`. */
const ANSWER_TIMEOUT_MS = 500;
/** Flow control stops all writes of the group: share of the time since the last question, from which it is worth a line. */
const PAUSED_SHARE_MIN = 0.2;

const QUESTION = `SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_local_state_comment', 'wsrep_cluster_status',
  'wsrep_cluster_size', 'wsrep_ready', 'wsrep_flow_control_paused_ns', 'wsrep_desync_count')`;

export class StateLog {
  readonly changes: Change[] = [];
  #running = true;
  readonly #watches: Promise<void>[];

  constructor(nodes: readonly GaleraNode[]) {
    this.#watches = nodes.map((node) => this.#watch(node));
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#watches);
  }

  /** @returns one line for each change in a stretch, times from its start */
  between(fromMs: number, toMs: number): string[] {
    return this.changes
      .filter(({ atMs }) => atMs >= fromMs && atMs <= toMs)
      .map(({ atMs, node, state }) => `  ${((atMs - fromMs) / 1000).toFixed(2).padStart(6)} s  ${node}: ${state}`);
  }

  async #watch(node: GaleraNode): Promise<void> {
    const question = new Question(node.socket);
    for (let last = ''; this.#running; await sleep(EVERY_MS)) {
      const state = await question.ask();
      if (state !== last) this.changes.push({ atMs: Date.now(), node: node.name, state });
      last = state;
    }
    question.close();
  }
}

class Question {
  #connection: MysqlConnection | undefined;
  #pausedNs = 0;
  #askedAtMs = Date.now();

  constructor(readonly socketPath: string) {}

  close(): void {
    this.#connection?.hangUp();
    this.#connection = undefined;
  }

  async ask(): Promise<string> {
    try {
      return await this.#ask();
    } catch (error) {
      this.close();
      const { code = '' } = error as { code?: string };
      return ['ECONNREFUSED', 'ENOENT', 'ER_SOCKET_UNEXPECTED_CLOSE'].includes(code) ? 'not running' : 'silent';
    }
  }

  async #ask(): Promise<string> {
    this.#connection ??= await connectMysql({ path: this.socketPath }, { user: 'root' }, ANSWER_TIMEOUT_MS);
    const rows = (await this.#connection.query(QUESTION)) as { Variable_name: string; Value: string }[];
    return this.#describe(new Map(rows.map((row) => [row.Variable_name, row.Value])));
  }

  #describe(values: ReadonlyMap<string, string>): string {
    const value = (name: string) => values.get(`wsrep_${name}`) ?? '?';
    const pausedNs = Number(value('flow_control_paused_ns'));
    const nowMs = Date.now();
    const share = (pausedNs - this.#pausedNs) / 1e6 / Math.max(1, nowMs - this.#askedAtMs);
    this.#pausedNs = pausedNs;
    this.#askedAtMs = nowMs;
    const notes = [
      value('cluster_status') === 'Primary' ? '' : `, ${value('cluster_status')}`,
      value('ready') === 'ON' ? '' : ', not ready',
      value('desync_count') === '0' ? '' : ', desynced',
      share >= PAUSED_SHARE_MIN ? ', writes paused by flow control' : '',
    ];
    return `${value('local_state_comment')} in a group of ${value('cluster_size')}${notes.join('')}`;
  }
}
