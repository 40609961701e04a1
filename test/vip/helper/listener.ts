/**
 * Hears VRRP on an interface (first argument; '' for all) and says so, a line for each packet, with the addresses that
 * this host has at that moment. The second argument is a group to join, '' for none.
 */
import { readFileSync } from 'node:fs';
import { EAGAIN } from '../../../src/linux/constants.js';
import { RouteNetlink } from '../../../src/linux/route-netlink.js';
import { openVrrpSocket } from '../../../src/linux/vrrp-socket.js';

const [, , name, group] = process.argv;
const device =
  name === '' ? undefined : { name, index: Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8')) };
const socket = openVrrpSocket({ family: 4, device, groups: group === '' ? [] : [group], ttl: 255 });
const netlink = RouteNetlink.open();
if (typeof socket === 'number' || typeof netlink === 'number') throw new Error(`${socket} ${netlink}`);
console.log('ready');
for (let i = 0; i < 30_000; i++) {
  const heard = socket.receive();
  if (heard === -EAGAIN) await new Promise((resolve) => setTimeout(resolve, 1));
  else if (typeof heard === 'number') throw new Error(String(heard));
  else {
    const addresses = netlink.addresses();
    const { source, destination, ttl, payload } = heard;
    const packet = Buffer.from(payload).toString('hex');
    const count = typeof addresses === 'number' ? -1 : addresses.length;
    console.log(JSON.stringify({ source, destination, ttl, packet, addresses: count }));
  }
}
