/** `/tmp/keepalived.stats`, as keepalived 2.2.7 writes it on SIGUSR2. */
import type { VipConfig } from '../../../config/model.js';
import type { VipStatus } from '../../../core/vrrp/messages.js';
import { figuresOf } from './figures.js';
import { type InstanceView, viewsOf } from './view.js';

/** Names in JSON, in the order of this file; where a section begins, its title. */
const LINES: readonly (readonly [section: string, ...names: string[]])[] = [
  ['Advertisements', 'advert_rcvd', 'advert_sent'],
  ['', 'become_master', 'release_master'],
  ['Packet Errors', 'packet_len_err', 'ip_ttl_err', 'invalid_type_rcvd', 'advert_interval_err', 'addr_list_err'],
  ['Authentication Errors', 'invalid_authtype', 'authtype_mismatch', 'auth_failure'],
  ['Priority Zero', 'pri_zero_rcvd', 'pri_zero_sent'],
];

export function keepalivedStats(config: VipConfig, status: VipStatus): string {
  return viewsOf(config, status).map(instanceStats).join('');
}

function instanceStats({ now }: InstanceView): string {
  const figures = figuresOf(now.counters);
  const lines = LINES.flatMap(([section, ...names]) => {
    const indent = section === '' ? '  ' : '    ';
    const counts = names.map((wanted) => figures.find(([, name]) => name === wanted)!);
    return [...(section === '' ? [] : [`  ${section}:`]), ...counts.map(([title, , n]) => `${indent}${title}: ${n}`)];
  });
  return `VRRP Instance: ${now.name}\n${lines.join('\n')}\n`;
}
