/**
 * What the daemon would leave behind, and its removal. All that is needed then is made when `held` arrives: sockets are
 * open, requests and packets are bytes.
 *
 * The order of a removal: addresses, goodbyes, then routes, rules and macvlans. A goodbye lets a successor take the
 * addresses at once; were it said first, both would have them for a moment. The addresses of one send are gone when the
 * call returns, so the goodbye comes a fraction of a millisecond later. Macvlans last: goodbyes may leave through them.
 */
import { EADDRNOTAVAIL } from '../../linux/constants.js';
import { errnoText } from '../../linux/errors.js';
import { NLM_F_ACK, splitMessages } from '../../linux/netlink-message.js';
import { RouteNetlink } from '../../linux/route-netlink.js';
import { removeAddressRequest } from '../../linux/route-requests.js';
import { Farewells } from './farewells.js';
import type { Log } from './launcher.js';
import type { Held, HeldAddress } from './messages.js';

interface Undo {
  readonly text: string;
  readonly request: Uint8Array;
}

/** There is no socket. */
const EBADF = 9;
/** What these mean for something that should be gone: it is. */
const GONE_BEFORE = [0, -EADDRNOTAVAIL, -2, -3, -19]; // ENOENT (rule), ESRCH (route), ENODEV

export class Estate {
  private addresses: readonly Undo[] = [];
  private others: readonly Undo[] = [];
  private readonly farewells: Farewells;
  private netlink: RouteNetlink | null = null;

  constructor(private readonly log: Log) {
    this.farewells = new Farewells(log);
  }

  /** Replaces what was said before. */
  hold({ addresses, routes, goodbyes }: Held): void {
    this.open();
    this.addresses = addresses.map(addressUndo).filter((undo) => this.isUsable(undo));
    this.others = routes.map(({ text, message }) => undoOf(text, message)).filter((undo) => this.isUsable(undo));
    this.farewells.prepare(goodbyes, (name) => this.indexOf(name));
  }

  get isEmpty(): boolean {
    return this.addresses.length === 0 && this.others.length === 0 && this.farewells.count === 0;
  }

  /** Removes all of it and forgets it. Blocks for as long as the kernel takes: some 50 µs for an address. */
  release(): void {
    const { addresses, others } = this;
    this.addresses = [];
    this.others = [];
    this.undo(addresses);
    this.farewells.say();
    this.undo(others);
  }

  private open(): void {
    if (this.netlink !== null) return;
    const opened = RouteNetlink.open();
    if (typeof opened !== 'number') this.netlink = opened;
    else
      this.log('alert', `nobody would remove the addresses of a dead daemon: no netlink socket: ${errnoText(opened)}`);
  }

  private indexOf(name: string): number {
    const link = this.netlink?.linkByName(name) ?? -EBADF;
    return typeof link === 'number' ? link : link.index;
  }

  private undo(list: readonly Undo[]): void {
    if (list.length === 0) return;
    const results = this.netlink?.changeAll(list.map(({ request }) => request)) ?? [];
    list.forEach(({ text }, i) => {
      const result = results[i] ?? -EBADF;
      if (!GONE_BEFORE.includes(result)) this.log('alert', `${text} could not be removed: ${errnoText(result)}`);
    });
  }

  private isUsable({ text, request }: Undo): boolean {
    const { messages, isWhole } = splitMessages(request);
    // Without NLM_F_ACK the kernel would answer nothing, and we would wait for it.
    const isOne = isWhole && messages.length === 1 && (messages[0].flags & NLM_F_ACK) !== 0;
    if (!isOne) this.log('alert', `what removes ${text} is no netlink request; it would stay`);
    return isOne;
  }
}

function addressUndo(address: HeldAddress): Undo {
  const text = `address ${address.ip}/${address.prefixLength} on interface ${address.interfaceIndex}`;
  return { text, request: removeAddressRequest(address) ?? new Uint8Array() };
}

function undoOf(text: string, base64: string): Undo {
  // A copy: small Buffers share memory, and requests are numbered in place.
  return { text, request: new Uint8Array(Buffer.from(base64, 'base64')) };
}
