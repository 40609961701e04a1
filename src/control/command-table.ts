/** All commands of a kind of socket: which one a line means, the help text, and what a mistyped line may have meant. */
import { allows, type Command, INFO, type Level, type Message } from './command.js';

/** Commands of the connection itself; they close every list of commands. */
const ALWAYS: readonly [usage: string, help: string][] = [
  ['help [<command>]', 'list matching or all commands'],
  ['prompt', 'toggle interactive mode with prompt'],
  ['quit', 'disconnect'],
];

const SUGGESTIONS = 5;

export class CommandTable {
  private readonly commands: readonly Command[];

  constructor(commands: readonly Command[]) {
    this.commands = [...commands].sort((a, b) => (a.usage < b.usage ? -1 : 1));
  }

  /** @returns the command whose words open the line, and the words that follow */
  find(words: readonly string[]): { command: Command; args: string[] } | undefined {
    const command = this.commands.find((c) => c.words.every((word, i) => word === words[i]));
    return command && { command, args: words.slice(command.words.length) };
  }

  /** Answer to `help [words…]`. */
  help(level: Level, words: readonly string[]): string {
    const listed = words.length === 0 ? this.allowed(level) : this.near(level, words);
    return `The following commands are valid at this level:\n${listing(listed)}`;
  }

  /** Answer to a line that is no command. */
  unknown(level: Level, words: readonly string[]): Message {
    if (words.length === 0) {
      const text = 'Unknown command. Please enter one of the following commands only:\n';
      return { text: text + listing(this.allowed(level)), severity: INFO };
    }
    const text = 'Unknown command, but maybe one of the following ones is a better match:\n';
    return { text: text + listing(this.near(level, words)), severity: INFO };
  }

  private allowed(level: Level): Command[] {
    return this.commands.filter((command) => allows(level, command.level));
  }

  /** Those that begin with the words; where the last word is none of theirs, those that look most like it. */
  private near(level: Level, words: readonly string[]): Command[] {
    const allowed = this.allowed(level);
    const family = allowed.filter((command) => command.words[0] === words[0]);
    const within = family.filter((command) =>
      words.every((w, i) => i >= command.words.length || command.words[i] === w),
    );
    if (within.length > 0) return within;
    const text = words.join(' ');
    const ranked = (family.length > 0 ? family : allowed)
      .map((command) => ({ command, score: likeness(text, command.words.join(' ')) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score)
      .slice(0, SUGGESTIONS);
    return allowed.filter((command) => ranked.some((found) => found.command === command));
  }
}

function listing(commands: readonly Command[]): string {
  const entries = [...commands.map((c) => [c.usage, c.help] as const), ...ALWAYS];
  return entries.map(([usage, help]) => `  ${usage.padEnd(40)}: ${help}\n`).join('');
}

/** Share of neighbouring letter pairs that two texts have in common, 0..1 (Dice's coefficient). */
function likeness(a: string, b: string): number {
  const [left, right] = [pairs(a), pairs(b)];
  if (left.length + right.length === 0) return 0;
  const common = left.filter((pair) => right.includes(pair)).length;
  return (2 * common) / (left.length + right.length);
}

function pairs(text: string): string[] {
  // A suggestion needs no more than a word or two: the bound keeps a hostile line cheap.
  const letters = text.slice(0, 64).toLowerCase();
  return Array.from({ length: Math.max(0, letters.length - 1) }, (_, i) => letters.slice(i, i + 2));
}
