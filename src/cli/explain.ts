/** `fairlead explain BACKEND/SERVER|VIP [--json] [-s SOCKET]`: why a server or virtual router is what it is, as a story. */
import type { Command } from 'commander';
import { localTime } from '../control/local-time.js';
import { askSocket } from '../control/stats-client.js';
import type { Explanation } from '../core/events/event.js';
import { story } from '../core/events/story.js';
import { type VipExplanation, vipStory } from '../core/events/vip-story.js';
import { painter } from './paint-story.js';
import { addSocketOption, asWord, type SocketOptions, socketOf } from './socket-option.js';

interface Options extends SocketOptions {
  json?: boolean;
}

const ANSWER_TIMEOUT_MS = 10_000;

export function register(program: Command): void {
  const command = program
    .command('explain')
    .description(
      'tell why a server is up or down, or who has a virtual address: what happened, when, why, and what would change it',
    )
    .argument('<backend/server|vip>', 'as `fairlead status` shows them')
    .option('--json', 'print what is known as one JSON document');
  addSocketOption(command).action(explain);
}

async function explain(name: string, options: Options): Promise<void> {
  try {
    const socket = await socketOf(options);
    const explanation = parse(await askSocket(socket, `show explain ${asWord(name)} json`, ANSWER_TIMEOUT_MS));
    if (options.json) process.stdout.write(`${JSON.stringify(explanation, null, 2)}\n`);
    else if ('vip' in explanation) process.stdout.write(vipStory(explanation, localTime, painter()));
    else process.stdout.write(story(explanation, localTime, painter()));
  } catch (error) {
    console.error(`fairlead explain: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}

/** Anything but JSON is a refusal, in words for the operator. */
function parse(answer: string): Explanation | VipExplanation {
  if (answer.startsWith('{')) return JSON.parse(answer) as Explanation | VipExplanation;
  throw new Error(answer.trim() || 'no answer');
}
