/** What HAProxy's command line prints about itself: scripts look for some of these words. */

import { RELEASE_DATE, REPORTED_VERSION, VERSION } from '../../control/version.js';

/** First line as tools parse it; the second says who answers. */
export function versionText(): string {
  return [
    `HAProxy version ${REPORTED_VERSION} ${RELEASE_DATE}`,
    `This is Fairlead ${VERSION}, which takes HAProxy's command line and configuration in its place; it is not HAProxy.`,
    `Running on: Node.js ${process.version} ${process.platform} ${process.arch}`,
  ].join('\n');
}

export function buildText(): string {
  return [
    versionText(),
    '',
    'Feature list : +ACCEPT4 +EPOLL +GETADDRINFO +LINUX_SPLICE +LINUX_TPROXY +SYSTEMD +TFO +THREAD +TPROXY -LUA -OPENSSL -PCRE -QUIC',
    '',
    'Built with multi-threading support (MAX_THREADS=64).',
    'Built with transparent proxy support using: IP_TRANSPARENT IPV6_TRANSPARENT IP_FREEBIND',
    '',
    'Available polling systems :',
    '      epoll : pref=300,  test result OK',
    'Total: 1 (1 usable), will use epoll.',
  ].join('\n');
}

export const USAGE = `Usage : haproxy [-f <cfgfile|cfgdir>]* [ -vdVD ] [ -n <maxconn> ] [ -N <maxpconn> ]
        [ -p <pidfile> ] [ -C <dir> ] [-- <cfgfile>*]
        -f  configuration file, or directory whose *.cfg files are read; may be repeated
        --  everything behind it is a configuration file
        -c  check the configuration and exit; 0 = valid
        -cc <condition>  evaluate an '.if' condition; 0 = true, 1 = false, 2 = error
        -v  version ; -vv also what it can do
        -D  run in the background ; -db never ; -d the same
        -W  master-worker mode: SIGUSR2 reloads ; -Ws also tells systemd
        -S <bind>[,<options>...]  master command line (with -W)
        -p <file>  write the process id there
        -sf/-st [pid ]*  take over from these processes and let them finish / end them
        -x <unix socket>  take the listening sockets over from a stats socket
        -n <number>  connections in total ; -N <number> per proxy, unless written
        -C <dir>  change directory first ; -L <name> local peer name
        -q  print nothing ; -V  print more
        -dW  fail on any warning ; -dS no splice ; -dR no SO_REUSEPORT
        -m -dM -dD -dG -dK -dL -dr -dV -de -dp  accepted, without effect`;
