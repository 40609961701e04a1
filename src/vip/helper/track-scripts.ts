/**
 * Track scripts: each is run every interval, counted from start to start, one run at a time; what it says is counted by
 * rise and fall, and told when up becomes down or the other way round. How a failure is weighed is not known here.
 */
import type { TrackScript } from '../../config/model.js';
import { DEFAULT_SCRIPT_INTERVAL_MS, scriptTimeoutMs } from '../../config/vip-defaults.js';
import { type ScriptState, scriptResult, scriptStart } from '../../core/vrrp/script.js';
import type { Launcher } from './launcher.js';
import { type Outcome, outcomeText, type Running } from './program-group.js';

/** @param why what the last run said; '' where there was none */
export type TellScript = (name: string, up: boolean, why: string) => void;

export class TrackScripts {
  private readonly scripts = new Map<string, Script>();

  constructor(
    private readonly launcher: Launcher,
    private readonly tell: TellScript,
    private readonly now: () => number,
  ) {}

  /** Those that are written as before go on. */
  apply(definitions: readonly TrackScript[]): void {
    const wanted = new Map(definitions.filter(({ means }) => means === undefined).map((each) => [each.name, each]));
    for (const [name, script] of this.scripts) {
      if (wanted.has(name) && sameScript(wanted.get(name)!, script.definition)) continue;
      script.stop();
      this.scripts.delete(name);
    }
    for (const [name, definition] of wanted) {
      if (this.scripts.has(name)) continue;
      const script = new Script(definition, this.launcher, this.tell, this.now);
      this.scripts.set(name, script);
      script.run();
    }
  }

  /** All that is known, once more. */
  tellAll(): void {
    for (const script of this.scripts.values()) script.tellAgain();
  }

  stop(): void {
    for (const script of this.scripts.values()) script.stop();
    this.scripts.clear();
  }
}

/** Weight and direction do not change what is run. */
function sameScript(a: TrackScript, b: TrackScript): boolean {
  const essence = ({ program, intervalMs, timeoutMs, rise, fall, initFail }: TrackScript) =>
    JSON.stringify([program.command, program.user, program.group, intervalMs, timeoutMs, rise, fall, initFail]);
  return essence(a) === essence(b);
}

class Script {
  private state: ScriptState;
  private why: string;
  private running: Running | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor(
    readonly definition: TrackScript,
    private readonly launcher: Launcher,
    private readonly tell: TellScript,
    private readonly now: () => number,
  ) {
    this.state = scriptStart(definition.initFail === true);
    this.why = definition.initFail === true ? 'init_fail' : '';
  }

  run(): void {
    const { name, program, intervalMs = DEFAULT_SCRIPT_INTERVAL_MS } = this.definition;
    const startedMs = this.now();
    this.running = this.launcher.run(`track script ${name}`, program, {
      timeoutMs: scriptTimeoutMs(this.definition),
      endsWithLeader: true,
      done: (outcome) => this.ended(outcome),
      gone: () => {
        this.running = undefined;
        if (this.isStopped) return;
        this.timer = setTimeout(() => this.run(), Math.max(1, startedMs + intervalMs - this.now()));
      },
    });
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    this.running?.end();
  }

  tellAgain(): void {
    if (this.state.up !== null) this.tell(this.definition.name, this.state.up, this.why);
  }

  private ended(outcome: Outcome): void {
    if (this.isStopped) return;
    const before = this.state.up;
    const { rise = 1, fall = 1 } = this.definition;
    const isSuccess = outcome.kind === 'exit' && outcome.code === 0;
    this.state = scriptResult(this.state, isSuccess, rise, fall);
    if (this.state.up === before) return;
    this.why = outcomeText(outcome);
    this.tellAgain();
  }
}
