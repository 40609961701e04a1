/** Sample fetches of the connection (manual §7.3.3). */
import { connectionErrorText } from '../../log-format/connection-errors.js';
import type { Ends, SampleContext } from '../context.js';
import { address, boolean, countProblem, type Fetch, type Fetches, integer, text } from '../fetch.js';
import { castOf, type IpValue } from '../values.js';
import { receivedRequest } from './messages.js';

export const CONNECTION: Fetches = {
  src: side('source'),
  dst: side('destination'),
  fc_src: address((c) => ipOf('source', endsOf(c))),
  fc_dst: address((c) => ipOf('destination', endsOf(c))),
  // No port (unix sockets) is no value, and matches nothing.
  src_port: integer((c) => c.sourcePort || undefined),
  dst_port: integer((c) => c.destinationPort || undefined),
  fc_src_port: integer((c) => endsOf(c).sourcePort || undefined),
  fc_dst_port: integer((c) => endsOf(c).destinationPort || undefined),
  src_is_local: boolean((c) => isLoopback(c.sourceFamily, c.source)),
  dst_is_local: boolean((c) => isLoopback(c.destinationFamily, c.destination)),
  fc_src_is_local: boolean((c) => isLoopback(endsOf(c).sourceFamily, endsOf(c).source)),
  fc_dst_is_local: boolean((c) => isLoopback(endsOf(c).destinationFamily, endsOf(c).destination)),
  // There is no TLS here: it ends in front, or passes through.
  ssl_fc: boolean(() => false),
  ssl_bc: boolean(() => false),
  fc_err: integer((c) => c.connectionError),
  fc_err_str: text((c) => connectionErrorText(c.connectionError)),
  fc_rcvd_proxy: boolean((c) => c.receivedProxy),
  fc_http_major: integer((c) => (c.http === null ? undefined : 1)),
  dst_conn: integer((c) => c.frontendConnections),
  fe_name: text((c) => c.frontendName),
  fe_id: integer((c) => c.frontendId),
  so_name: text((c) => c.listenerName),
  so_id: integer((c) => c.listenerId),
  // Before a backend is chosen it is the frontend, as in HAProxy.
  be_name: text((c) => (isJudged(c) ? c.backendName || c.frontendName : undefined)),
  be_id: integer((c) => (isJudged(c) ? c.backendId || c.frontendId : undefined)),
  srv_name: text((c) => c.serverName || undefined),
  srv_id: integer((c) => c.serverId || undefined),
  bc_dst: address((c) => castOf('string', 'ip')?.(c.logRecord().serverIp) as IpValue | undefined),
  bc_dst_port: integer((c) => c.logRecord().serverPort || undefined),
  bc_http_major: integer((c) => (c.http === null || c.serverId === 0 ? undefined : 1)),
  fe_client_timeout: integer((c) => c.timeout('client', false)),
  be_server_timeout: integer((c) => c.timeout('server', false)),
  be_tunnel_timeout: integer((c) => c.timeout('tunnel', false)),
  cur_server_timeout: integer((c) => c.timeout('server', true)),
  cur_tunnel_timeout: integer((c) => c.timeout('tunnel', true)),
  'unique-id': text((c) => c.http?.uniqueId ?? undefined),
};

/** A request that could not be read belongs to nobody. */
function isJudged(c: SampleContext): boolean {
  return c.http === null || receivedRequest(c) !== null;
}

/** An address is copied: the context's bytes are another client's soon. */
function side(which: 'source' | 'destination'): Fetch {
  return {
    kind: 'ip',
    make: (args) =>
      countProblem(args, 0, 0) ?? {
        side: which,
        read: (c) => ipOf(which, c),
      },
  };
}

/** What a connection says of itself does not change with `set-src` and its kin. */
function endsOf(c: SampleContext): Ends {
  return c.connectionEnds ?? c;
}

function ipOf(which: 'source' | 'destination', ends: Ends): IpValue | undefined {
  const family = which === 'source' ? ends.sourceFamily : ends.destinationFamily;
  const bytes = which === 'source' ? ends.source : ends.destination;
  return family === 0 ? undefined : { family, bytes: bytes.slice(0, family === 4 ? 4 : 16) };
}

/** The loopback addresses. Which others this host holds is not known here. */
function isLoopback(family: 0 | 4 | 6, bytes: Uint8Array): boolean {
  if (family === 4) return bytes[0] === 127;
  if (family === 0) return false;
  for (let i = 0; i < 15; i++) if (bytes[i] !== 0) return false;
  return bytes[15] === 1;
}
