/** The server behind the proxies. It answers everyone with the address that asked, which tells one proxy from another. */
import { createServer } from 'node:net';
import { answer } from './probe.js';

export function serveBackend({ ports }: { readonly ports: readonly number[] }): void {
  for (const port of ports) createServer(answer).listen(port, '0.0.0.0');
}
