/** System tests that need other programs (a real HAProxy, MariaDB, network namespaces): run, fail, or say they did not. */
import { type TestFn, test } from 'node:test';

interface PeersModule {
  readonly PEERS: { readonly [command: string]: string };
  findCommand(command: string): string | undefined;
}

// The list lives in scripts/, which runs before anything is compiled; dist/test/support is three levels down.
const peers = (await import(new URL('../../../scripts/peers.mjs', import.meta.url).href)) as PeersModule;

interface Needs {
  /** Commands, each listed in scripts/peers.mjs. */
  readonly commands: readonly string[];
  /** Network namespaces, raised limits. */
  readonly root?: boolean;
  readonly timeoutMs?: number;
}

/**
 * A test that runs where its programs are. Where they are not: a failure if FAIRLEAD_REQUIRE_PEERS=1, else a skip
 * that names the packages.
 */
export function systemTest(name: string, needs: Needs, fn: TestFn): void {
  const lacking = whatLacks(needs);
  const options = { timeout: needs.timeoutMs ?? 60_000 };
  if (lacking === null) test(name, options, fn);
  else if (process.env.FAIRLEAD_REQUIRE_PEERS === '1')
    test(name, () => {
      throw new Error(`could not run: ${lacking}`);
    });
  else test(name, { skip: `NOT RUN: ${lacking}` }, fn);
}

/** @returns where a peer's command is, if it is installed */
export const findPeer = peers.findCommand;

function whatLacks(needs: Needs): string | null {
  if (needs.root === true && process.getuid?.() !== 0) return 'must be root (network namespaces)';
  const missing = needs.commands.filter((command) => peers.findCommand(command) === undefined);
  if (missing.length === 0) return null;
  const packages = [...new Set(missing.map((command) => peers.PEERS[command] ?? command))];
  return `${missing.join(', ')} missing; install with: apt-get install ${packages.join(' ')}`;
}
