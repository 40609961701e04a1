/** `global_defs`, and what stands above all blocks: settings of the process, and what instances take where they are silent. */
import { isIPv4, isIPv6 } from 'node:net';
import type { GarpSettings, Program, VipSettings } from '../model.js';
import { interfaceOf } from './addresses.js';
import { block, type Keyword, type Keywords, keyword, type Line } from './line.js';
import { GLOBAL_REASONS, reasonKeywords } from './not-run.js';
import { unknownCheck } from './preprocess.js';
import { MAIL_REMEDY, programOf } from './programs.js';

/** What instances take from here. */
export interface Globals {
  readonly settings: VipSettings;
  version?: 2 | 3;
  garp: GarpSettings;
  isMinimal?: boolean;
  multicast: { 4?: string; 6?: string };
  defaultInterface?: string;
  downTimerAdverts?: number;
  lowerPrioNoAdvert?: boolean;
  higherPrioSendAdvert?: boolean;
  checkUnicastSource?: boolean;
  skipCheckAdvAddr?: boolean;
  strict?: boolean;
  priorityChanges?: boolean;
}

export function noGlobals(): Globals {
  return { settings: { notifyFifos: [] }, garp: {}, multicast: {} };
}

/** Most seconds of a delay between announcements. */
const MAX_DELAY_S = 86_400;
const MAX_REPEAT = 0x7fffffff;

/** `garp_*` of instances, and with `vrrp_` in front of all of them. */
export const GARP: Keywords<{ garp: GarpSettings }> = {
  garp_master_delay: delay('masterDelayMs'),
  garp_master_repeat: repeat('masterRepeat'),
  garp_lower_prio_delay: delay('lowerPrioDelayMs'),
  garp_lower_prio_repeat: repeat('lowerPrioRepeat'),
  garp_master_refresh: delay('masterRefreshMs'),
  garp_master_refresh_repeat: repeat('masterRefreshRepeat'),
  garp_extra_if: keyword((line, { garp }) => {
    const isAll = line.peek()?.text === 'all';
    if (isAll) line.next();
    const seconds = line.integer(0, MAX_DELAY_S);
    if (seconds !== undefined) garp.extraInterfaceMs = seconds * 1000;
    if (isAll) garp.extraInterfaceAll = true;
  }),
};

type Delay = 'masterDelayMs' | 'lowerPrioDelayMs' | 'masterRefreshMs';
type Repeat = 'masterRepeat' | 'lowerPrioRepeat' | 'masterRefreshRepeat';

function delay(name: Delay): Keyword<{ garp: GarpSettings }> {
  return keyword((line, { garp }) => {
    const seconds = line.integer(0, MAX_DELAY_S);
    if (seconds !== undefined) garp[name] = seconds * 1000;
  });
}

function repeat(name: Repeat): Keyword<{ garp: GarpSettings }> {
  return keyword((line, { garp }) => {
    const count = line.integer(1, MAX_REPEAT);
    if (count !== undefined) garp[name] = count;
  });
}

type Flag =
  | 'isMinimal'
  | 'lowerPrioNoAdvert'
  | 'higherPrioSendAdvert'
  | 'checkUnicastSource'
  | 'skipCheckAdvAddr'
  | 'strict'
  | 'priorityChanges';

function flag(name: Flag): Keyword<Globals> {
  return keyword((line, globals) => {
    const value = line.flag();
    if (value !== undefined) globals[name] = value;
  });
}

function group(family: 4 | 6, isRight: (ip: string) => boolean, remedy: string): Keyword<Globals> {
  return keyword((line, globals) => {
    const word = line.needed('an address');
    if (word === undefined) return;
    if (isRight(word.text)) globals.multicast[family] = word.text;
    else line.error(word, 'bad-address', `'${word.text}' is no multicast address for this`, remedy);
  });
}

export const isMulticast4 = (ip: string) => isIPv4(ip) && /^2(2[4-9]|3\d)\./.test(ip);
/** Of a link: `ffX2:` (manual, `mcast_dst_ip`). */
export const isMulticast6 = (ip: string) => isIPv6(ip) && /^ff[0-9a-f]2:/i.test(ip);

function program(take: (settings: VipSettings, program: Program) => void): Keyword<Globals> {
  return keyword((line, { settings }) => {
    const found = programOf(line);
    if (found) take(settings, found);
  });
}

function timeout(name: 'startupScript' | 'shutdownScript'): Keyword<Globals> {
  return keyword((line, { settings }) => {
    const seconds = line.integer(1, 1000);
    if (seconds !== undefined) settings[name] = { ...(settings[name] ?? { command: [] }), timeoutMs: seconds * 1000 };
  });
}

/** The script of a FIFO may stand before or behind it: both know each other by their place in the list. */
function fifo(kind: 'any' | 'vrrp'): Keyword<Globals> {
  return keyword((line, { settings }) => {
    const path = line.needed('a path');
    const [user, group] = [line.next(), line.next()];
    if (path === undefined) return;
    if (settings.notifyFifos.some((each) => each.path === path.text)) {
      line.error(path, 'duplicate-name', `the FIFO '${path.text}' is named twice`, 'give each its own path');
      return;
    }
    const entry = {
      path: path.text,
      ...(user && { user: user.text }),
      ...(group && { group: group.text }),
      loc: path.loc,
    };
    fifoOf(settings, kind, entry);
  });
}

const PENDING = new WeakMap<VipSettings, Map<string, VipSettings['notifyFifos'][number]>>();

