/** The server behind every proxy: one nginx worker, three bytes for `/`, a big sparse file for `/big`. */
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { freePort } from '../../lab/support/ports.js';
import type { Sandbox } from '../../lab/support/sandbox.js';
import { untilListening } from './ports.js';

const BIG_BYTES = 1024 ** 3;

/** Descriptors for proxies and backend: as many as this process may give away, within reason. */
export const DESCRIPTORS = Math.min(65_536, hardLimit());

function hardLimit(): number {
  const line = /^Max open files +(\d+) +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return Number(line?.[2] ?? 1024);
}

/** @returns its port on 127.0.0.1 */
export async function startBackend(sandbox: Sandbox): Promise<number> {
  const port = await freePort();
  const dir = sandbox.path('backend');
  mkdirSync(dir);
  const big = openSync(`${dir}/big`, 'w');
  ftruncateSync(big, BIG_BYTES);
  closeSync(big);
  writeFileSync(`${dir}/nginx.conf`, configuration(dir, port));
  startNginx(sandbox, dir);
  await untilListening(port, 'the backend');
  return port;
}

/** Starts nginx on `dir/nginx.conf` in the foreground. */
export function startNginx(sandbox: Sandbox, dir: string): ReturnType<Sandbox['start']> {
  const args = ['-p', dir, '-c', `${dir}/nginx.conf`, '-e', `${dir}/error.log`];
  return sandbox.start('prlimit', [`--nofile=${DESCRIPTORS}`, 'nginx', ...args], { log: 'nginx.log' });
}

/** `master_process off`: one process, so that its CPU time is the worker's. */
export function nginxHead(dir: string): string {
  return `daemon off;
master_process off;
pid ${dir}/nginx.pid;
events { worker_connections ${DESCRIPTORS}; }
`;
}

function configuration(dir: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `${nginxHead(dir)}http {
  access_log off;
  sendfile on;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  client_header_timeout 600s;
  ${temporary.map((name) => `${name}_temp_path ${dir}/${name};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / { return 200 "ok\\n"; }
    location /big { root ${dir}; }
  }
}
`;
}
