/** What keepalived's command line prints about itself: exporters look at the first line of the version. */
import { VERSION } from '../../control/version.js';

/** The keepalived whose configuration and files are taken. */
const KEEPALIVED_VERSION = '2.2.7';

export function versionText(): string {
  return [
    `Keepalived v${KEEPALIVED_VERSION} (Fairlead ${VERSION})`,
    '',
    `This is Fairlead ${VERSION}, which takes keepalived's command line and configuration in its place; it is not keepalived.`,
    `Running on Node.js ${process.version} ${process.platform} ${process.arch}`,
    '',
    'Config options:  VRRP VRRP_AUTH VRRP_VMAC JSON',
  ].join('\n');
}

export const USAGE = `Usage: keepalived [OPTION...]
  -f, --use-file=FILE      configuration file (default /etc/keepalived/keepalived.conf)
  -t, --config-test[=FILE] check the configuration and exit: 0 good, 4 cannot be read, 5 wrong, 6 script security;
                           complaints go to standard error, or to FILE
  -n, --dont-fork          stay in the foreground
  -l, --log-console        log to the terminal, too
  -S, --log-facility=N     syslog facility: 0 to 7, local0 to local7, user or daemon (default)
  -g, --log-file=FILE      log to FILE, too: _vrrp stands before its last dot
  -G, --no-syslog          not to syslog
  -p, --pid=FILE           pid file (default /run/keepalived.pid)
  -r, --vrrp_pid=FILE      second pid file (default /run/vrrp.pid): the same process
  -i, --config-id=ID       what lines that begin with @ID are for (default: the host's name)
  -s, --namespace=NAME     run in that network namespace
  -e, --all-config         a file that is missing is an error
  -u, --umask=MASK         of the files that signals write (default 0177)
  -d, --dump-conf          print the configuration as it was understood
      --signum=NAME        print the number of a signal: STOP RELOAD DATA STATS STATS_CLEAR JSON
  -v, --version ; -h, --help
  -P -D -B -X -R -a --all --flush-log-file --no-mem-check   accepted: so it is anyway
  -c -b -I -m -M --perf --debug                             accepted, without effect
  -C -T                    refused: there is no IPVS and no genhash here
  -V -x -A                 left out, which is said: addresses never stay behind, and there is no SNMP

Signals: HUP reloads, TERM and INT stop, USR1 writes /tmp/keepalived.data, USR2 /tmp/keepalived.stats,
         JSON /tmp/keepalived.json, STATS_CLEAR the statistics, which then begin at 0`;
