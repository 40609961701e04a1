/** Where a check connects to: the server's address in force, or what `addr`, `port` and the step say instead. */
import { isIP } from 'node:net';
import type { Proxy, Server, SourceAddress } from '../config/model.js';
import * as T from '../core/table.js';
import {
  AF_INET,
  AF_UNIX,
  IP_BIND_ADDRESS_NO_PORT,
  IPPROTO_IP,
  SO_BINDTODEVICE,
  SO_REUSEADDR,
  SOL_SOCKET,
} from '../linux/constants.js';
import { NativeBuffer } from '../linux/memory.js';
import { ipToWords, SockAddr } from '../linux/sockaddr.js';
import { bindSocket, setsockopt } from '../linux/syscalls.js';
import type { ConnectStep } from './plan.js';

const READ_TRIES = 1000;
const option = new NativeBuffer(16);

export class Target {
  readonly address = new SockAddr();
  private seq = -1;
  private port = -1;
  private step: ConnectStep | null = null;
  private readonly source: SockAddr | undefined;
  private readonly spec: SourceAddress | undefined;

  constructor(
    proxy: Proxy,
    private readonly server: Server,
    private readonly row: T.Row,
  ) {
    this.spec = server.source ?? proxy.source;
    this.source = this.spec && sourceOf(this.spec);
  }

  /** Brings `address` up to date. @returns false while the server has no address */
  aim(step: ConnectStep): boolean {
    for (let tries = 0; tries < READ_TRIES; tries++) {
      const seq = this.row.get(T.S_ADDR_SEQ);
      const port = this.row.get(T.S_CHECK_PORT);
      if (seq === this.seq && port === this.port && step === this.step) break;
      if (seq & 1) continue; // the main thread is writing it
      this.read(step, port);
      if (this.row.get(T.S_ADDR_SEQ) !== seq) continue;
      this.seq = seq;
      this.port = port;
      this.step = step;
    }
    return this.address.length > 0;
  }

  private read(step: ConnectStep, checkPort: number): void {
    const { row, server, address } = this;
    const host = step.addr ?? server.checkAddr;
    const port = step.port ?? (checkPort || row.get(T.S_ADDR_PORT));
    const family = row.get(T.S_ADDR_FAMILY);
    if (host !== undefined && isIP(host)) setIp(address, host, port);
    else if (host !== undefined)
      address.length = 0; // a name that did not resolve
    else if (family === AF_UNIX) setUnix(address, server);
    else if (family === 0) address.length = 0;
    else address.setInet(family, row.i32, row.int + T.S_ADDR_WORDS, port);
  }

  /** Its sockets have an address or an interface of their own. */
  get isBound(): boolean {
    return this.spec !== undefined;
  }

  /** `source`. @returns 0 or -errno */
  bind(fd: number): number {
    const { spec, source } = this;
    if (spec === undefined || this.address.family === AF_UNIX) return 0;
    if (spec.interface !== undefined) bindToDevice(fd, spec.interface);
    if (source === undefined || source.family !== this.address.family) return 0;
    option.i32[0] = 1;
    if (source.family === AF_INET) setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, option.ptr, 4);
    else setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, option.ptr, 4);
    return bindSocket(fd, source.ptr, source.length);
  }
}

function setIp(address: SockAddr, host: string, port: number): void {
  const { family, words } = ipToWords(host);
  address.setInet(family, words, 0, port);
}

function setUnix(address: SockAddr, server: Server): void {
  if (server.address.kind === 'unix') address.setUnix(server.address.path);
  else if (server.address.kind === 'abns') address.setUnix(server.address.name, true);
  else address.length = 0;
}

/** Checks use no port of a `source` range: those belong to the traffic. */
function sourceOf(spec: SourceAddress): SockAddr | undefined {
  if (!isIP(spec.host)) return undefined;
  const address = new SockAddr();
  setIp(address, spec.host, 0);
  return address;
}

function bindToDevice(fd: number, name: string): void {
  const bytes = Buffer.from(`${name}\0`);
  const room = new NativeBuffer(bytes.length);
  room.bytes.set(bytes);
  setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, room.ptr, bytes.length);
}
