/**
 * One connection of a control socket: reads lines, runs their commands one after another, writes the answers with
 * back-pressure. Without `prompt` it ends after the first line. A client may close its sending side after asking: it
 * still gets the whole answer.
 */
import type { Socket } from 'node:net';
import type { Feed, Message, Reply } from './command.js';
import { type Line, LineReader } from './command-line.js';
import type { Effect, Interpreter } from './interpreter.js';

export interface SessionOptions {
  readonly interpreter: Interpreter;
  /** See ControlOptions.getSocks; undefined where the socket does not expose its listeners. */
  readonly getSocks?: (fd: number) => void;
  /** For errors of our own (a command that failed unexpectedly). */
  readonly report: (error: unknown) => void;
}

const SEVERITY_NAMES = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

export class CliSession {
  private readonly reader = new LineReader();
  private isInteractive = false;
  private isRunning = false;
  private inputEnded = false;
  private isOver = false;
  private isRetired = false;
  /** Ends an answer that waits for what is to come. */
  private endFeed: (() => void) | undefined;
  /** Lines answered so far on this connection. */
  private answered = 0;

  constructor(
    private readonly socket: Socket,
    private readonly options: SessionOptions,
  ) {}

  /** Begins to read. The session ends itself. */
  start(): void {
    const { socket } = this;
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => this.onData(String(chunk)));
    socket.on('end', () => this.onInputEnd());
    socket.on('close', () => {
      this.isOver = true;
      this.endFeed?.();
    });
    socket.on('timeout', () => this.onTimeout());
    this.armTimeout();
  }

  /** The socket closes: an answer being made is still delivered, then the connection ends. */
  retire(): void {
    if (this.isRunning) this.isRetired = true;
    else this.socket.destroy();
    this.endFeed?.();
  }

  private onData(chunk: string): void {
    if (this.isOver) return;
    this.reader.push(chunk);
    // Nothing more is taken in while a command runs: what a client sends ahead waits in the kernel.
    if (this.endFeed !== undefined) this.endFeed();
    else if (this.isRunning) this.socket.pause();
    else this.run();
  }

  private onInputEnd(): void {
    this.inputEnded = true;
    this.endFeed?.();
    if (!this.isRunning) this.end();
  }

  /** A command that takes long is not idleness, but an answer that nobody reads is. */
  private onTimeout(): void {
    if (!this.isRunning || this.socket.writableNeedDrain) this.socket.destroy();
    else this.armTimeout();
  }

  private armTimeout(): void {
    this.socket.setTimeout(this.options.interpreter.client.timeoutMs);
  }

  private run(): void {
    this.isRunning = true;
    this.work()
      .catch((error) => {
        this.options.report(error);
        this.socket.destroy();
      })
      .finally(() => {
        this.isRunning = false;
        if (!this.isOver) this.socket.resume();
      });
  }

  /** Takes all the lines that have arrived. */
  private async work(): Promise<void> {
    while (!this.isOver) {
      const read = this.reader.read();
      if (read.kind === 'too-long') return this.end();
      if (read.kind === 'nothing') return this.afterLastLine();
      if (read.kind === 'line') await this.runLine(read.line);
      else if (this.isInteractive) await this.write('+ ');
    }
  }

  /** Without a prompt a connection serves the lines that came together, then ends. */
  private afterLastLine(): void {
    const isDone = this.answered > 0 && !this.isInteractive;
    if (isDone || this.inputEnded || this.isRetired) this.end();
  }

  private async runLine(line: Line): Promise<void> {
    const last = line.commands.length - 1;
    for (const [i, words] of line.commands.entries()) {
      if (this.isOver) return;
      const effect = await this.options.interpreter.execute(words, i === last ? line.payload : undefined);
      await this.apply(effect);
    }
    this.answered++;
    if (!this.isOver) this.armTimeout();
  }

  private async apply(effect: Effect): Promise<void> {
    if (effect.do === 'quit') return this.end();
    if (effect.do === 'getsocks') return this.handOver();
    if (effect.do === 'prompt') this.isInteractive = !this.isInteractive;
    if (effect.do === 'answer') await this.writeReply(effect.reply);
    const isSilent = effect.do === 'nothing' || (effect.do === 'prompt' && effect.silent);
    const prompt = this.isInteractive ? this.options.interpreter.promptText() : '';
    await this.write(isSilent ? prompt : `\n${prompt}`);
  }

  private async writeReply(reply: Reply): Promise<void> {
    if (typeof reply === 'string') return this.write(reply);
    if ('text' in reply) return this.write(this.withSeverity(reply));
    if (Symbol.asyncIterator in reply) return this.feed(reply);
    for (const piece of inPieces(reply)) {
      if (this.isOver) return;
      await this.write(piece);
    }
  }

  private async feed(pieces: Feed): Promise<void> {
    this.endFeed = () => pieces.stop();
    // What came while the command began is seen now, and so is the end of what the client sends.
    if (this.isRetired || this.isOver || this.inputEnded) this.endFeed();
    this.socket.resume();
    for await (const piece of pieces) {
      if (this.isOver) break;
      await this.write(piece);
    }
    this.endFeed = undefined;
  }

  private withSeverity({ text, severity }: Message): string {
    const { severity: form } = this.options.interpreter.client;
    if (form === 'none' || severity === undefined || text === '') return text;
    return `[${form === 'number' ? severity : SEVERITY_NAMES[severity]}]: ${text}`;
  }

  /** Resolves when the next piece may be written: at once, or when the client has read. */
  private async write(text: string): Promise<void> {
    if (text === '' || this.isOver || this.socket.write(text)) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.socket.off('drain', done).off('close', done);
        resolve();
      };
      this.socket.on('drain', done).on('close', done);
    });
  }

  private handOver(): void {
    const fd = (this.socket as unknown as { _handle?: { fd?: number } })._handle?.fd ?? -1;
    if (this.options.getSocks && fd >= 0) this.options.getSocks(fd);
    this.end();
  }

  private end(): void {
    this.isOver = true;
    this.socket.end();
    // A client that never closes its side would keep the descriptor: it gets the rest of its time limit, no more.
    if (!this.inputEnded) this.socket.resume();
  }
}

const PIECE = 32_768;

/** Joins small pieces, so that a dump of thousands of lines is not thousands of writes. */
function* inPieces(pieces: Iterable<string>): Generator<string> {
  let joined = '';
  for (const piece of pieces) {
    joined += piece;
    if (joined.length < PIECE) continue;
    yield joined;
    joined = '';
  }
  yield joined;
}
