/** `fairlead vip status|failover|sniff`: the virtual addresses of this host, for a person on call and for scripts. */
import type { Command } from 'commander';
import { registerFailover } from './vip/failover.js';
import { registerSniff } from './vip/sniff.js';
import { registerStatus } from './vip/status.js';

export function register(program: Command): void {
  const vip = program
    .command('vip')
    .description('virtual addresses (VRRP): see who has them, hand them over, watch adverts');
  registerStatus(vip);
  registerFailover(vip);
  registerSniff(vip);
}
