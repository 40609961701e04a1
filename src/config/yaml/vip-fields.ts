/** Tables of keys of a virtual address (`vips:`), shared by reader, writer and schema. */
import type { GarpSettings, Located, Notifications, Tracking, VrrpInstance } from '../model.js';
import { type Codec, choice, count, either, flag, list, oneOrMany, strict, text, type Written } from './codec.js';
import { type Field, field, readFields, record, shapeOf, writeFields } from './fields.js';
import { secret } from './role-check.js';
import { isObject } from './source.js';
import {
  ip,
  mark,
  microseconds,
  peer,
  program,
  time,
  tracked,
  virtualAddress,
  virtualRoute,
  virtualRule,
} from './vip-codecs.js';

const trackFields: readonly Field<Tracking & Located>[] = [
  field(
    'frontends',
    'frontends',
    oneOrMany(tracked(253)),
    'Services and frontends of this process: well while they listen and have a usable server. Those that bind the address where nothing is written.',
  ),
  field('interfaces', 'interfaces', oneOrMany(tracked(253)), 'Network interfaces, besides its own.'),
  field('scripts', 'scripts', oneOrMany(tracked(253)), "Programs of 'vrrp: { scripts: … }'."),
  field('files', 'files', oneOrMany(tracked(254)), "Files of 'vrrp: { files: … }'."),
  field('processes', 'processes', oneOrMany(tracked(254)), "Processes of 'vrrp: { processes: … }'."),
];

const EMPTY: Tracking = { interfaces: [], scripts: [], files: [], processes: [], frontends: [] };

/** Without the lists that are empty. */
export const tracking: Codec<Tracking> = {
  schema: strict('track', shapeOf(trackFields), {}),
  read: (data, place) => {
    const found: Tracking & Located = structuredClone(EMPTY);
    readFields(trackFields, found, data, place);
    delete found.at;
    return found;
  },
  write: (value) => {
    const entries = writeFields(trackFields, value).filter(([, each]) => !Array.isArray(each) || each.length > 0);
    return new Map(entries);
  },
};

const notifyFields: readonly Field<Notifications & Located>[] = [
  field(
    'any',
    'any',
    list(program),
    'Run at every change: INSTANCE, its name, the state and the priority follow their arguments.',
  ),
  field('master', 'master', program, 'Run when the address comes here.'),
  field('backup', 'backup', program, 'Run when another router has it.'),
  field('fault', 'fault', program, 'Run when this host cannot have it.'),
  field('stop', 'stop', program, 'Run at the end.'),
  field('deleted', 'deleted', program, 'Run when a reload takes the address out of the configuration.'),
  field(
    'lower-priority',
    'masterRxLowerPri',
    program,
    'Run when a router with a lower priority advertises beside this one.',
  ),
  field('priority-changes', 'priorityChanges', flag, 'FIFOs hear of changed priorities too.'),
  field('says-deleted', 'saysDeleted', flag, 'A router that a reload takes away is DELETED to the others, not FAULT.'),
];

export const notifications: Codec<Notifications> = {
  schema: strict('notify', shapeOf(notifyFields)),
  read: (data, place) => {
    const found: Notifications & Located = { any: [] };
    readFields(notifyFields, found, data, place);
    delete found.at;
    return found;
  },
  write: (value) => new Map(writeFields(notifyFields, value).filter(([key]) => key !== 'any' || value.any.length > 0)),
};

const SECONDS_MAX = 86_400_000;
const announceFields: readonly Field<GarpSettings & Located>[] = [
  field(
    'delay',
    'masterDelayMs',
    time(0, SECONDS_MAX),
    'Time until the second burst; 5s where nothing is written, 0s for none.',
  ),
  field('repeat', 'masterRepeat', count(1), 'Packets of a burst; 5 where nothing is written.'),
  field('lower-priority-delay', 'lowerPrioDelayMs', time(0, SECONDS_MAX), 'The same after a lower priority was heard.'),
  field('lower-priority-repeat', 'lowerPrioRepeat', count(1), 'The same after a lower priority was heard.'),
  field(
    'refresh',
    'masterRefreshMs',
    time(0, SECONDS_MAX),
    'Announced again this often; 1s where nothing is written, 0s for never.',
  ),
  field('refresh-repeat', 'masterRefreshRepeat', count(1), 'Packets of a refresh.'),
  field('arp-interval', 'garpIntervalUs', microseconds, 'Pause between two ARP packets on one interface.'),
  field(
    'neighbour-interval',
    'gnaIntervalUs',
    microseconds,
    'Pause between two neighbour advertisements on one interface.',
  ),
  field(
    'extra-interfaces',
    'extraInterfaceMs',
    time(0, SECONDS_MAX),
    'How often addresses on other VMACs are announced.',
  ),
  field('all-extra-interfaces', 'extraInterfaceAll', mark, 'Also those on other interfaces.'),
];

const announcing: Codec<GarpSettings> = {
  ...record<GarpSettings & Located>('announce', announceFields, () => ({})),
  read: (data, place) => {
    const found: GarpSettings & Located = {};
    readFields(announceFields, found, data, place);
    delete found.at;
    return found;
  },
};

type Vmac = NonNullable<VrrpInstance['vmac']>;

