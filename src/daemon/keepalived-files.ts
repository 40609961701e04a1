/**
 * The files that keepalived writes when signals ask for them. Whoever sends the signal waits for as little as 10 ms and
 * reads: what the VIP thread said last is written at once, and what it says now when it has said it. A reader finds a whole
 * file at any time, because each is written beside its place and renamed.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import type { VipConfig } from '../config/model.js';
import type { Engine } from '../control/engine.js';
import { keepalivedData } from '../control/vips/keepalived/data.js';
import { countersSince } from '../control/vips/keepalived/figures.js';
import { keepalivedJson } from '../control/vips/keepalived/json.js';
import { keepalivedStats } from '../control/vips/keepalived/stats.js';
import type { VipCounters, VipStatus } from '../core/vrrp/messages.js';

/** keepalived's umask is 0177. */
const MODE = 0o600;

export type KeepalivedFile = 'data' | 'stats' | 'json';

type Write = (config: VipConfig, status: VipStatus) => string;

const CONTENTS: { readonly [file in KeepalivedFile]: Write } = {
  data: (config, status) => keepalivedData(config, status, fileClock),
  stats: keepalivedStats,
  json: keepalivedJson,
};

export interface FilesOptions {
  /** Where they are; keepalived's are in /tmp. */
  readonly directory?: string;
  readonly mode?: number;
  complain(text: string): void;
}

export class KeepalivedFiles {
  /** Counters as they were when they were cleared, by instance. */
  private cleared: ReadonlyMap<string, VipCounters> = new Map();

  constructor(
    private readonly engine: Pick<Engine, 'model' | 'vips' | 'vipStatus'>,
    private readonly options: FilesOptions,
  ) {}

  /** @returns when the newest that is known is written */
  async write(file: KeepalivedFile): Promise<void> {
    const known = this.engine.vipStatus ?? null;
    if (known !== null) this.put(file, known);
    const now = await this.now();
    if (now !== null && now !== known) this.put(file, now);
    else if (now === null && known === null)
      this.options.complain(`keepalived.${file} is not written: no virtual router runs`);
  }

  /** Writes the statistics, which then begin at 0. */
  async writeAndClear(): Promise<void> {
    await this.write('stats');
    const instances = (await this.now())?.instances ?? [];
    this.cleared = new Map(instances.map(({ name, counters }) => [name, counters]));
  }

  private async now(): Promise<VipStatus | null> {
    return (await this.engine.vips?.()) ?? this.engine.vipStatus ?? null;
  }

  private put(file: KeepalivedFile, status: VipStatus): void {
    const config = this.engine.model.vips;
    if (config === undefined) return;
    const instances = status.instances.map((one) => ({
      ...one,
      counters: countersSince(one.counters, this.cleared.get(one.name)),
    }));
    try {
      this.replace(
        `${this.options.directory ?? '/tmp'}/keepalived.${file}`,
        CONTENTS[file](config, { ...status, instances }),
      );
    } catch (error) {
      this.options.complain(`cannot write keepalived.${file}: ${(error as Error).message}`);
    }
  }

  /** The directory is everybody's: a name that nobody could prepare, and no link is followed (O_EXCL). */
  private replace(path: string, text: string): void {
    const beside = `${path}.${randomBytes(8).toString('hex')}`;
    const fd = openSync(beside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, this.options.mode ?? MODE);
    try {
      writeSync(fd, text);
      renameSync(beside, path);
    } catch (error) {
      rmSync(beside, { force: true });
      throw error;
    } finally {
      closeSync(fd);
    }
  }
}

/** `Sat Nov 21 17:33:13`, `2026`: local time as ctime(3) has it. */
function fileClock(epochMs: number): readonly [before: string, year: string] {
  const d = new Date(epochMs);
  const [day, month, , year, time] = d.toString().split(' ');
  return [`${day} ${month} ${String(d.getDate()).padStart(2)} ${time}`, year];
}
