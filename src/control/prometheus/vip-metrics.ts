/**
 * Metrics of virtual routers: our own, `fairlead_vip_*`, and beside them those that exporters of keepalived have under
 * their names and labels, so that dashboards made for them go on. Present only where there are virtual routers.
 */
import { addressText, isCurrent } from '../../core/events/vip-words.js';
import type { VipInstanceStatus, VipStatus } from '../../core/vrrp/messages.js';
import type { VrrpState } from '../../core/vrrp/types.js';
import { figuresOf } from '../vips/keepalived/figures.js';
import { STATE_NUMBERS } from '../vips/keepalived/view.js';
import { heading, quoted } from './text.js';

const STATES: readonly VrrpState[] = ['INIT', 'BACKUP', 'MASTER', 'FAULT', 'STOP'];

type Sample = readonly [labels: string, value: number];

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  samples(one: VipInstanceStatus, atMs: number): readonly Sample[];
}

/** @returns the text, '' where there are none */
export function vipMetrics(status: VipStatus | null | undefined): string {
  if (status === null || status === undefined || status.instances.length === 0) return '';
  return (
    [...INSTANCE_METRICS, ...KEEPALIVED_METRICS].map((metric) => written(metric, status)).join('') +
    processMetrics(status)
  );
}

function written({ name, help, type, samples }: Metric, { instances, atMs }: VipStatus): string {
  const lines = instances
    .flatMap((one) => samples(one, atMs))
    .map(([labels, value]) => `${name}{${labels}} ${value}\n`);
  return lines.length === 0 ? '' : heading(name, help, type) + lines.join('');
}

// ── Our own ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function nameOf({ name }: VipInstanceStatus): string {
  return `instance="${quoted(name)}"`;
}

function gauge(name: string, help: string, value: (one: VipInstanceStatus, atMs: number) => number | null): Metric {
  return single(name, help, 'gauge', value);
}

function counter(name: string, help: string, value: (one: VipInstanceStatus) => number): Metric {
  return single(name, help, 'counter', value);
}

function single(
  name: string,
  help: string,
  type: Metric['type'],
  value: (one: VipInstanceStatus, atMs: number) => number | null,
): Metric {
  const samples = (one: VipInstanceStatus, atMs: number): Sample[] => {
    const found = value(one, atMs);
    return found === null ? [] : [[nameOf(one), found]];
  };
  return { name: `fairlead_vip_${name}`, help, type, samples };
}

const INSTANCE_METRICS: readonly Metric[] = [
  {
    name: 'fairlead_vip_info',
    help: 'What does not change while it runs; always 1',
    type: 'gauge',
    samples: (one) => [
      [
        `${nameOf(one)},vrid="${one.virtualRouterId}",interface="${quoted(one.interface)}",version="${one.version}",family="${one.family}",group="${quoted(one.group)}"`,
        1,
      ],
    ],
  },
  {
    name: 'fairlead_vip_state',
    help: '1 for the state that the virtual router is in',
    type: 'gauge',
    samples: (one) => STATES.map((state) => [`${nameOf(one)},state="${state}"`, one.state === state ? 1 : 0]),
  },
  gauge('is_master', 'Whether this host has the addresses', ({ state }) => (state === 'MASTER' ? 1 : 0)),
  gauge('priority', 'Priority in force', ({ priority }) => priority),
  gauge('base_priority', 'Priority as configured', ({ basePriority }) => basePriority),
  gauge('last_transition_timestamp_seconds', 'When the state changed last', ({ sinceMs }) => sinceMs / 1000),
  gauge('last_advert_timestamp_seconds', 'When the last advertisement was sent or heard', ({ lastAdvertMs }) =>
    lastAdvertMs === null ? null : lastAdvertMs / 1000,
  ),
  gauge('advert_interval_seconds', 'Interval as configured', ({ advertIntervalMs }) => advertIntervalMs / 1000),
  gauge('addresses', 'Addresses that are configured', ({ addresses }) => addresses.length),
  gauge(
    'addresses_held',
    'Addresses on interfaces of this host',
    ({ addresses }) => addresses.filter(({ isHeld }) => isHeld).length,
  ),
  gauge('faults', 'Reasons for which it cannot be master now', ({ faults }) => faults.length),
  {
    name: 'fairlead_vip_problem',
    help: 'Something does not go together with another router: 1 while it is seen, 0 when it was',
    type: 'gauge',
    samples: (one, atMs) =>
      one.problems.map((problem) => [
        `${nameOf(one)},code="${quoted(problem.code)}"`,
        isCurrent(problem, one, atMs) ? 1 : 0,
      ]),
  },
  {
    name: 'fairlead_vip_tracked_up',
    help: 'Whether what is tracked is up; absent while that is not known',
    type: 'gauge',
    samples: (one) =>
      one.tracked.flatMap(({ kind, name, up }) =>
        up === null ? [] : [[`${nameOf(one)},kind="${kind}",name="${quoted(name)}"`, up ? 1 : 0] as const],
      ),
  },
  counter('adverts_sent_total', 'Advertisements sent', ({ counters }) => counters.advertsSent),
  counter('adverts_received_total', 'Advertisements heard', ({ counters }) => counters.advertsReceived),
  counter('goodbyes_sent_total', 'Advertisements with priority 0 sent', ({ counters }) => counters.priorityZeroSent),
  counter(
    'goodbyes_received_total',
    'Advertisements with priority 0 heard',
    ({ counters }) => counters.priorityZeroReceived,
  ),
  counter('became_master_total', 'How often it took the addresses', ({ counters }) => counters.becameMaster),
  counter('released_master_total', 'How often it gave them up', ({ counters }) => counters.releasedMaster),
  counter(
    'announcements_total',
    'Gratuitous ARP and unsolicited neighbour advertisements sent',
    ({ counters }) => counters.announcementsSent,
  ),
  counter('send_errors_total', 'Packets that could not be sent', ({ counters }) => counters.sendErrors),
  {
    name: 'fairlead_vip_refused_total',
    help: 'Packets that were not acted on',
    type: 'counter',
    samples: (one) =>
      Object.entries(one.counters.refused).map(([reason, count]) => [`${nameOf(one)},reason="${reason}"`, count]),
  },
];