const vmacFields: readonly Field<Vmac & Located>[] = [
  field('name', 'name', text, 'Name of the macvlan.'),
  field('mac', 'mac', text, 'Its MAC address; 00:00:5e:00:01:ID where nothing is written.'),
  field('transmit-on-base', 'transmitsOnBase', mark, 'Adverts go out of the interface below it.'),
  field('also-for-addresses', 'alsoForAddresses', mark, 'Addresses on other interfaces get one, too.'),
];

const vmac: Codec<Vmac> = {
  schema: either(
    'true or a block is needed; write true, or { name: vrrp0 }',
    flag.schema,
    strict('vmac', shapeOf(vmacFields)),
  ),
  read: (data, place) => {
    if (data === false) return undefined;
    const found: Vmac & Located = {};
    if (isObject(data)) readFields(vmacFields, found, data, place);
    delete found.at;
    return found;
  },
  write: (value): Written => {
    const entries = writeFields(vmacFields, value);
    return entries.length === 0 ? true : new Map(entries);
  },
};

/** Keys with a default that depends on nothing are left out of the file where they have it (`vips.ts`). */
export const vipFields: readonly Field<VrrpInstance>[] = [
  field(
    'address',
    'addresses',
    oneOrMany(virtualAddress),
    "The address with its network's length, or several; further words as 'ip address add' takes them.",
  ),
  field(
    'extra-address',
    'excludedAddresses',
    oneOrMany(virtualAddress),
    'Held too, and not named in adverts: for more than a packet can hold, and for the other family.',
  ),
  field('interface', 'interface', text, 'Where the address and the adverts go.'),
  field(
    'id',
    'virtualRouterId',
    count(1, 255),
    'Number of the virtual router, the same on all hosts; the last byte of the address where nothing is written.',
  ),
  field(
    'priority',
    'priority',
    count(1, 255),
    'The highest has the address; 100 where nothing is written, 255 for the host whose own address it is.',
  ),
  field(
    'interval',
    'advertIntervalMs',
    time(10, 255_000),
    'Time between adverts; 1s where nothing is written, 20ms at the least that is sensible.',
  ),
  field(
    'peers',
    'unicastPeers',
    oneOrMany(peer),
    'The other routers: adverts go to them one by one, and not to the multicast group.',
  ),
  field('source', 'sourceIp', ip, 'Source address of adverts; the first of the interface where nothing is written.'),
  field('state', 'initialState', choice('MASTER', 'BACKUP'), 'State at start; BACKUP where nothing is written.'),
  field('version', 'version', count(2, 3) as Codec<2 | 3>, 'Version of VRRP; 3 where nothing is written.'),
  field('password', 'password', secret, 'Password of version 2, which anybody on the network can read.'),
  field('track', 'track', tracking, 'What else must be well here.'),
  field(
    'preempt',
    'preempt',
    flag,
    'Take the address back from a router with a lower priority; true where nothing is written.',
  ),
  field('preempt-delay', 'preemptDelayMs', time(0, 1_000_000), 'Wait this long before that.'),
  field(
    'on-loss',
    'onLoss',
    choice('keep', 'close'),
    'What becomes of sessions on the address when it is lost; keep where nothing is written.',
  ),
  field(
    'arbiter',
    'arbiter',
    choice('off', 'warn', 'wait'),
    'When a silent router still answers for the address: take it all the same, say so (the default), or wait.',
  ),
  field('notify', 'notify', notifications, 'Programs that are told.'),
  field('routes', 'routes', list(virtualRoute), "Routes that go with the address, as 'ip route add' takes them."),
  field('rules', 'rules', list(virtualRule), "Rules that go with the address, as 'ip rule add' takes them."),
  field('vmac', 'vmac', vmac, 'The address has the MAC address of its router id, on a macvlan.'),
  field('announce', 'garp', announcing, 'How the address is announced (gratuitous ARP, neighbour advertisements).'),
  field('multicast-group', 'multicastGroup', ip, 'Where adverts go; 224.0.0.18 and ff02::12 where nothing is written.'),
  field('unicast-ttl', 'unicastTtl', count(0, 255), 'TTL of adverts to peers.'),
  field('check-peers', 'checkUnicastSource', flag, 'Adverts of others than the peers are refused.'),
  field('track-source', 'trackSourceIp', mark, 'Without its source address the host cannot have the address.'),
  field(
    'track-primary',
    'trackPrimary',
    flag,
    'Without its interface the host cannot have the address; true where nothing is written.',
  ),
  field('accept', 'accept', flag, 'Packets to the address are taken; true where nothing is written.'),
  field('strict', 'strict', flag, 'Keep to the RFC by the letter.'),
  field(
    'down-timer-adverts',
    'downTimerAdverts',
    count(1, 100),
    'So many intervals without an advert, and the router counts as gone; 3 where nothing is written.',
  ),
  field('lower-priority-no-advert', 'lowerPrioNoAdvert', flag, 'No advert in answer to one with a lower priority.'),
  field(
    'higher-priority-send-advert',
    'higherPrioSendAdvert',
    flag,
    'One more advert before yielding to a higher priority.',
  ),
  field(
    'skip-address-check',
    'skipCheckAdvAddr',
    flag,
    'Addresses of adverts are compared only when their sender changes.',
  ),
  field('promote-secondaries', 'promoteSecondaries', flag, 'Other addresses of the network stay when the first goes.'),
];
