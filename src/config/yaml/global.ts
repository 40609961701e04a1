/** The `global:` block: settings of the whole process. */
import { z } from 'zod';
import type { Address, Global, StatsSocket } from '../model.js';
import { listenAddress, socketLevel } from './address.js';
import {
  type Codec,
  count,
  duration,
  either,
  flag,
  nameOf,
  octalMode,
  oneOrMany,
  text,
  type Written,
} from './codec.js';
import { type Field, field, record } from './fields.js';
import { logTarget } from './log.js';
import { isObject, type Plain } from './source.js';

const SOCKET_REMEDY = "a control socket is a path or an address; write such as '/run/fairlead.sock'";

const socketFields: readonly Field<StatsSocket>[] = [
  field('address', 'address', listenAddress, 'Path of the socket, or HOST:PORT.'),
  field('level', 'level', socketLevel, 'What its users may do; operator where nothing is written.'),
  field('mode', 'mode', octalMode, 'Permissions of the socket file, octal.'),
  field('user', 'user', text, 'Owner of the socket file.'),
  field('group', 'group', text, 'Group of the socket file.'),
  field('uid', 'uid', count(), 'Owner of the socket file, as a number.'),
  field('gid', 'gid', count(), 'Group of the socket file, as a number.'),
  field('expose-fd-listeners', 'exposeFdListeners', flag, 'Hand listening sockets to a new process.'),
];

const NOWHERE: Address = { kind: 'fd', fd: -1 };
const socketObject = record<StatsSocket>('a control socket', socketFields, () => ({
  address: NOWHERE,
  level: 'operator',
}));

const statsSocket: Codec<StatsSocket> = {
  schema: either(SOCKET_REMEDY, listenAddress.schema, socketObject.schema),
  read: (data, place) => {
    if (isObject(data) && data.address === undefined)
      return place.error('missing-key', "a control socket needs 'address'", "write 'address: /run/fairlead.sock'");
    if (isObject(data)) {
      const socket = socketObject.read(data, place);
      return socket?.address === NOWHERE ? undefined : socket;
    }
    const address = listenAddress.read(data, place);
    return address && { address, level: 'operator', loc: place.loc };
  },
  write: (socket) => {
    const written = socketObject.write(socket) as Map<string, Written>;
    return written.size === 2 && socket.level === 'operator' ? listenAddress.write(socket.address) : written;
  },
};

/** `tune.NAME` without its prefix; they become lines for the HAProxy reader, which knows each. */
const tune: Codec<Global['tune']> = {
  schema: z.record(z.string(), z.union([z.int(), z.string()], { error: tuneProblem }), {
    error: "tune is written with keys; write such as 'tune: { bufsize: 16384 }'",
  }),
  read: () => undefined,
  write: (value) => new Map(Object.entries(value)),
};

function tuneProblem(issue: { input?: unknown }): string {
  return `a tuning value is a number or a word, not ${nameOf(issue.input)}; write such as 16384`;
}

/** `true` looks the name of the host up when logging; the model says '' for that. */
const hostname: Codec<string> = {
  schema: either("a host name, or true for this host's own, is needed", z.string(), z.literal(true)),
  read: (data) => (data === true ? '' : String(data)),
  write: (value) => (value === '' ? true : value),
};

export const globalFields: readonly Field<Global>[] = [
  field('maxconn', 'maxconn', count(), 'Most connections of the whole process.'),
  field('maxconnrate', 'maxconnrate', count(), 'Most new connections per second.'),
  field('maxsessrate', 'maxsessrate', count(), 'Most new sessions per second.'),
  field('threads', 'nbthread', count(1, 64), 'Number of workers; one per processor where nothing is written.'),
  field('user', 'user', text, 'User to run as.'),
  field('group', 'group', text, 'Group to run as.'),
  field('uid', 'uid', count(), 'User to run as, as a number.'),
  field('gid', 'gid', count(), 'Group to run as, as a number.'),
  field('chroot', 'chroot', text, 'Directory to lock the process into.'),
  field('pidfile', 'pidfile', text, 'File that holds the process id.'),
  field('daemon', 'daemon', flag, 'Run in the background.'),
  field('master-worker', 'masterWorker', flag, 'Supervise the process, as HAProxy does with -W.'),
  field('quiet', 'quiet', flag, 'Say nothing at start.'),
  field('node', 'node', text, 'Name of this node in the statistics.'),
  field('description', 'description', text, 'Text shown in the statistics.'),
  withoutEmpty(
    field('log', 'logs', oneOrMany(logTarget), 'Where logs go; services use these unless they say otherwise.'),
  ),
  field('log-tag', 'logTag', text, 'Program name in log lines.'),
  field('log-send-hostname', 'logSendHostname', hostname, "Host name in log lines; true for this host's own."),
  withoutEmpty(
    field('stats-sockets', 'statsSockets', oneOrMany(statsSocket), 'Control sockets (HAProxy runtime API).'),
  ),
  field('stats-timeout', 'statsTimeoutMs', duration(), 'Idle time of a control connection.'),
  field('stats-maxconn', 'statsMaxconn', count(1), 'Most control connections.'),
  field('spread-checks', 'spreadChecks', count(0, 50), 'Percent by which check intervals vary.'),
  field('max-spread-checks', 'maxSpreadChecksMs', duration(), 'Longest time over which first checks spread.'),
  field('ulimit-n', 'ulimitN', count(), 'File descriptors of the process; computed where nothing is written.'),
  field('hard-stop-after', 'hardStopAfterMs', duration(), 'Time after which a soft stop turns hard.'),
  field('grace', 'graceMs', duration(), 'Time to go on accepting after a soft stop is asked for.'),
  field('close-spread-time', 'closeSpreadTimeMs', duration(), 'Time over which idle connections close at a soft stop.'),
  field('nosplice', 'noSplice', flag, 'Never move data inside the kernel.'),
  field('noreuseport', 'noReuseport', flag, 'Do not share listening ports.'),
  field('set-dumpable', 'setDumpable', flag, 'Allow core dumps.'),
  field('external-checks', 'externalCheck', flag, 'Checks may run programs.'),
  field('insecure-fork-wanted', 'insecureForkWanted', flag, 'Programs may be started at all; HAProxy wants it said.'),
  field('server-state-base', 'serverStateBase', text, 'Directory of server state files.'),
  field('server-state-file', 'serverStateFile', text, 'File of server states.'),
  field('localpeer', 'localpeer', text, 'Name of this node among peers.'),
  emptyTune(field('tune', 'tune', tune, 'tune.* settings of HAProxy, without the prefix.')),
];

/** A list that is empty is not written. */
function withoutEmpty<T>(inner: Field<T>): Field<T> {
  const isEmpty = (value: unknown) => Array.isArray(value) && value.length === 0;
  return {
    ...inner,
    write: (from) => {
      const written = inner.write(from);
      return isEmpty(written) ? undefined : written;
    },
  };
}

function emptyTune(inner: Field<Global>): Field<Global> {
  return { ...inner, write: (from) => (Object.keys(from.tune).length === 0 ? undefined : inner.write(from)) };
}

/** Lines of the HAProxy language that say what `tune:` says. */
export function tuneEntries(data: Plain): [string, string][] {
  if (!isObject(data) || !isObject(data.tune)) return [];
  return Object.entries(data.tune).map(([name, value]) => [`tune.${name}`, String(value)]);
}
