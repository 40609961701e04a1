/** Settings that are missing, or that cannot be reached together. */
import { compileLogFormat } from '../../core/log-format/log-format.js';
import { hasBackend, hasFrontend } from '../defaults.js';
import type { Diagnostics } from '../diagnostics.js';
import type { Model, Proxy } from '../model.js';

/** Descriptors beside the two of each connection: logs, listeners, checks. */
const SPARE_DESCRIPTORS = 100;

export function validateSettings(model: Model, diag: Diagnostics): void {
  checkLimits(model, diag);
  for (const proxy of model.proxies) {
    if (proxy.disabled) continue;
    warnTimeouts(proxy, diag);
    warnLogs(proxy, diag);
    warnMaxconn(proxy, model, diag);
  }
}

function checkLimits({ global }: Model, diag: Diagnostics): void {
  const { maxconn, ulimitN } = global;
  if (maxconn === undefined || ulimitN === undefined || ulimitN >= 2 * maxconn + SPARE_DESCRIPTORS) return;
  diag.warning(
    'ulimit-low',
    global.at?.ulimitN ?? global.loc,
    `'ulimit-n ${ulimitN}' is too low for 'maxconn ${maxconn}', which needs two descriptors each`,
    "remove 'ulimit-n': it is computed",
  );
}

/** HAProxy warns about the same three. Without them a lost peer holds its connection for ever. */
function warnTimeouts(proxy: Proxy, diag: Diagnostics): void {
  const { client, connect, server } = proxy.timeouts;
  const missing: string[] = [];
  if (hasFrontend(proxy) && !client) missing.push('client');
  if (hasBackend(proxy) && proxy.servers.length > 0 && !connect) missing.push('connect');
  if (hasBackend(proxy) && proxy.servers.length > 0 && !server) missing.push('server');
  if (missing.length === 0) return;
  const names = missing.map((name) => `'timeout ${name}'`).join(', ');
  const message = `${proxy.kind} '${proxy.name}' has no ${names}: connections whose other end vanished stay for ever`;
  diag.warning(
    'missing-timeouts',
    proxy.loc,
    message,
    `write such as 'timeout ${missing[0]} ${missing[0] === 'connect' ? '5s' : '1m'}'`,
  );
}

function warnLogs(proxy: Proxy, diag: Diagnostics): void {
  if (!hasFrontend(proxy)) return;
  if (proxy.mode === 'tcp' && /^http/.test(proxy.logStyle ?? '')) {
    diag.warning(
      'httplog-tcp',
      proxy.at?.logStyle ?? proxy.loc,
      `'option ${proxy.logStyle?.startsWith('httpslog') ? 'httpslog' : 'httplog'}' needs mode http; ${proxy.kind} '${proxy.name}' logs as 'option tcplog' does`,
      "write 'option tcplog'",
    );
  }
  checkLogFormat(proxy, diag);
  if (proxy.logStyle === 'format' && proxy.logs.length === 0) {
    diag.warning(
      'log-nowhere',
      proxy.at?.logFormat ?? proxy.loc,
      `${proxy.kind} '${proxy.name}' has a log format and no 'log' line: nothing is logged`,
      "add 'log global' or 'log ADDRESS FACILITY'",
    );
  }
}

function checkLogFormat(proxy: Proxy, diag: Diagnostics): void {
  if (proxy.logFormat === undefined) return;
  for (const problem of compileLogFormat(proxy.logFormat, { mode: proxy.mode }).problems)
    diag.error('bad-log-format', proxy.at?.logFormat ?? proxy.loc, `log-format: ${problem.message}`);
}

function warnMaxconn(proxy: Proxy, { global }: Model, diag: Diagnostics): void {
  if (!hasFrontend(proxy) || proxy.maxconn === undefined || global.maxconn === undefined) return;
  if (proxy.maxconn <= global.maxconn || global.maxconn === 0) return;
  const message = `'maxconn ${proxy.maxconn}' of ${proxy.kind} '${proxy.name}' is above the global 'maxconn ${global.maxconn}', which counts first`;
  diag.warning(
    'maxconn-unreachable',
    proxy.at?.maxconn ?? proxy.loc,
    message,
    "raise the global 'maxconn', or lower this one",
  );
}
