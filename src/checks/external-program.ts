/** What the program of an external check is told: four arguments, and an environment of nothing else (manual §4.2). */
import type { Bind, Proxy, Server } from '../config/model.js';
import type { ExternalProgram } from '../core/messages.js';
import * as T from '../core/table.js';
import { AF_INET } from '../linux/constants.js';
import { ipText } from '../linux/sockaddr.js';

/** Stands for an argument that there is none for. */
const NOT_USED = 'NOT_USED';

interface Place {
  readonly address: string;
  readonly port: string;
}

export function externalProgram(proxy: Proxy, server: Server, row: T.Row): ExternalProgram {
  const front = placeOf(proxy.binds[0]);
  const back = serverPlace(server, row);
  const { command = '', path = '' } = proxy.check.builtin ?? {};
  const env = {
    HAPROXY_PROXY_ADDR: front.address,
    HAPROXY_PROXY_ID: String(proxy.id),
    HAPROXY_PROXY_NAME: proxy.name,
    HAPROXY_PROXY_PORT: front.port,
    HAPROXY_SERVER_ADDR: back.address,
    HAPROXY_SERVER_CURCONN: String(row.get(T.I_CUR_SESS)),
    HAPROXY_SERVER_ID: String(server.id),
    HAPROXY_SERVER_MAXCONN: String(row.get(T.I_MAXCONN)),
    HAPROXY_SERVER_NAME: server.name,
    HAPROXY_SERVER_PORT: back.port,
    HAPROXY_SERVER_PROTO: 'tcp',
    HAPROXY_SERVER_SSL: '0',
    PATH: path,
  };
  return { command, args: [front.address, front.port, back.address, back.port].map((arg) => arg || NOT_USED), env };
}

/** The first listener; nothing for a proxy without one. */
function placeOf(bind: Bind | undefined): Place {
  const at = bind?.address;
  if (at?.kind === 'inet') return { address: hostText(at.host, at.family), port: String(at.port) };
  return { address: at?.kind === 'unix' ? at.path : '', port: '' };
}

function hostText(host: string, family: number): string {
  if (host !== '' && host !== '*') return host;
  return family === 6 ? '::' : '0.0.0.0';
}

/** Where the server is now; not where its checks go (`addr`, `port`). */
function serverPlace({ address }: Server, row: T.Row): Place {
  if (address.kind === 'unix') return { address: address.path, port: '' };
  if (address.kind !== 'inet' || row.get(T.S_ADDR_FAMILY) === 0) return { address: '', port: '' };
  const words = Int32Array.from([0, 1, 2, 3], (i) => row.get(T.S_ADDR_WORDS + i));
  const family = row.get(T.S_ADDR_FAMILY) === AF_INET ? 4 : 6;
  return { address: ipText(family, new Uint8Array(words.buffer)), port: String(row.get(T.S_ADDR_PORT)) };
}
