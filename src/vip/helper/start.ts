/** How the helper is started: what it needs of its surroundings, which is little. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const HELPER_MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
/** For looking at files: so many file servers may hang before the others wait for them. */
const POOL_THREADS = '16';

/**
 * A process in a session of its own: a terminal's signals do not reach it.
 * @param link one end of a stream socket pair (close this process's copy afterwards), or 'pipe' to have one made
 */
export function startHelper(link: number | 'pipe'): ChildProcess {
  const stdio: StdioOptions = ['ignore', 'ignore', 'inherit', link];
  const env = { PATH: process.env.PATH, UV_THREADPOOL_SIZE: POOL_THREADS };
  return spawn(process.execPath, [HELPER_MAIN], { stdio, env, cwd: '/', detached: true });
}
