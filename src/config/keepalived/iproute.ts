/** Names that `ip route` and `ip rule` take for numbers: the usual ones, and those of this host's /etc/iproute2. */
import type { World } from './world.js';

export type Kind = 'tables' | 'scopes' | 'protos' | 'dsfield';

const USUAL: { readonly [kind in Kind]: { readonly [name: string]: number } } = {
  tables: { unspec: 0, default: 253, main: 254, local: 255 },
  scopes: { global: 0, universe: 0, site: 200, link: 253, host: 254, nowhere: 255 },
  protos: {
    unspec: 0,
    redirect: 1,
    kernel: 2,
    boot: 3,
    static: 4,
    gated: 8,
    ra: 9,
    mrt: 10,
    zebra: 11,
    bird: 12,
    dnrouted: 13,
    xorp: 14,
    ntk: 15,
    dhcp: 16,
    keepalived: 18,
    babel: 42,
    bgp: 186,
    isis: 187,
    ospf: 188,
    rip: 189,
    eigrp: 192,
  },
  dsfield: {},
};

/** Numbers of scopes that have a name on every host. */
export const USUAL_SCOPES: ReadonlyMap<number, string> = new Map(
  ['global', 'site', 'link', 'host', 'nowhere'].map((name) => [USUAL.scopes[name], name]),
);

const LIMITS: { readonly [kind in Kind]: number } = { tables: 0xffffffff, scopes: 255, protos: 255, dsfield: 255 };

const FOLDERS = ['/usr/share/iproute2', '/usr/lib/iproute2', '/etc/iproute2'];

export class RouteNames {
  private readonly known = new Map<Kind, ReadonlyMap<string, number>>();

  constructor(private readonly world: World) {}

  /** @returns undefined for a word that is neither a name nor a number in range */
  number(kind: Kind, word: string): number | undefined {
    if (/^(0x[0-9a-f]+|\d+)$/i.test(word)) return Number(word) <= LIMITS[kind] ? Number(word) : undefined;
    return this.namesOf(kind).get(word);
  }

  names(kind: Kind): string[] {
    return [...this.namesOf(kind).keys()];
  }

  private namesOf(kind: Kind): ReadonlyMap<string, number> {
    const found = this.known.get(kind) ?? new Map([...Object.entries(USUAL[kind]), ...this.ofHost(kind)]);
    this.known.set(kind, found);
    return found;
  }

  private ofHost(kind: Kind): [string, number][] {
    const files = FOLDERS.flatMap((folder) => {
      const more = this.world.list(`${folder}/rt_${kind}.d`).filter((name) => name.endsWith('.conf'));
      return [`${folder}/rt_${kind}`, ...more.map((name) => `${folder}/rt_${kind}.d/${name}`)];
    });
    return files.flatMap((file) => entriesOf(this.world.read(file) ?? ''));
  }
}

function entriesOf(text: string): [string, number][] {
  return text.split('\n').flatMap((line): [string, number][] => {
    const [, number, name] = /^\s*(0x[0-9a-fA-F]+|\d+)\s+([^\s#]+)/.exec(line) ?? [];
    return number === undefined ? [] : [[name, Number(number)]];
  });
}
