/**
 * Answers what workers leave to the main thread. Questions that are alike and wait at the same time are answered once:
 * a flood of scrapes costs about what one costs.
 */
import type { Figures } from '../control/command.js';
import type { Engine } from '../control/engine.js';
import { SampledFigures } from '../control/figures.js';
import { answerService, type ServiceAnswer } from '../control/service.js';
import type { FromWorker, ToWorker } from '../core/messages.js';

type Question = Extract<FromWorker, { type: 'service' }>;

export class Services {
  private readonly figures: Figures;
  private waiting: Question[] = [];

  /**
   * @param post to worker `index`
   * @param complain about an answer that could not be made
   */
  constructor(
    private readonly engine: Engine,
    private readonly post: (index: number, message: ToWorker) => void,
    private readonly complain: (text: string) => void,
  ) {
    this.figures = new SampledFigures(engine, Date.now);
  }

  take(question: Question): void {
    if (this.waiting.push(question) === 1) setImmediate(() => this.answerAll());
  }

  private answerAll(): void {
    const alike = new Map<string, Question[]>();
    for (const question of this.waiting) {
      const key = keyOf(question);
      alike.set(key, [...(alike.get(key) ?? []), question]);
    }
    this.waiting = [];
    for (const questions of alike.values()) void this.answer(questions);
  }

  private async answer(questions: readonly Question[]): Promise<void> {
    const { body, ...head } = await this.made(questions[0]);
    // One memory for all who asked: a flood must not multiply it.
    const shared = new Uint8Array(new SharedArrayBuffer(body.length));
    shared.set(body);
    for (const { index, request } of questions)
      this.post(index, { type: 'service-answer', request, ...head, body: shared });
  }

  private async made({ ask }: Question): Promise<ServiceAnswer> {
    try {
      return await answerService(this.engine, this.figures, ask, Date.now());
    } catch (error) {
      // A page that cannot be made is our bug, and no reason to end the traffic of everybody.
      this.complain(`${ask.service} of ${ask.proxy}: ${(error as Error).stack ?? String(error)}`);
      return { status: 500, reason: 'Internal Server Error', headers: [], body: new Uint8Array(0) };
    }
  }
}

/** Forms are orders: each is carried out by itself. */
function keyOf({ index, request, ask }: Question): string {
  if (ask.method === 'POST') return `${index} ${request}`;
  return [ask.service, ask.proxy, ask.method, ask.isAdmin, ask.target].join(' ');
}
