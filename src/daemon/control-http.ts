/** The control endpoint over HTTP through reloads: it opens before anything changes, and closes last. */
import type { Address, Model } from '../config/model.js';
import { addressText } from '../config/names.js';
import { resolveSecret } from '../config/secrets.js';
import type { Engine } from '../control/engine.js';
import { type ControlHttpServer, startControlHttp } from '../control/http/server.js';

/** How long to try for a port that a predecessor holds: 10 s. */
const RETRY_MS = 200;
const RETRIES = 50;

/** What a configuration asks for: an open endpoint and the token it is to have, or neither. */
export interface PreparedHttp {
  readonly key: string | undefined;
  readonly token: string;
  /** Undefined where the endpoint in force stays. */
  readonly opened?: ControlHttpServer;
  readonly failure?: string;
}

const NONE: PreparedHttp = { key: undefined, token: '' };

export class ControlHttpEndpoint {
  private current: { key: string; server: ControlHttpServer } | undefined;
  /** Of the configuration in force; undefined where it asks for no endpoint. */
  private wanted: { key: string; token: string } | undefined;

  /** @param begun the first configuration is in force: before that nothing is answered */
  constructor(
    private readonly engine: Engine,
    private readonly begun: Promise<void>,
  ) {}

  private start(address: Address, token: string): Promise<ControlHttpServer> {
    return startControlHttp(this.engine, address, token, this.begun);
  }

  /** @param isPatient a predecessor may hold the port yet: it is opened as soon as it let go */
  async prepare({ control }: Model, isPatient: boolean): Promise<PreparedHttp> {
    if (control === undefined) return NONE;
    const key = JSON.stringify(control.address);
    const token = resolveSecret(control.token, process.env, 'token');
    if (!token.ok) return { ...NONE, failure: `control: ${token.message}` };
    if (this.current?.key === key) return { key, token: token.value };
    try {
      return { key, token: token.value, opened: await this.start(control.address, token.value) };
    } catch (error) {
      if (!isPatient)
        return { ...NONE, failure: `control ${addressText(control.address)}: ${(error as Error).message}` };
      this.openLater(control.address, key, token.value, RETRIES);
      return { key, token: token.value };
    }
  }

  private openLater(address: Address, key: string, token: string, left: number): void {
    const attempt = () =>
      this.start(address, token).then(
        (server) => this.adopt(key, server),
        () => {
          if (left > 0 && this.wanted?.key === key) this.openLater(address, key, token, left - 1);
        },
      );
    setTimeout(() => void attempt(), RETRY_MS).unref();
  }

  private adopt(key: string, server: ControlHttpServer): void {
    if (this.wanted?.key !== key || this.current !== undefined) {
      server.close();
      return;
    }
    server.token = this.wanted.token;
    this.current = { key, server };
  }

  rollBack({ opened }: PreparedHttp): void {
    opened?.close();
  }

  commit({ key, token, opened }: PreparedHttp): void {
    this.wanted = key === undefined ? undefined : { key, token };
    if (key !== this.current?.key || opened !== undefined) {
      this.current?.server.close();
      this.current = undefined;
    }
    if (key !== undefined && opened !== undefined) this.current = { key, server: opened };
    if (this.current !== undefined) this.current.server.token = token;
  }

  close(): void {
    this.wanted = undefined;
    this.current?.server.close();
    this.current = undefined;
  }
}
