/** A transaction seen through the eyes of sample fetches: one object per worker, pointed at a transaction. */
import type { HttpView } from '../../core/expr/context.js';
import { dechunk } from '../../core/http1/dechunk.js';
import { BODY_CHUNKED } from '../../core/http1/message.js';
import type { BackendEntity, ServerEntity } from '../entities.js';
import type { DataplaneWorker } from '../worker-context.js';
import type { Transaction } from './transaction.js';
import { uniqueIdOf } from './unique-id.js';

/** Users and passwords of the `userlist` sections. */
export interface UserDirectory {
  authenticate(list: string, user: string, password: string): boolean;
  groupsOf(list: string, user: string): readonly string[];
  /** Whoever asks can wait: a verdict that would take long is false for now, and `awaited` tells which it is. */
  mayWait: boolean;
  awaited: string | null;
  settle(key: string, isRight: boolean): void;
}

const NO_BYTES = new Uint8Array();
const NO_GROUPS: readonly string[] = [];

export class TransactionView implements HttpView {
  private transaction!: Transaction;
  private worker!: DataplaneWorker;

  of(transaction: Transaction, worker: DataplaneWorker): this {
    this.transaction = transaction;
    this.worker = worker;
    return this;
  }

  get requestLine(): string {
    return this.transaction.requestLine;
  }
  get requestCaptures(): readonly (string | null)[] {
    return this.transaction.requestCaptures;
  }
  get responseCaptures(): readonly (string | null)[] {
    return this.transaction.responseCaptures;
  }
  get uniqueId(): string | null {
    return uniqueIdOf(this.transaction);
  }
  get body(): Uint8Array {
    const { request, bodyFrom, bodyTo } = this.transaction;
    if (request.bytes === null) return NO_BYTES;
    return request.body === BODY_CHUNKED ? dechunk(request.bytes, bodyFrom, bodyTo) : request.bytes;
  }
  /** The data of chunks is taken out anew each time: few rules look at it. */
  get bodyFrom(): number {
    return this.transaction.request.body === BODY_CHUNKED ? 0 : this.transaction.bodyFrom;
  }
  get bodyTo(): number {
    return this.transaction.request.body === BODY_CHUNKED ? this.body.length : this.transaction.bodyTo;
  }
  get bodyIsComplete(): boolean {
    return this.transaction.bodyIsComplete;
  }
  get isOwnReply(): boolean {
    return this.transaction.run.reply !== null;
  }
  get isFirst(): boolean {
    return this.transaction.isFirst;
  }
  authenticate(list: string, user: string, password: string): boolean {
    return this.worker.users?.authenticate(list, user, password) ?? false;
  }
  groupsOf(list: string, user: string): readonly string[] {
    return this.worker.users?.groupsOf(list, user) ?? NO_GROUPS;
  }
  get serverName(): string {
    return this.server?.name ?? '';
  }
  get serverId(): number {
    return this.server?.spec.id ?? 0;
  }
  get backendName(): string {
    return this.backend?.name ?? this.transaction.session.frontend.name;
  }
  get backendId(): number {
    const { session } = this.transaction;
    return (this.backend ?? session.frontend).proxy.id;
  }

  private get server(): ServerEntity | null {
    const { session } = this.transaction;
    return session.server ?? session.lastServer;
  }
  private get backend(): BackendEntity | null {
    return this.transaction.session.backend;
  }
}
