/** Runs a scenario of the lab as a user would. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../lab/main.js', import.meta.url));

interface Done {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** @param signal SIGTERM, which an abort sends, lets the lab remove its namespaces and processes */
export function runLab(args: readonly string[], signal: AbortSignal): Promise<Done> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], signal });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

export interface LabReport {
  readonly faults: readonly {
    readonly fault: string;
    readonly ways: {
      readonly fairlead: { readonly fresh: LabSeen; readonly held: LabSeen };
      readonly floor: { readonly fresh: LabSeen; readonly held: LabSeen };
    };
    readonly explained: boolean | null;
    readonly explanation: string | null;
  }[];
  readonly totals: {
    readonly fairlead: {
      readonly attempts: number;
      readonly acknowledged: number;
      readonly failed: number;
      readonly lostWrites: number;
      readonly nonPrimaryWrites: number;
      readonly staleWrites: number;
    };
  };
  readonly missed: readonly string[];
}

interface LabSeen {
  readonly gapMs: number;
  readonly afterAbleMs: number | null;
  readonly usedForMs: number | null;
  readonly failed: number;
}

/** Without a report there is nothing to judge. @throws Error with what the lab said */
export function reportOf({ code, out, err }: Done): LabReport {
  if (code !== 0 && code !== 1) throw new Error(`the lab ended with ${code}: ${err}${out}`);
  if (!out.startsWith('{')) throw new Error(`the lab gave no report: ${err}${out}`);
  return JSON.parse(out) as LabReport;
}
