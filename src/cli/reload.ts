/** `fairlead reload [-s SOCKET]`: asks the running daemon to read its configuration again, and prints what came of it. */
import type { Command } from 'commander';
import { askSocket, chooseSocket } from '../control/stats-client.js';

export function register(program: Command): void {
  program
    .command('reload')
    .description('read the configuration again; a wrong one is refused whole and changes nothing')
    .option('-s, --socket <socket>', 'control socket: a path or HOST:PORT (default: the running daemon)')
    .action(reload);
}

async function reload(options: { socket?: string }): Promise<void> {
  try {
    const socket = await chooseSocket(options.socket);
    // No time limit: names may have to be resolved, and the answer says how it ended.
    report(await askSocket(socket, 'reload', 0));
  } catch (error) {
    fail((error as Error).message);
  }
}

/** The answer is `Success=0|1`, a line `--`, and the text. */
function report(answer: string): void {
  const [, success, text] = /^Success=([01])\n--\n?(.*)$/s.exec(answer) ?? [];
  if (success === undefined) fail(`unexpected answer: ${answer.trim() || 'none'}`);
  else if (success === '1') process.stdout.write(text);
  else {
    process.stderr.write(text);
    process.exitCode = 1;
  }
}

function fail(text: string): void {
  console.error(`fairlead reload: ${text}`);
  process.exitCode = 1;
}
