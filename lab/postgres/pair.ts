/** A primary and its streaming standby, and who may take writes since when; what a failover manager does to them. */
import { randomBytes } from 'node:crypto';
import type { Reign } from '../support/measure.js';
import type { Sandbox } from '../support/sandbox.js';
import { until } from '../support/wait.js';
import { SERVERS } from './network.js';
import { PostgresNode } from './node.js';
import { ACCOUNTS } from './node-config.js';

const CATCH_UP_TIMEOUT_MS = 20_000;

export class Pair {
  readonly nodes: readonly PostgresNode[];
  readonly password = randomBytes(12).toString('hex');
  readonly reigns: Reign[] = [];
  #primary: PostgresNode;

  constructor(sandbox: Sandbox, namespaces: ReadonlyMap<string, string>) {
    this.nodes = SERVERS.map((name, n) => new PostgresNode(sandbox, namespaces.get(name)!, name, n));
    this.#primary = this.nodes[0];
  }

  get primary(): PostgresNode {
    return this.#primary;
  }

  get standby(): PostgresNode {
    return this.nodes.find((node) => node !== this.#primary)!;
  }

  /** From nothing to a primary that streams to its standby. @param tables one for each writer */
  async start(tables: readonly string[]): Promise<void> {
    this.primary.initialize();
    this.primary.start();
    await this.primary.waitReady();
    await this.#createAccounts();
    for (const table of tables) await this.primary.query(`CREATE TABLE ${table} (id BIGINT PRIMARY KEY)`);
    await this.primary.query(`GRANT ALL ON ALL TABLES IN SCHEMA lab TO ${ACCOUNTS.writer}`);
    this.reigns.push({ server: this.primary.name, fromMs: Date.now(), toMs: null });
    await this.rebuildStandby();
    for (const node of this.nodes) node.startCheckService();
  }

  async #createAccounts(): Promise<void> {
    const { writer, replication, health, fairlead } = ACCOUNTS;
    await this.primary.query('CREATE SCHEMA lab');
    await this.primary.query(`CREATE ROLE ${writer} LOGIN`);
    await this.primary.query(`GRANT USAGE ON SCHEMA lab TO ${writer}`);
    await this.primary.query(`CREATE ROLE ${replication} LOGIN REPLICATION`);
    await this.primary.query(`CREATE ROLE ${health} LOGIN`);
    await this.primary.query(`CREATE ROLE ${fairlead} LOGIN PASSWORD '${this.password}'`);
    for (const name of [writer, health, fairlead]) await this.primary.query(`CREATE DATABASE ${name}`);
  }

  /** Makes the other server a standby by a fresh copy, whatever it was. */
  async rebuildStandby(): Promise<void> {
    const { standby } = this;
    await standby.end('SIGQUIT');
    standby.setSynchronous(false);
    standby.copyFrom(this.primary);
    await this.#follow(standby);
    this.primary.setSynchronous(true);
  }

  async #follow(standby: PostgresNode): Promise<void> {
    standby.start();
    await standby.waitReady();
    await this.primary.waitStreaming(standby);
  }

  /**
   * The primary is lost: the standby takes over, whatever became of the old one. The old one is told to commit alone
   * from now on: a primary that waits for its standby for ever would harm nobody, and prove nothing.
   * @returns when the new primary took writes, epoch ms
   */
  async failOver(): Promise<number> {
    const [old, next] = [this.primary, this.standby];
    const ableMs = await next.promote();
    this.#crown(next, ableMs);
    old.setSynchronous(false);
    return ableMs;
  }

  /** A planned change of roles: the primary ends in good order, the standby has everything and takes over. */
  async switchOver(): Promise<number> {
    const [old, next] = [this.primary, this.standby];
    await old.end('SIGINT');
    const ableMs = await next.promote();
    this.#crown(next, ableMs);
    return ableMs;
  }

  /** After `switchOver`: the old primary comes back as a standby, from where it stopped; no commit waits for it yet. */
  async followAgain(): Promise<void> {
    const { standby } = this;
    standby.setSynchronous(false);
    standby.becomeStandbyOf(this.primary);
    await this.#follow(standby);
  }

  #crown(node: PostgresNode, ableMs: number): void {
    const last = this.reigns.length - 1;
    this.reigns[last] = { ...this.reigns[last], toMs: ableMs };
    this.reigns.push({ server: node.name, fromMs: ableMs, toMs: null });
    this.#primary = node;
  }

  /** Every id of a table that the primary holds. */
  async heldIds(table: string): Promise<Set<number>> {
    const rows = await until(`${this.primary.name} answers`, CATCH_UP_TIMEOUT_MS, async () => {
      const answer = await this.primary.query(`SELECT id FROM ${table}`).catch(() => undefined);
      return answer;
    });
    return new Set(rows.map((row) => Number(row[0])));
  }
}
