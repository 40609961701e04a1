/** Names of things that the operator need not name. */
import type { Address, Proxy } from './model.js';

/** @returns the text of an address as one would write it: `*:3306`, `[::1]:80`, `/run/x.sock`, `abns@x`, `fd@3` */
export function addressText(address: Address): string {
  switch (address.kind) {
    case 'inet': {
      const host = address.host === '' ? '*' : address.host;
      return `${host.includes(':') ? `[${host}]` : host}:${address.port}`;
    }
    case 'unix':
      return address.path;
    case 'abns':
      return `abns@${address.name}`;
    case 'fd':
      return `fd@${address.fd}`;
  }
}

/** @returns one name per bind of a proxy, unique within it: its `name`, or the text of its address */
export function listenerNames(proxy: Proxy): string[] {
  const seen = new Map<string, number>();
  return proxy.binds.map((bind) => {
    const name = bind.name ?? addressText(bind.address);
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  });
}