function fifoOf(settings: VipSettings, kind: string, set: Partial<VipSettings['notifyFifos'][number]>): void {
  const known = PENDING.get(settings) ?? new Map<string, VipSettings['notifyFifos'][number]>();
  PENDING.set(settings, known);
  const entry = known.get(kind) ?? { path: '' };
  if (!known.has(kind)) {
    known.set(kind, entry);
    settings.notifyFifos.push(entry);
  }
  Object.assign(entry, set);
}

function fifoScript(kind: 'any' | 'vrrp'): Keyword<Globals> {
  return keyword((line, { settings }) => {
    const script = programOf(line);
    if (script) fifoOf(settings, kind, { script });
  });
}

function checkInclude(line: Line): void {
  for (let word = line.next(); word !== undefined; word = line.next()) {
    const remedy = unknownCheck(word.text);
    if (remedy !== undefined) line.error(word, 'bad-value', `'${word.text}' is no check of 'include'`, remedy);
  }
}

/** What may stand above all blocks, and in `global_defs` too. */
export const OUTSIDE: Keywords<Globals> = {
  ...pick([
    'net_namespace',
    'net_namespace_ipvs',
    'namespace_with_ipsets',
    'use_pid_dir',
    'linkbeat_use_polling',
    'child_wait_time',
    'reload_file',
    'tmp_config_directory',
    'config_save_dir',
  ]),
  instance: keyword((line, { settings }) => {
    const word = line.needed('a name');
    if (word) settings.instanceName = word.text;
  }),
  random_seed: keyword((line) => void line.integer(0, 0xffffffff)),
  include_check: keyword(checkInclude),
};

function pick(names: readonly string[]): Keywords<Globals> {
  return reasonKeywords(Object.fromEntries(names.map((name) => [name, GLOBAL_REASONS[name]])));
}

export const GLOBALS: Keywords<Globals> = {
  ...reasonKeywords<Globals>(GLOBAL_REASONS),
  ...OUTSIDE,
  ...Object.fromEntries(Object.entries(GARP).map(([name, of]) => [`vrrp_${name}`, of])),
  notification_email: block((line) => {
    line.diag.warning('no-mail', line.loc, "'notification_email': mail is not sent", MAIL_REMEDY);
  }),
  router_id: keyword((line, { settings }) => {
    const word = line.needed('a name');
    if (word) settings.routerId = word.text;
  }),
  vrrp_mcast_group4: group(4, isMulticast4, "write one such as '224.0.0.18'"),
  vrrp_mcast_group6: group(6, isMulticast6, "write one of the link, such as 'ff02::12'"),
  default_interface: keyword((line, globals) => {
    globals.defaultInterface = interfaceOf(line) ?? globals.defaultInterface;
  }),
  vrrp_garp_interval: spacing('garpIntervalUs'),
  vrrp_gna_interval: spacing('gnaIntervalUs'),
  vrrp_min_garp: flag('isMinimal'),
  vrrp_down_timer_adverts: keyword((line, globals) => {
    globals.downTimerAdverts = line.integer(1, 100) ?? globals.downTimerAdverts;
  }),
  vrrp_lower_prio_no_advert: flag('lowerPrioNoAdvert'),
  vrrp_higher_prio_send_advert: flag('higherPrioSendAdvert'),
  vrrp_version: keyword((line, globals) => {
    globals.version = (line.integer(2, 3) as 2 | 3 | undefined) ?? globals.version;
  }),
  vrrp_check_unicast_src: flag('checkUnicastSource'),
  vrrp_skip_check_adv_addr: flag('skipCheckAdvAddr'),
  vrrp_strict: flag('strict'),
  vrrp_notify_priority_changes: flag('priorityChanges'),
  vrrp_no_swap: keyword((_, { settings }) => {
    settings.noSwap = true;
  }),
  vrrp_rt_priority: keyword((line, { settings }) => {
    settings.rtPriority = line.integer(1, 99) ?? settings.rtPriority;
  }),
  script_user: keyword((line, { settings }) => {
    const [user, group] = [line.needed('a user'), line.next()];
    if (user) settings.scriptUser = { user: user.text, ...(group && { group: group.text }) };
  }),
  enable_script_security: keyword((_, { settings }) => {
    settings.scriptSecurity = true;
  }),
  notify_fifo: fifo('any'),
  notify_fifo_script: fifoScript('any'),
  vrrp_notify_fifo: fifo('vrrp'),
  vrrp_notify_fifo_script: fifoScript('vrrp'),
  startup_script: program((settings, found) => {
    settings.startupScript = { ...settings.startupScript, ...found };
  }),
  startup_script_timeout: timeout('startupScript'),
  shutdown_script: program((settings, found) => {
    settings.shutdownScript = { ...settings.shutdownScript, ...found };
  }),
  shutdown_script_timeout: timeout('shutdownScript'),
  vrrp_startup_delay: keyword((line, { settings }) => {
    settings.startupDelayMs = line.seconds(0, MAX_DELAY_S) ?? settings.startupDelayMs;
  }),
  log_unknown_vrids: keyword((_, { settings }) => {
    settings.logUnknownVrids = true;
  }),
  vmac_prefix: keyword((line, { settings }) => {
    settings.vmacPrefix = interfaceOf(line) ?? settings.vmacPrefix;
  }),
};

export function spacing(name: 'garpIntervalUs' | 'gnaIntervalUs'): Keyword<{ garp: GarpSettings }> {
  return keyword((line, { garp }) => {
    const us = line.micros(0, 1000);
    if (us !== undefined) garp[name] = us;
  });
}
