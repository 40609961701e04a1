/** Health check methods: `option httpchk` and its kind, and how a section's lines become one CheckSpec (manual §4.2). */
import type { CheckSpec, CheckStep } from '../model.js';
import { BUILTIN_OPTIONS, builtinOf, optionOf } from './builtin-checks.js';
import { chooseMethod, type HealthOption, healthOption as option } from './check-method.js';
import type { Line } from './line.js';
import { applyRoleProbe } from './role-pragma.js';
import { type CheckDraft, defer, type ProxySection } from './section.js';

type Request = NonNullable<CheckDraft['request']>;

export const HEALTH_OPTIONS: { readonly [name: string]: HealthOption } = {
  httpchk: option(readHttpchk),
  'tcp-check': option(readTcpCheckOption),
  'spop-check': option(readLater),
  ...BUILTIN_OPTIONS,
};

export function emptyDraft(): CheckDraft {
  return {
    method: 'tcp',
    httpSteps: [],
    tcpSteps: [],
    httpLines: [],
    tcpLines: [],
    externalLines: [],
    isHttpInherited: false,
    isTcpInherited: false,
  };
}

/** What a proxy section starts from: the lines of its defaults, which its own lines of the kind replace. */
export function inheritDraft(from: CheckDraft): CheckDraft {
  return {
    ...structuredClone({ ...from, httpLines: [], tcpLines: [], externalLines: [] }),
    isHttpInherited: true,
    isTcpInherited: true,
    isRoleInherited: true,
  };
}

/** The request HAProxy sends where nothing is written. */
export function defaultRequest(): Request {
  return { method: 'OPTIONS', uri: '/', version: 'HTTP/1.0', headers: [] };
}

/** Own lines about HTTP checks put away everything inherited about them, the request included (as HAProxy 2.6 does). */
export function ownHttp(section: ProxySection): CheckDraft {
  const draft = section.check;
  if (draft.isHttpInherited) {
    draft.httpSteps = [];
    draft.inheritedRequest = draft.request;
    draft.request = undefined;
    draft.isHttpInherited = false;
  }
  return draft;
}

/** The same for `tcp-check` lines. */
export function ownTcp(section: ProxySection): CheckDraft {
  const draft = section.check;
  if (draft.isTcpInherited) draft.tcpSteps = [];
  draft.isTcpInherited = false;
  return draft;
}

/** `option httpchk [METHOD] [URI] [VERSION]`: one word is the URI. Headers may hide behind the version (deprecated). */
function readHttpchk(line: Line, section: ProxySection): void {
  if (!line.noMore(5)) return;
  const draft = ownHttp(section);
  const [method, uri] = line.has(3) ? [line.text(2), line.text(3)] : ['OPTIONS', line.text(2) || '/'];
  const [version, ...hidden] = (line.text(4) || 'HTTP/1.0').split(/\r?\n/);
  const headers = hidden.filter((text) => text !== '').map(splitHeader);
  if (headers.length > 0)
    line.warning(
      'deprecated',
      4,
      'headers behind the version are deprecated',
      `write 'http-check send hdr ${headers[0].join(' ')}'`,
    );
  const written = draft.request;
  draft.request = { method, uri, version, headers: [...headers, ...(written?.headers ?? [])], body: written?.body };
  if (line.has(2)) checkMethod(line, draft.request);
  chooseMethod(line, section, 'http');
}

function splitHeader(text: string): [string, string] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1).trim()];
}

function checkMethod(line: Line, request: Request): void {
  const looksSwapped = request.method === 'OPTIONS' && /^(GET|HEAD|OPTIONS|POST|PUT)$/.test(request.uri);
  if (looksSwapped)
    line.warning(
      'check-uri',
      2,
      `'${request.uri}' alone is read as the URI, not as the method`,
      `write 'option httpchk ${request.uri} /'`,
    );
}

function readTcpCheckOption(line: Line, section: ProxySection): void {
  if (line.noMore(2)) chooseMethod(line, section, 'script');
}

