/** `show agents [json]`: the check endpoints, what they answer at this moment, and how often they were asked. */
import type { AgentFigures } from '../../core/agent-figures.js';
import type { Command, CommandContext, Reply } from '../command.js';

async function showAgents({ engine }: CommandContext, [format]: readonly (string | undefined)[]): Promise<Reply> {
  const figures = (await engine.agents?.()) ?? [];
  if (format === 'json') return `${JSON.stringify(figures)}\n`;
  return `# name kind address status state polls ok unavailable refused late aborted asked reason\n${figures.map(row).join('')}`;
}

function row(of: AgentFigures): string {
  const { name, kind, address, state, ok, unavailable, notFound, refused, late, aborted, asked, reason } = of;
  const polls = ok + unavailable + notFound;
  const counts = [polls, ok, unavailable, refused, late, aborted, asked];
  return `${[name, kind, address, of.isOk ? 200 : 503, state, ...counts, reason].join(' ')}\n`;
}

export const AGENT_COMMANDS: readonly Command[] = [
  {
    words: ['show', 'agents'],
    usage: 'show agents [json]',
    help: 'check endpoints: what they answer, and how often',
    level: 'user',
    run: showAgents,
  },
];
