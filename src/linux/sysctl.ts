/** Settings of the kernel's network that files show (ip-sysctl). */
import { readFileSync } from 'node:fs';

/** Whether this host forwards IPv6 packets that arrive on the interface: then it says so in its advertisements. */
export function forwardsIpv6(interfaceName: string): boolean {
  try {
    return readFileSync(`/proc/sys/net/ipv6/conf/${interfaceName}/forwarding`, 'latin1').trim() !== '0';
  } catch {
    return false; // no IPv6 here, or no such interface any more
  }
}
