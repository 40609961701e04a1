/** Asks the controller software which node leads: runs its client, and reads the table that it prints. */
import type { AgentEndpoint } from '../config/model.js';
import type { Source } from './asker.js';
import type { Command, Outcome, Run } from './command.js';
import { parseControllers, roleAmong } from './controller-list.js';
import { type Finding, undecided } from './finding.js';

export const DEFAULT_COMMAND = ['s9s', 'controller', '--list', '--long'] as const;

/** Where cmon keeps the addresses it serves; the script we stand in for finds its own there. */
const CMON_SETTINGS = '/etc/default/cmon';

export interface ControllerWorld {
  run(command: Command, timeoutMs: number, done: (outcome: Outcome) => void): Run;
  read(path: string): string | undefined;
  /** Name of this host, and the addresses of its interfaces. */
  addresses(): string[];
  now(): number;
}

export class ControllerSource implements Source {
  private run: Run | null = null;

  constructor(
    private readonly endpoint: AgentEndpoint,
    private readonly command: Command,
    private readonly timeoutMs: number,
    private readonly world: ControllerWorld,
  ) {}

  find(done: (finding: Finding) => void): void {
    this.run = this.world.run(this.command, this.timeoutMs, (outcome) => done(this.judge(outcome)));
  }

  close(): void {
    this.run?.cancel();
  }

  private judge(outcome: Outcome): Finding {
    const now = this.world.now();
    if (!outcome.ok) return undecided(outcome.reason, now);
    // s9s answers 0 even where the controller said no; the table alone decides.
    const controllers = parseControllers(outcome.stdout.toString('utf8'));
    if (typeof controllers === 'string')
      return undecided(`${this.command.argv[0]} ended with ${outcome.code}: ${controllers}`, now);
    const { role, reason } = roleAmong(controllers, this.ownNames());
    return { ...undecided(reason, now), state: role, isOk: role === 'leader' };
  }

  private ownNames(): string[] {
    const { nodes } = this.endpoint;
    if (nodes !== undefined && nodes.length > 0) return nodes;
    const configured = configuredAddresses(this.world.read(CMON_SETTINGS) ?? '');
    return configured.length > 0 ? configured : this.world.addresses();
  }
}

/** `RPC_BIND_ADDRESSES="127.0.0.1,10.0.0.101"`: the first that is not loopback, as the script has it. */
function configuredAddresses(text: string): string[] {
  const line = text.split('\n').find((each) => /^\s*(export\s+)?RPC_BIND_ADDRESSES\s*=/.test(each)) ?? '';
  const found = line.match(/\d{1,3}(\.\d{1,3}){3}/g) ?? [];
  return found.filter((address) => !address.startsWith('127.') && address !== '0.0.0.0').slice(0, 1);
}
