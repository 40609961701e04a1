/** `http-request`, `http-response`, `http-after-response` and `redirect` lines (manual §4.2). */
import type { HttpAction, HttpRule } from '../model.js';
import { didYouMean } from '../suggest.js';
import { type ActionReader, actionName } from './actions.js';
import type { Stage } from './availability.js';
import { checkTrailingCondition, place } from './conditions.js';
import { AFTER_RESPONSE_ACTIONS, REQUEST_ACTIONS, RESPONSE_ACTIONS } from './http-actions.js';
import type { Line } from './line.js';
import { readRedirect } from './redirect.js';
import { defer, type ProxyKeyword, type ProxyKeywords, type ProxySection } from './section.js';

export const HTTP_RULE_KEYWORDS: ProxyKeywords = {
  'http-request': ruleKeyword('request', REQUEST_ACTIONS),
  'http-response': ruleKeyword('response', RESPONSE_ACTIONS),
  'http-after-response': ruleKeyword('after-response', AFTER_RESPONSE_ACTIONS),
  redirect: { in: 'fb', read: readRedirectLine },
};

/** Actions that need what is not part of this program. */
const LATER_ACTIONS: { readonly [name: string]: string } = {
  'cache-use': 'there is no cache: the request goes to a server',
  'cache-store': 'there is no cache: nothing is stored',
  'do-resolve': 'names are not looked up for requests',
  'send-spoe-group': 'there are no SPOE agents',
  'ot-group': 'there is no tracing',
  'wait-for-handshake': 'there is no TLS to wait for',
};

/** Where the expressions of a section's request rules stand. */
export function requestStage(section: ProxySection): Stage {
  return section.kind === 'frontend' ? 'request' : 'backend-request';
}

function ruleKeyword(on: HttpRule['on'], actions: { readonly [name: string]: ActionReader<HttpAction> }): ProxyKeyword {
  return {
    in: 'nfb',
    read: (line, section) => {
      if (!line.need(1, 'an action')) return;
      const { name, inside } = actionName(line.text(1));
      if (isLater(line, section, name)) return;
      const read = Object.hasOwn(actions, name) ? actions[name] : undefined;
      if (!read) {
        unknownAction(line, name, actions);
        return;
      }
      const found = read(line, 1, on === 'request' ? requestStage(section) : 'response', inside);
      if (!found || !placeCapture(line, section, found.action)) return;
      place(line, found.next, section, (condition) => {
        section.proxy.http.rules.push({
          on,
          action: found.action,
          ...(condition && { condition }),
          loc: line.whole,
        });
      });
    },
  };
}

/** `capture … len N` takes the next slot of the frontend, as a `declare capture` in its place would. */
export function placeCapture(line: Line, section: ProxySection, action: HttpAction): boolean {
  if (action.do !== 'capture' || action.length === undefined) return true;
  if (section.kind === 'backend') {
    const remedy = "write 'declare capture request len N' in the frontend, and 'id'";
    line.error('wrong-section', 0, "a backend has no slots: 'capture … len' cannot stand in it", remedy);
    return false;
  }
  const slots = section.proxy.http.requestCaptures;
  action.id = slots.length;
  slots.push({ length: action.length, loc: line.whole });
  delete action.length;
  return true;
}

function isLater(line: Line, section: ProxySection, name: string): boolean {
  const reason = Object.hasOwn(LATER_ACTIONS, name) ? LATER_ACTIONS[name] : undefined;
  if (reason === undefined) return false;
  checkTrailingCondition(line, section);
  defer(line, section.proxy.deferred, reason);
  return true;
}

function unknownAction(line: Line, name: string, actions: { readonly [name: string]: unknown }): void {
  const known = Object.keys(actions);
  const message = name.startsWith('lua.')
    ? 'Lua is not supported'
    : `unknown '${line.text(0)}' action '${line.text(1)}'`;
  line.error('unknown-action', 1, message, didYouMean(name, known, `write one of ${known.join(', ')}`));
}

/** The line form runs behind all `http-request` rules. */
function readRedirectLine(line: Line, section: ProxySection): void {
  const found = readRedirect(line, 1, null);
  if (!found) return;
  place(line, found.next, section, (condition) => {
    const action = { do: 'redirect' as const, redirect: found.redirect, isLate: true as const };
    section.proxy.http.rules.push({ on: 'request', action, ...(condition && { condition }), loc: line.whole });
  });
}
