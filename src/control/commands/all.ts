/** The commands of a stats socket. */
import { CommandTable } from '../command-table.js';
import { CHOICE_COMMANDS } from './choose.js';
import { HISTORY_COMMANDS } from './history.js';
import { LIMIT_COMMANDS } from './limits.js';
import { SETTING_COMMANDS } from './session-settings.js';
import { SESSION_COMMANDS } from './sessions.js';
import { SERVER_COMMANDS } from './set-server.js';
import { SETTLE_COMMANDS } from './settle.js';
import { AGENT_COMMANDS } from './show-agents.js';
import { ERROR_COMMANDS } from './show-errors.js';
import { INFO_COMMANDS } from './show-info.js';
import { MISC_COMMANDS, RELOAD_COMMAND } from './show-misc.js';
import { SERVERS_COMMANDS } from './show-servers.js';
import { STAT_COMMANDS } from './show-stat.js';
import { TABLE_COMMANDS } from './tables.js';
import { VIP_COMMANDS } from './vips.js';

export const STATS_SOCKET_COMMANDS = new CommandTable([
  ...INFO_COMMANDS,
  ...STAT_COMMANDS,
  ...SERVERS_COMMANDS,
  ...SERVER_COMMANDS,
  ...SESSION_COMMANDS,
  ...LIMIT_COMMANDS,
  ...SETTING_COMMANDS,
  ...MISC_COMMANDS,
  ...ERROR_COMMANDS,
  ...AGENT_COMMANDS,
  ...CHOICE_COMMANDS,
  ...HISTORY_COMMANDS,
  ...SETTLE_COMMANDS,
  ...TABLE_COMMANDS,
  ...VIP_COMMANDS,
  RELOAD_COMMAND,
]);