function processMetrics({ thread, refused }: VipStatus): string {
  const seconds = (ms: number) => (ms / 1000).toFixed(6);
  const gauges = [
    ['worst_advert_delay_seconds', 'Longest delay of an advertisement since the start', seconds(thread.worstDelayMs)],
    [
      'worst_advert_delay_last_minute_seconds',
      'Longest delay of an advertisement in the last minute',
      seconds(thread.worstDelayLastMinuteMs),
    ],
    ['realtime_priority', 'SCHED_RR priority of the thread, 0 for none', thread.rtPriority],
    ['memory_locked', 'Whether the pages of its program are locked', thread.isMemoryLocked ? 1 : 0],
    [
      'watchdog_running',
      'Whether the process runs that gives the addresses up in its place',
      thread.watchdogPid > 0 ? 1 : 0,
    ],
  ] as const;
  const lines = gauges.map(
    ([name, help, value]) => `${heading(`fairlead_vip_${name}`, help, 'gauge')}fairlead_vip_${name} ${value}\n`,
  );
  const strangers = Object.entries(refused);
  if (strangers.length === 0) return lines.join('');
  const name = 'fairlead_vip_strangers_total';
  const counts = strangers.map(([reason, count]) => `${name}{reason="${reason}"} ${count}\n`).join('');
  return `${lines.join('')}${heading(name, 'Packets that belong to no virtual router of this host', 'counter')}${counts}`;
}

// ── As exporters of keepalived have them ────────────────────────────────────────────────────────────────────────────

/** By the name in keepalived's JSON. */
const EXPORTED: readonly (readonly [figure: string, name: string, help: string])[] = [
  ['advert_rcvd', 'advertisements_received', 'Advertisements received'],
  ['advert_sent', 'advertisements_sent', 'Advertisements sent'],
  ['become_master', 'become_master', 'Became master'],
  ['release_master', 'release_master', 'Released master'],
  ['packet_len_err', 'packet_length_errors', 'Packet length errors'],
  ['advert_interval_err', 'advertisements_interval_errors', 'Advertisement interval errors'],
  ['ip_ttl_err', 'ip_ttl_errors', 'TTL errors'],
  ['invalid_type_rcvd', 'invalid_type_received', 'Invalid type errors'],
  ['addr_list_err', 'address_list_errors', 'Address list errors'],
  ['invalid_authtype', 'authentication_invalid', 'Authentication invalid'],
  ['authtype_mismatch', 'authentication_mismatch', 'Authentication mismatch'],
  ['auth_failure', 'authentication_failure', 'Authentication failure'],
  ['pri_zero_rcvd', 'priority_zero_received', 'Priority zero received'],
  ['pri_zero_sent', 'priority_zero_sent', 'Priority zero sent'],
];

function exporterLabels({ name, interface: device, virtualRouterId }: VipInstanceStatus): string {
  return `iname="${quoted(name)}",intf="${quoted(device)}",vrid="${virtualRouterId}"`;
}

const KEEPALIVED_METRICS: readonly Metric[] = [
  {
    name: 'keepalived_vrrp_state',
    help: 'State of vrrp: 0 init, 1 backup, 2 master, 3 fault',
    type: 'gauge',
    samples: (one) =>
      one.addresses.map(({ text, interface: device }) => [
        `iname="${quoted(one.name)}",intf="${quoted(device)}",vrid="${one.virtualRouterId}",ip_address="${quoted(addressText(text).split(' ', 1)[0])}"`,
        STATE_NUMBERS[one.state],
      ]),
  },
  ...EXPORTED.map(
    ([figure, name, help]): Metric => ({
      name: `keepalived_${name}_total`,
      help,
      type: 'counter',
      samples: (one) => [
        [`${exporterLabels(one)},state="${one.state}"`, figuresOf(one.counters).find(([, own]) => own === figure)![2]],
      ],
    }),
  ),
];
