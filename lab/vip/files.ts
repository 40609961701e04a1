/** The files of both stacks: those of the seed, with two hosts, and one server that says who asked. */
import { writeFileSync } from 'node:fs';
import type { Sandbox } from '../support/sandbox.js';
import { addressOf, INTERFACE, type PlaceName } from './network.js';

/** The seed's virtual IP and the port of its proxy. */
export const VIP = '10.0.0.130';
export const PROXY_PORT = 81;
const BACKEND_PORT = 443;
const CHECK_PORT = 9201;
/** Where the seed's file puts the control socket; `/run` is the host's own. */
export const CONTROL_SOCKET = '/run/haproxy.socket';

/** The seed's listener; `inter` is shorter, so that a proxy that comes back has a server again at once. */
export function proxyFile(sandbox: Sandbox, name: PlaceName): string {
  const path = sandbox.path(`${name}-haproxy.cfg`);
  writeFileSync(
    path,
    `global
    pidfile /run/haproxy.pid
    stats socket ${CONTROL_SOCKET} mode 600 level admin
    maxconn 8192
    spread-checks 3
defaults
    mode tcp
    option dontlognull
    option tcp-smart-accept
    option tcp-smart-connect
    retries 3
    option redispatch
    maxconn 8192
    timeout check 10s
    timeout queue 3500ms
    timeout connect 3500ms
    timeout client 10800s
    timeout server 10800s
listen haproxy_${PROXY_PORT}
    bind *:${PROXY_PORT}
    balance leastconn
    option httpchk
    default-server port ${CHECK_PORT} inter 2s downinter 2s rise 2 fall 2 maxconn 64 maxqueue 128 weight 100
    server backend ${addressOf('backend')}:${BACKEND_PORT} check
`,
  );
  return path;
}

/** Where the backend answers: the service, and the checks. */
export const BACKEND_PORTS = [BACKEND_PORT, CHECK_PORT] as const;

export interface Protocol {
  readonly version: 2 | 3;
  readonly intervalMs: number;
}

/** As the seed says: the file is the same on each host but for its addresses and its priority. */
export const PRIORITIES: { readonly [name in PlaceName]?: number } = { a: 102, b: 101, c: 100 };

/** @param priority of the file, to which `weight 2` is added while the proxy is well */
export function vipFile(me: PlaceName, peers: readonly PlaceName[], protocol: Protocol, priority: number): string {
  const { version, intervalMs } = protocol;
  const head = version === 2 ? '' : 'global_defs {\n  vrrp_version 3\n}\n';
  const interval = intervalMs === 1000 ? '' : `  advert_int ${intervalMs / 1000}\n`;
  return `${head}vrrp_script chk_haproxy {
  script "killall -0 haproxy" # verify the pid existance
  interval 2 # check every 2 seconds
  weight 2 # add 2 points of prio if OK
}
vrrp_instance VI_HAPROXY {
  interface ${INTERFACE} # interface to monitor
  state MASTER
  virtual_router_id 51 # Assign one ID for this route
  priority ${priority}
${interval}  unicast_src_ip ${addressOf(me)}
  unicast_peer {
${peers.map((peer) => `    ${addressOf(peer)}\n`).join('')}  }
  virtual_ipaddress {
    ${VIP} # the virtual IP
  }
  track_script {
    chk_haproxy
  }
}
`;
}