function readLater(line: Line, section: ProxySection): void {
  chooseMethod(line, section, 'tcp');
  if (section.check.method !== 'role')
    defer(
      line,
      section.proxy.deferred,
      'this check comes with a later version; until then a server is up when it accepts a connection',
    );
}

/** Called when the section is complete: the steps of the chosen method, and complaints about lines for another. */
export function compileCheck(section: ProxySection): void {
  const draft = section.check;
  const { disableOn404, sendState } = draft.method === 'role' ? {} : section.proxy.check;
  const loc = section.proxy.at?.check;
  complainUnused(section);
  if (section.kind === 'frontend' && draft.method === 'role') draft.method = 'tcp';
  if (draft.method === 'role' && draft.roleProbe !== undefined) applyRoleProbe(section.proxy, draft.roleProbe);
  section.proxy.check = withoutUndefined({
    type: draft.method,
    steps: compileSteps(section),
    role: draft.method === 'role' ? draft.role : undefined,
    builtin: builtinOf(draft),
    disableOn404,
    sendState,
    loc,
  });
}

function compileSteps(section: ProxySection): CheckStep[] {
  const draft = section.check;
  if (draft.method === 'script') return draft.tcpSteps;
  if (draft.method !== 'http') return [];
  const firstSend = draft.httpSteps.findIndex((step) => step.do === 'http-send');
  if (firstSend >= 0) return draft.httpSteps.with(firstSend, mergeComment(draft, firstSend));
  const request = requestStep(draft.request ?? missingRequest(section));
  const connects = draft.httpSteps.findIndex((step) => step.do !== 'connect' && step.do !== 'comment');
  const at = connects < 0 ? draft.httpSteps.length : connects;
  return [...draft.httpSteps.slice(0, at), request, ...draft.httpSteps.slice(at)];
}

/** The first request of a script is what all lines about it came to, in whatever order. */
function mergeComment(draft: CheckDraft, i: number): CheckStep {
  const comment = draft.httpSteps[i].comment;
  const step = requestStep(draft.request ?? defaultRequest());
  return comment === undefined ? step : { ...step, comment };
}

export function requestStep(request: Request): CheckStep {
  return withoutUndefined({ do: 'http-send' as const, ...request });
}

/**
 * Own `http-check` lines without a request, under an `option httpchk` that is only inherited: HAProxy 2.6 then sends
 * nothing and every check times out. We send the inherited request, and say so.
 */
function missingRequest(section: ProxySection): Request {
  const first = section.check.httpLines[0];
  first?.warning(
    'check-request',
    0,
    "'option httpchk' is only in the defaults section: HAProxy 2.6 sends no request with these lines, and every check fails; here the request of the defaults is sent",
    `write 'option httpchk' in ${section.kind} '${section.name}' too`,
  );
  return section.check.inheritedRequest ?? defaultRequest();
}

function complainUnused(section: ProxySection): void {
  const { method, httpLines, tcpLines, externalLines } = section.check;
  // The lines beside a pragma are for HAProxy.
  if (section.kind === 'defaults' || method === 'role') return;
  if (method !== 'http') complain(httpLines, "'option httpchk'");
  if (method !== 'script') complain(tcpLines, "'option tcp-check'");
  if (method !== 'external') complain(externalLines, "'option external-check'");
  function complain(lines: readonly Line[], needed: string): void {
    const inForce = method === 'tcp' ? 'no check method is chosen' : `'option ${optionOf(method)}' is in force`;
    for (const line of lines) {
      line.diag.warning(
        'check-line-ignored',
        line.whole,
        `'${line.text(0)} ${line.text(1)}' is ignored: ${inForce}`,
        `remove it, or write ${needed}`,
      );
    }
  }
}

/** `http-check disable-on-404` and `send-state`: settings of the check, not steps. */
export function readCheckFlag(line: Line, section: ProxySection, field: 'disableOn404' | 'sendState'): void {
  if (line.noMore(2)) section.proxy.check[field] = true;
}

/** Fields that are not written are absent, so that models compare by what is in them. */
export function withoutUndefined<T extends CheckSpec | CheckStep>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}
