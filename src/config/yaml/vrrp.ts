/** `vrrp:`: what virtual addresses share (programs, files, processes and groups by name) and settings of the process. */
import { z } from 'zod';
import type { Located, TrackFile, TrackProcess, TrackScript, VipConfig, VipSettings, VrrpSyncGroup } from '../model.js';
import {
  type Codec,
  choice,
  count,
  either,
  flag,
  list,
  nameOf,
  oneOrMany,
  type Place,
  strict,
  text,
  type Written,
} from './codec.js';
import { type Field, field, readFields, record, shapeOf, writeFields } from './fields.js';
import { isObject, type Plain } from './source.js';
import { byName, program, staticAddress, time, virtualRoute, virtualRule, written } from './vip-codecs.js';
import { notifications, tracking } from './vip-fields.js';

type Once = NonNullable<VipSettings['startupScript']>;
type Fifo = VipSettings['notifyFifos'][number];

/** A program that runs once, with the time it may take. */
const once: Codec<Once> = {
  schema: either(
    "a program is needed; write '/path/program', or { command: /path/program, timeout: 10s }",
    z.string(),
    list(text).schema,
    strict('a program', {
      command: either('a program is needed; write [ /path/program, argument ]', z.string(), list(text).schema).describe(
        'The program and its arguments.',
      ),
      user: text.schema.optional().describe('User it runs as.'),
      group: text.schema.optional().describe('Group it runs as.'),
      timeout: time(1000, 1_000_000)
        .schema.optional()
        .describe('Killed after this time; 10s where nothing is written.'),
    }),
  ),
  read: (data, place) => {
    const own = isObject(data) ? { ...data } : data;
    const limit = isObject(data) ? data.timeout : undefined;
    const timeoutMs = limit === undefined ? undefined : time(1000, 1_000_000).read(limit, place.child('timeout'));
    const found = program.read(own, place);
    return found && { ...found, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  },
  write: ({ timeoutMs, ...of }) => {
    const plain = program.write(of);
    if (timeoutMs === undefined) return plain;
    const entries = plain instanceof Map ? [...plain] : ([['command', plain]] as [string, Written][]);
    return new Map([...entries, ['timeout', time().write(timeoutMs)]]);
  },
};

const fifoFields: readonly Field<Fifo & Located>[] = [
  field('path', 'path', text, 'Path of the FIFO.'),
  field('user', 'user', text, 'Its owner.'),
  field('group', 'group', text, 'Its group.'),
  field('program', 'script', program, 'Run to read it; gets its path as the last argument.'),
];

const fifo: Codec<Fifo> = {
  schema: either(
    "a path is needed; write such as '/run/fairlead.fifo'",
    z.string(),
    strict('a FIFO', shapeOf(fifoFields)),
  ),
  read: (data, place) => {
    if (!isObject(data)) return { path: String(data), loc: place.loc };
    const found: Fifo & Located = { path: '', loc: place.loc };
    readFields(fifoFields, found, data, place);
    delete found.at;
    return found.path === ''
      ? place.error('missing-key', 'the FIFO has no path', "write 'path: /run/fairlead.fifo'")
      : found;
  },
  write: (value) => {
    const entries = writeFields(fifoFields, value);
    return entries.length === 1 ? value.path : new Map(entries);
  },
};

const account: Codec<NonNullable<VipSettings['scriptUser']>> = {
  schema: either(
    'a user is needed; write nobody, or { user: nobody, group: nogroup }',
    z.string(),
    strict('a user', {
      user: text.schema.describe('The user.'),
      group: text.schema.optional().describe('Its group, where not that of the user.'),
    }),
  ),
  read: (data) => {
    if (!isObject(data)) return { user: String(data) };
    return { user: String(data.user), ...(data.group === undefined ? {} : { group: String(data.group) }) };
  },
  write: ({ user, group }) => (group === undefined ? user : new Map([['user', user], ...written('group', group)])),
};

const settingFields: readonly Field<VipSettings>[] = [
  field('router-id', 'routerId', text, 'How this host calls itself.'),
  field('instance', 'instanceName', text, 'Name of this Fairlead, where a host runs several.'),
  field('rt-priority', 'rtPriority', count(0, 99), 'Real-time priority of the thread that advertises; 0 for none.'),
  field(
    'no-swap',
    'noSwap',
    flag,
    'Keep its memory from being swapped out; where that is permitted, unless false is written.',
  ),
  field('startup-delay', 'startupDelayMs', time(), 'Wait this long before taking part.'),
  field('startup-program', 'startupScript', once, 'Run once before everything else.'),
  field('shutdown-program', 'shutdownScript', once, 'Run once after everything else.'),
  field('fifos', 'notifyFifos', oneOrMany(fifo), 'FIFOs that hear of every change, one line each.'),
  field('script-user', 'scriptUser', account, 'Whom programs run as that name nobody.'),
  field('script-security', 'scriptSecurity', flag, 'Programs that others than root may write to are not run as root.'),
  field('log-unknown-ids', 'logUnknownVrids', flag, 'Log adverts of routers that are not configured.'),
  field('vmac-prefix', 'vmacPrefix', text, 'Prefix of the names of macvlans; vrrp where nothing is written.'),
];

const weightDoc =
  'Added to the priority: a positive one while it is well, a negative one while it is not; 0 (fault while it is not) where nothing is written.';

const scriptFields: readonly Field<TrackScript>[] = [
  field('run', 'program', program, 'The program: exit status 0 is well.'),
  field('means', 'means', choice('proxy'), 'Nothing is run: the proxy in this process is meant.'),
  field('interval', 'intervalMs', time(0.001, 4_294_000), 'Time between runs; 1s where nothing is written.'),
  field(
    'timeout',
    'timeoutMs',
    time(0.001, 4_294_000),
    'Killed after this time; the interval where nothing is written.',
  ),
  field('weight', 'weight', count(-253, 253), weightDoc),
  field('reverse', 'reverse', flag, 'The other way round.'),
  field('rise', 'rise', count(1), 'Successes until it is well.'),
  field('fall', 'fall', count(1), 'Failures until it is not.'),
  field('init-fail', 'initFail', flag, 'Not well until the first run says so.'),
];

const fileInit = record<{ value: number; overwrite: boolean } & Located>(
  'init',
  [
    field('value', 'value', count(-2_147_483_648, 2_147_483_647), 'Number that is written.'),
    field('overwrite', 'overwrite', flag, 'Also over a file that is there.'),
  ],
  () => ({ value: 0, overwrite: false }),
);
const plainInit: Codec<NonNullable<TrackFile['init']>> = {
  ...fileInit,
  read: (data, place) => {
    const found = fileInit.read(data, place);
    return found && { value: found.value, overwrite: found.overwrite };
  },
};

const fileFields: readonly Field<TrackFile>[] = [
  field('path', 'path', text, 'The file that holds a number.'),
  field(
    'weight',
    'weight',
    count(-2_147_483_647, 2_147_483_647),
    'Times the number is added to the priority; 1 where nothing is written, 0: any other number than 0 is a fault.',
  ),
  field('reverse', 'reverse', flag, 'The other way round.'),
  field('init', 'init', plainInit, 'The file is written at start.'),
];

const processFields: readonly Field<TrackProcess>[] = [
  field('process', 'command', list(text), 'Name of the process, and arguments that must be those.'),
  field('arguments', 'paramMatch', choice('initial', 'partial', 'exact'), 'How arguments are compared.'),
  field('weight', 'weight', count(-254, 254), 'As of a program; 0 where nothing is written.'),
  field('reverse', 'reverse', flag, 'The other way round.'),
  field('quorum', 'quorum', count(1, 65_535), 'So many must run; 1 where nothing is written.'),
  field('quorum-max', 'quorumMax', count(0, 65_535), 'No more may run.'),
  field('fork-delay', 'forkDelayMs', time(0.001, 3_600_000), 'Wait this long before more of them count.'),
  field('terminate-delay', 'terminateDelayMs', time(0.001, 3_600_000), 'Wait this long before fewer of them count.'),
  field('full-command', 'fullCommand', flag, 'Compare the whole command line.'),
];

const groupFields: readonly Field<VrrpSyncGroup>[] = [
  field('members', 'instances', oneOrMany(text), 'Names of virtual addresses that move together.'),
  field('track', 'track', tracking, 'What must be well for all of them.'),
  field('notify', 'notify', notifications, 'Programs that are told.'),
  field('tracking-weight', 'trackingWeight', flag, 'Members may have weights of their own.'),
  field('global-tracking', 'globalTracking', flag, "The older name for 'tracking-weight'."),
];

function named(what: string, shape: z.ZodRawShape, doc: string) {
  return z
    .record(z.string(), strict(what, shape), {
      error: (issue) => `names are needed, not ${nameOf(issue.input)}; write 'NAME:' with its settings below`,
    })
    .optional()
    .describe(doc);
}

export const vrrpSchema = strict('vrrp', {
  ...shapeOf(settingFields),
  scripts: named('a program that is run', shapeOf(scriptFields), 'Programs that say whether this host is well.'),
  files: named('a file that is read', shapeOf(fileFields), 'Files whose number changes the priority.'),
  processes: named('a process that is watched', shapeOf(processFields), 'Processes that must run.'),
  groups: named('a group', shapeOf(groupFields), 'Virtual addresses that move together.'),
  'static-addresses': list(staticAddress)
    .schema.optional()
    .describe("Addresses put in place at start and left there, as 'ip address add' takes them."),
  'static-routes': list(virtualRoute)
    .schema.optional()
    .describe("Routes put in place at start, as 'ip route add' takes them."),
  'static-rules': list(virtualRule)
    .schema.optional()
    .describe("Rules put in place at start, as 'ip rule add' takes them."),
}).describe('What virtual addresses share.');

/** Adds what is written to `vips`. */
export function readVrrp(data: Plain | undefined, place: Place, vips: VipConfig): void {
  if (!isObject(data)) return;
  vips.settings.loc ??= place.keyLoc;
  readFields(settingFields, vips.settings, data, place);
  const child = (key: string) => place.child(key);
  vips.scripts.push(...byName(data.scripts, child('scripts'), readScript));
  vips.files.push(
    ...byName(data.files, child('files'), (name, entry, at) => {
      const file: TrackFile = { name, path: '', loc: at.keyLoc };
      readFields(fileFields, file, entry, at);
      return file.path === '' ? lacks(at, 'path', "write 'path: /full/path'") : file;
    }),
  );
  vips.processes.push(
    ...byName(data.processes, child('processes'), (name, entry, at) => {
      const process: TrackProcess = { name, command: [], loc: at.keyLoc };
      readFields(processFields, process, entry, at);
      return process.command.length === 0 ? lacks(at, 'process', "write 'process: [ NAME ]'") : process;
    }),
  );
  vips.groups.push(
    ...byName(data.groups, child('groups'), (name, entry, at) => {
      const nothing = { interfaces: [], scripts: [], files: [], processes: [], frontends: [] };
      const group: VrrpSyncGroup = { name, instances: [], track: nothing, notify: { any: [] }, loc: at.keyLoc };
      readFields(groupFields, group, entry, at);
      return group;
    }),
  );
  readStatics(data, place, vips);
}

function readScript(name: string, entry: Plain, at: Place): TrackScript | undefined {
  const script: TrackScript = { name, program: { command: [] }, loc: at.keyLoc };
  readFields(scriptFields, script, entry, at);
  const isEmpty = script.program.command.length === 0 && script.means === undefined;
  return isEmpty ? lacks(at, 'run', "write 'run: [ /path/program, argument ]', or 'means: proxy'") : script;
}

function lacks(at: Place, key: string, remedy: string): undefined {
  // What was written and is faulty has been complained about.
  if (!at.child(key).isWritten) at.source.diag.error('missing-key', at.keyLoc, `'${key}' is missing`, remedy);
}

function readStatics(data: { [key: string]: Plain }, place: Place, vips: VipConfig): void {
  const addresses =
    data['static-addresses'] === undefined
      ? []
      : list(staticAddress).read(data['static-addresses'], place.child('static-addresses'));
  for (const address of addresses ?? []) {
    if (address.interface !== undefined) vips.staticAddresses.push(address);
    else
      place.source.diag.error(
        'missing-key',
        address.loc,
        `the static address ${address.ip} has no interface`,
        `write '${address.ip}/${address.prefixLength} dev eth0'`,
      );
  }
  const routes = data['static-routes'];
  if (routes !== undefined)
    vips.staticRoutes.push(...(list(virtualRoute).read(routes, place.child('static-routes')) ?? []));
  const rules = data['static-rules'];
  if (rules !== undefined) vips.staticRules.push(...(list(virtualRule).read(rules, place.child('static-rules')) ?? []));
}

/** @returns undefined where there is nothing to write */
export function writeVrrp(vips: VipConfig): Written | undefined {
  const entries: [string, Written][] = [
    ...writeFields(settingFields, vips.settings).filter(
      ([key]) => key !== 'fifos' || vips.settings.notifyFifos.length > 0,
    ),
    ...block(
      'scripts',
      vips.scripts.map((each) => [each.name, writeScript(each)]),
    ),
    ...block(
      'files',
      vips.files.map((each) => [each.name, new Map(writeFields(fileFields, each))]),
    ),
    ...block(
      'processes',
      vips.processes.map((each) => [each.name, new Map(writeFields(processFields, each))]),
    ),
    ...block(
      'groups',
      vips.groups.map((each) => [
        each.name,
        new Map(writeFields(groupFields, each).filter(([, value]) => !isEmpty(value))),
      ]),
    ),
    ...lines('static-addresses', vips.staticAddresses.map(staticAddress.write)),
    ...lines('static-routes', vips.staticRoutes.map(virtualRoute.write)),
    ...lines('static-rules', vips.staticRules.map(virtualRule.write)),
  ];
  return entries.length === 0 ? undefined : new Map(entries);
}

function writeScript(script: TrackScript): Written {
  const entries = writeFields(scriptFields, script);
  return new Map(entries.filter(([key]) => key !== 'run' || script.program.command.length > 0));
}

function block(key: string, entries: [string, Written][]): [string, Written][] {
  return entries.length === 0 ? [] : [[key, new Map(entries)]];
}

function lines(key: string, entries: Written[]): [string, Written][] {
  return entries.length === 0 ? [] : [[key, entries]];
}

function isEmpty(value: Written): boolean {
  return (value instanceof Map && value.size === 0) || (Array.isArray(value) && value.length === 0);
}
