/**
 * One connection to a server: plain, or TLS from the start or later. All plain connections of a thread read into one
 * buffer, so that a check at rest owns none; what arrives is valid only during the call.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import type { SessionTarget } from '../../core/role/session.js';

const shared = Buffer.allocUnsafeSlow(65_536);

/** The view of an answer's length: most are as long as the one before. */
let latest: Buffer = shared.subarray(0, 0);

function firstBytes(buffer: Buffer, count: number): Buffer {
  if (latest.length !== count) latest = buffer.subarray(0, count);
  return latest;
}

/** Time for an orderly end. */
const GOODBYE_MS = 1000;

/** Who is told; nobody any more after `end`. */
export interface ConnectionOwner {
  connected(): void;
  secured(): void;
  received(bytes: Buffer): void;
  /** The peer closed in good order. */
  ended(): void;
  lost(error: NodeJS.ErrnoException): void;
}

export class Connection {
  private readonly socket: Socket;
  private tls: TLSSocket | null = null;
  private owner: ConnectionOwner | null;

  constructor(target: SessionTarget, owner: ConnectionOwner) {
    this.owner = owner;
    const place = target.host.startsWith('/') ? { path: target.host } : { host: target.host, port: target.port };
    const onread = {
      buffer: shared,
      callback: (count: number, buffer: Uint8Array): boolean => {
        this.owner?.received(firstBytes(buffer as Buffer, count));
        return true;
      },
    };
    this.socket = connect({ ...place, noDelay: true, onread });
    this.socket.on('connect', () => this.owner?.connected());
    this.socket.on('end', () => this.owner?.ended());
    this.socket.on('error', (error) => this.owner?.lost(error));
    this.socket.on('close', () => this.owner?.ended());
  }

  write(bytes: Buffer): void {
    (this.tls ?? this.socket).write(bytes);
  }

  /** @param ca certificates (PEM) that must have signed the server's; null takes any */
  startTls(ca: SecureContext | null): void {
    const { socket } = this;
    // The target is a number, no name that a certificate could bear: its chain is what counts.
    const trust =
      ca === null ? { rejectUnauthorized: false } : { secureContext: ca, checkServerIdentity: () => undefined };
    this.tls = connectTls({ socket, ...trust });
    this.tls.on('secureConnect', () => this.owner?.secured());
    this.tls.on('data', (bytes: Buffer) => this.owner?.received(bytes));
    this.tls.on('end', () => this.owner?.ended());
    this.tls.on('error', (error) => this.owner?.lost(error));
  }

  /** @param goodbye sent before an orderly end; null ends with a reset, what is under way is dropped */
  end(goodbye: Buffer | null): void {
    this.owner = null;
    const { socket, tls } = this;
    if (goodbye !== null) {
      (tls ?? socket).end(goodbye);
      // A peer that does not answer our end, or goes on talking, must not hold the descriptor.
      const limit = setTimeout(() => socket.destroy(), GOODBYE_MS).unref();
      socket.once('close', () => clearTimeout(limit));
      return;
    }
    tls?.destroy();
    // A unix socket has no reset; neither has one that is not connected.
    const hasReset = socket.remoteAddress !== undefined;
    if (socket.connecting || socket.destroyed || !hasReset) socket.destroy();
    else socket.resetAndDestroy();
  }
}
