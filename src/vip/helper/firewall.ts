/**
 * `no_accept`: packets to addresses that we hold but do not own are dropped (RFC 9568 §6.1, Accept_Mode), by a table of
 * nftables that is ours alone and replaced as a whole. ARP never passes it, and neighbour discovery is let through, so
 * that the addresses still resolve.
 */
import { isIPv6 } from 'node:net';
import { findProgram } from './account.js';
import type { Launcher } from './launcher.js';
import type { Dropped } from './messages.js';
import { outcomeText } from './program-group.js';

const TABLE = 'inet fairlead_vip';
const NFT_MS_MAX = 5000;
/** What a name of an interface may be, without what means something to nft. */
const INTERFACE = /^[^\s"\\/]{1,15}$/;

export class Firewall {
  private wanted: readonly Dropped[] = [];
  private isRunning = false;
  private isDirty = false;
  /** Whether the table may be there: from before us as well. */
  private mayExist = true;
  private wasAsked = false;
  private onIdle: (() => void)[] = [];

  constructor(private readonly launcher: Launcher) {}

  drop(dropped: readonly Dropped[]): void {
    this.wanted = dropped.filter((one) => this.isUsable(one));
    this.wasAsked = true;
    this.isDirty = true;
    if (!this.isRunning) void this.load();
  }

  /** @returns when the table is gone */
  async remove(): Promise<void> {
    if (!this.wasAsked || !(this.mayExist || this.isRunning)) return;
    this.drop([]);
    await new Promise<void>((resolve) => this.onIdle.push(resolve));
  }

  private isUsable({ address, interface: name }: Dropped): boolean {
    const isNamed = INTERFACE.test(name) || (name === '' && !isLinkLocal(address));
    const isOne = isNamed && /^[\d.]+$|^[\da-f:.]+$/i.test(address);
    if (!isOne) this.launcher.complain(`packets to ${JSON.stringify([address, name])} cannot be dropped`);
    return isOne;
  }

  private async load(): Promise<void> {
    this.isRunning = true;
    while (this.isDirty) {
      this.isDirty = false;
      const { wanted } = this;
      if (wanted.length === 0 && !this.mayExist) continue;
      const nft = await findProgram('nft');
      if (nft !== null) await this.run(nft, wanted);
      else if (wanted.length > 0) {
        this.launcher.complain(
          `no_accept: packets to ${wanted.length} virtual addresses are not dropped: the program nft is missing (package nftables)`,
        );
      }
    }
    this.isRunning = false;
    for (const tell of this.onIdle.splice(0)) tell();
  }

  private run(nft: string, wanted: readonly Dropped[]): Promise<void> {
    return new Promise((resolve) => {
      this.launcher.groups.run(
        {
          command: [nft, '-f', '-'],
          account: null,
          timeoutMs: NFT_MS_MAX,
          input: ruleset(wanted),
          endsWithLeader: true,
        },
        {
          done: (outcome) => {
            if (outcome.kind === 'exit' && outcome.code === 0) this.mayExist = wanted.length > 0;
            else this.launcher.complain(`no_accept: nft cannot set its table ${TABLE}: ${outcomeText(outcome)}`);
            resolve();
          },
        },
      );
    });
  }
}

/** One transaction: the old table, if any, goes as the new one comes. */
export function ruleset(dropped: readonly Dropped[]): string {
  const gone = `table ${TABLE} {}\ndelete table ${TABLE}\n`;
  if (dropped.length === 0) return gone;
  const v4 = dropped.filter(({ address }) => !isIPv6(address)).map(({ address }) => address);
  const v6 = dropped.filter(({ address }) => isIPv6(address));
  const local = v6.filter(({ address }) => isLinkLocal(address)).map((one) => `"${one.interface}" . ${one.address}`);
  const wide = v6.filter(({ address }) => !isLinkLocal(address)).map(({ address }) => address);
  const rules = [
    rule('ip daddr', v4),
    // RFC 4861: solicitation and advertisement.
    v6.length === 0 ? '' : '    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n',
    rule('ip6 daddr', wide),
    rule('iifname . ip6 daddr', local), // others may have the same on another link
  ];
  const chain = '  chain input {\n    type filter hook input priority -10; policy accept;\n';
  return `${gone}table ${TABLE} {\n${chain}${rules.join('')}  }\n}\n`;
}

function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address);
}

function rule(what: string, elements: readonly string[]): string {
  return elements.length === 0 ? '' : `    ${what} { ${[...new Set(elements)].join(', ')} } drop\n`;
}
