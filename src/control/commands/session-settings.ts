/** What a client sets for its own connection, and what it may know about the sockets: levels, time limit, severity. */
import { parseDuration } from '../../config/units.js';
import { allows, type Command, type CommandContext, DONE, type Level, type Reply, refuse } from '../command.js';

type Arguments = readonly (string | undefined)[];

/** Levels only ever go down. */
function lower(to: Level) {
  return ({ client }: CommandContext): Reply => {
    if (!allows(client.level, to)) return refuse('Permission denied');
    client.level = to;
    return DONE;
  };
}

/** A bare number is seconds (management guide, `set timeout cli`). */
function setTimeoutCli({ client }: CommandContext, [what, text]: Arguments): Reply {
  if (what !== 'cli') return refuse("'set timeout' only supports 'cli'.");
  if (!text) return refuse('Expects an integer value.');
  const parsed = parseDuration(text, 's');
  if (!parsed.ok || parsed.value.trailing || parsed.value.ms < 1) return refuse('Invalid timeout value.');
  client.timeoutMs = parsed.value.ms;
  return DONE;
}

const SEVERITIES = ['none', 'number', 'string'] as const;

function setSeverity({ client }: CommandContext, [text]: Arguments): Reply {
  const severity = SEVERITIES.find((word) => word === text);
  if (!severity) return refuse("one of 'none', 'number', 'string' is a required argument");
  client.severity = severity;
  return DONE;
}

function showSockets({ sockets }: CommandContext): string {
  return `# socket lvl processes\n${sockets.map((socket) => `${socket.text} ${socket.level} all\n`).join('')}`;
}

const OWN_COMMANDS: readonly Command[] = [
  {
    words: ['set', 'severity-output'],
    usage: 'set severity-output [none|number|string]',
    help: 'put a severity before each message',
    level: 'user',
    run: setSeverity,
  },
  {
    words: ['set', 'timeout'],
    usage: 'set timeout [cli] <delay>',
    help: 'how long this connection may be idle',
    level: 'user',
    run: setTimeoutCli,
  },
];

export const LEVEL_COMMANDS: readonly Command[] = [
  {
    words: ['operator'],
    usage: 'operator',
    help: 'lower this connection to level operator',
    level: 'user',
    run: lower('operator'),
  },
  {
    words: ['show', 'cli', 'level'],
    usage: 'show cli level',
    help: 'level of this connection',
    level: 'user',
    run: ({ client }) => `${client.level}\n`,
  },
  {
    words: ['show', 'cli', 'sockets'],
    usage: 'show cli sockets',
    help: 'control sockets and their levels',
    level: 'user',
    run: showSockets,
  },
  {
    words: ['user'],
    usage: 'user',
    help: 'lower this connection to level user',
    level: 'user',
    run: lower('user'),
  },
];

export const SETTING_COMMANDS: readonly Command[] = [...OWN_COMMANDS, ...LEVEL_COMMANDS];
