/**
 * Track files: the number in a file, told when it changes. The folder is watched, so that a file that is replaced by
 * another (rename(2)) is seen too; a slow look now and then finds what a watch cannot tell (NFS, links, a new folder).
 */
import { type FSWatcher, watch } from 'node:fs';
import { constants, type FileHandle, open, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { TrackFile } from '../../config/model.js';
import type { Log } from './launcher.js';

/** A number and what may stand around it. */
const READ_BYTES = 128;
/** A writer empties a file first and fills it then: what follows one another this closely is one change. */
const SETTLE_MS = 3;
/** An empty file may be one that is about to be written. */
const EMPTY_MS = 50;
const LOOK_MS = 1000;
const INT_MAX = 2 ** 31 - 1;
const INT_MIN = -(2 ** 31);
const OUT_OF_RANGE = 'its number is beyond 32 bits and is ignored';

export type TellFile = (name: string, number: number, why: string) => void;

export class TrackFiles {
  private readonly files = new Map<string, WatchedFile>();

  constructor(
    private readonly tell: TellFile,
    private readonly log: Log,
  ) {}

  /**
   * Those that are written as before go on.
   * @param mayWrite `init_file` of those that are new: not for a helper that replaces another
   */
  apply(definitions: readonly TrackFile[], mayWrite: boolean): void {
    const wanted = new Map(definitions.map((each) => [each.name, each]));
    for (const [name, file] of this.files) {
      if (wanted.get(name)?.path === file.definition.path) continue;
      file.stop();
      this.files.delete(name);
    }
    for (const [name, definition] of wanted) {
      if (this.files.has(name)) continue;
      const file = new WatchedFile(definition, this.tell, this.log);
      this.files.set(name, file);
      file.start(mayWrite);
    }
  }

  tellAll(): void {
    for (const file of this.files.values()) file.tellAgain();
  }

  stop(): void {
    for (const file of this.files.values()) file.stop();
    this.files.clear();
  }
}

class WatchedFile {
  private number: number | null = null;
  private why = '';
  private watcher: FSWatcher | null = null;
  private settling: NodeJS.Timeout | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isReading = false;
  /** While it was read. */
  private hasChanged = false;
  private isStopped = false;
  /** Said once, until it can be read again. */
  private complaint = '';

  constructor(
    readonly definition: TrackFile,
    private readonly tell: TellFile,
    private readonly log: Log,
  ) {}

  async start(mayWrite: boolean): Promise<void> {
    const { init, name, path } = this.definition;
    if (init !== undefined && mayWrite) {
      const error = await initialise(path, init);
      if (error !== '') this.log('warning', `track file ${name}: ${error}`);
    }
    await this.look();
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    clearTimeout(this.settling);
    this.watcher?.close();
    this.watcher = null;
  }

  tellAgain(): void {
    if (this.number !== null) this.tell(this.definition.name, this.number, this.why);
  }

  /** The safety net. A change that the watch did not tell of means that it watches something else by now. */
  private async look(): Promise<void> {
    if (this.isStopped) return;
    const before = this.number;
    await this.observe();
    await this.read();
    if (this.number !== before && before !== null && this.settling === undefined) this.unobserve();
    if (!this.isStopped) this.timer = setTimeout(() => this.look(), LOOK_MS);
  }

  /** Asks for the folder in the thread pool first: a file server that hangs must not stop this process. */
  private async observe(): Promise<void> {
    if (this.watcher !== null) return;
    const folder = dirname(this.definition.path);
    const isThere = await stat(folder).then(
      () => true,
      () => false,
    );
    if (!isThere || this.isStopped || this.watcher !== null) return;
    try {
      this.watcher = watch(folder, { persistent: false }, (_, name) => {
        if (name === null || name === basename(this.definition.path)) this.changed(SETTLE_MS);
      });
      this.watcher.on('error', () => this.unobserve());
    } catch {
      this.watcher = null; // no inotify instances left: looking every second remains
    }
  }

  private unobserve(): void {
    this.watcher?.close();
    this.watcher = null;
  }

  private changed(waitMs: number): void {
    if (this.isStopped) return;
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      this.settling = undefined;
      void this.read(waitMs === EMPTY_MS);
    }, waitMs);
  }

  /** @param mayBeEmpty it was looked at before */
  private async read(mayBeEmpty = false): Promise<void> {
    if (this.isReading) {
      this.hasChanged = true;
      return;
    }
    this.isReading = true;
    const { text, error } = await textOf(this.definition.path);
    const isAgain = this.hasChanged;
    this.isReading = this.hasChanged = false;
    if (this.isStopped) return;
    this.complain(error !== '' ? `${error}; it counts as 0` : numberIn(text ?? '') === null ? OUT_OF_RANGE : '');
    if (text === '' && !mayBeEmpty && this.number !== null && this.number !== 0) this.changed(EMPTY_MS);
    else this.found(numberIn(text ?? '') ?? this.number ?? 0, text);
    if (isAgain) this.changed(SETTLE_MS);
  }

  private complain(text: string): void {
    if (text !== '' && text !== this.complaint) this.log('warning', `track file ${this.definition.name}: ${text}`);
    this.complaint = text;
  }

  private found(number: number, text: string | null): void {
    if (number === this.number) return;
    this.number = number;
    this.why = text === null ? 'there is no such file' : `it says ${JSON.stringify(text.trim().slice(0, 40))}`;
    this.tellAgain();
  }
}

/** @returns the text, null where there is no file; and what is wrong, '' where nothing is */
async function textOf(path: string): Promise<{ text: string | null; error: string }> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK); // a FIFO would wait for its writer
    const { buffer, bytesRead } = await file.read(Buffer.alloc(READ_BYTES), 0, READ_BYTES, null);
    return { text: buffer.toString('latin1', 0, bytesRead), error: '' };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { text: null, error: code === 'ENOENT' || code === 'ENOTDIR' ? '' : `${path} cannot be read (${code})` };
  } finally {
    await file?.close().catch(() => {});
  }
}

/**
 * As strtol(3) with base 0, as keepalived reads it: what is no number is 0, `0x10` is 16 and `010` is 8.
 * @returns null beyond 32 bits
 */
export function numberIn(text: string): number | null {
  const [, sign, hex, octal, decimal] = /^\s*([+-]?)(?:0x([\da-f]+)|0([0-7]*)|([1-9]\d*))/i.exec(text) ?? [];
  const base = hex !== undefined ? 16 : octal !== undefined ? 8 : 10;
  const size = Number.parseInt((hex ?? octal ?? decimal) || '0', base);
  const number = sign === '-' && size !== 0 ? -size : size;
  return number > INT_MAX || number < INT_MIN ? null : number;
}

/** @returns what went wrong, '' for nothing */
async function initialise(path: string, { value, overwrite }: NonNullable<TrackFile['init']>): Promise<string> {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_EXCL, O_NONBLOCK } = constants;
  try {
    const file = await open(path, O_WRONLY | O_CREAT | O_NONBLOCK | (overwrite ? O_TRUNC : O_EXCL), 0o600);
    await file.writeFile(`${value}\n`).finally(() => file.close());
    return '';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EEXIST' ? '' : `${path} cannot be written (${code})`;
  }
}
