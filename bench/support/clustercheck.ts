/**
 * What the seeds run under xinetd for every poll: a shell, a client for each question, and the little programs that
 * pick the answer out. Written anew for the benchmark, with the work of the original: two questions, two clients.
 */
import { writeFileSync } from 'node:fs';
import { LOGIN } from '../../lab/support/loopback-databases.js';
import type { Sandbox } from '../../lab/support/sandbox.js';
import { run } from '../../lab/support/sandbox.js';

/** @returns path of the script */
export function writeClusterCheck(sandbox: Sandbox, port: number): string {
  const path = sandbox.path('clustercheck');
  const login = `--user=${LOGIN.user} --password=${LOGIN.password} --host=127.0.0.1 --port=${port} --protocol=tcp`;
  const client = `mysql -nNE --connect-timeout=10 ${login}`;
  const text = `#!/bin/bash
state=$(${client} -e "SHOW STATUS LIKE 'wsrep_local_state';" 2>/dev/null | tail -1 2>/dev/null)
if [[ "$state" == 4 ]]; then
  read_only=$(${client} -e "SHOW GLOBAL VARIABLES LIKE 'read_only';" 2>/dev/null | tail -1 2>/dev/null)
  if [[ "$read_only" == OFF ]]; then
    body=$'Percona XtraDB Cluster Node is synced.\\r\\n'
    printf 'HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n%s' "\${#body}" "$body"
    sleep 0.1
    exit 0
  fi
fi
printf 'HTTP/1.1 503 Service Unavailable\\r\\nConnection: close\\r\\n\\r\\n'
exit 1
`;
  writeFileSync(path, text, { mode: 0o755 });
  return path;
}

/** Runs it `times` times, one after the other. @returns ms of CPU of all that it started, by run */
export function clusterCheckCpuMs(script: string, times: number): number {
  // `times` prints user and system time of the shell, then of its children: 0m1.234s 0m0.567s
  const loop = `for ((n = 0; n < ${times}; n++)); do ${script} >/dev/null || exit 1; done; times`;
  const children = run('bash', ['-c', loop]).trim().split('\n')[1];
  const parts = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds),
  );
  return (parts.reduce((sum, seconds) => sum + seconds, 0) * 1000) / times;
}
