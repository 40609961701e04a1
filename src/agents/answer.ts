/**
 * The bytes of an answer. clustercheck's and cmonhachk's bodies are those of the scripts; clustercheck's heads are too.
 * cmonhachk as published ends its header lines with `\r\n\n`, which no HTTP client reads as a head: that is not repeated.
 */
import type { AgentEndpoint } from '../config/model.js';
import type { Finding, State } from './finding.js';
import { judgePath } from './judge.js';
import type { Request } from './request.js';

const REASONS: { readonly [status: number]: string } = {
  200: 'OK',
  404: 'Not Found',
  503: 'Service Unavailable',
};

const CLUSTERCHECK: { readonly [state in State]?: string } = {
  synced: 'Percona XtraDB Cluster Node is synced.\r\n',
  'read-only': 'Percona XtraDB Cluster Node is read-only.\r\n',
  disabled: 'Percona XtraDB Cluster Node is manually disabled.\r\n',
};
const NOT_SYNCED = 'Percona XtraDB Cluster Node is not synced.\r\n';

const CMONHACHK: { readonly [state in State]?: string } = {
  leader: '<html><body>This node is a leader.</body></html>',
  follower: '<html><body>This node is a follower.</body></html>',
};
const UNKNOWN_CONTROLLER = '<html><body>This node is in an unknown state.</body></html>';

export interface Answer {
  readonly status: 200 | 404 | 503;
  readonly bytes: Buffer;
}

/** @param nowMs of the same clock as the finding */
export function answerTo(endpoint: AgentEndpoint, request: Request, finding: Finding, nowMs: number): Answer {
  const asked = hasPaths(endpoint) ? judgePath(finding, request.path, request.query) : finding;
  if (asked === undefined) return unknownPath(endpoint, request);
  const status = asked.isOk ? 200 : 503;
  if (request.wantsJson) return { status, bytes: json(endpoint, asked, status, nowMs, request) };
  if (endpoint.kind === 'program' && asked.output !== null) return { status, bytes: asked.output };
  return { status, bytes: page(status, ...words(endpoint, asked), bodyOf(endpoint, request)) };
}

/** Whether the path of the request asks for a role; the scripts answer every path alike. */
function hasPaths({ kind }: AgentEndpoint): boolean {
  return kind === 'pgsqlchk' || kind === 'check';
}

function words(endpoint: AgentEndpoint, finding: Finding): [type: string, body: string] {
  switch (endpoint.kind) {
    case 'clustercheck':
      return ['text/plain', CLUSTERCHECK[finding.state] ?? NOT_SYNCED];
    case 'cmonhachk':
      return ['text/html', CMONHACHK[finding.state] ?? UNKNOWN_CONTROLLER];
    default:
      return ['text/plain', `${finding.reason}\r\n`];
  }
}

/** The scripts send their body to HEAD as well, and the connection ends behind it; elsewhere HEAD has none (RFC 9110 §9.3.2). */
function bodyOf({ kind }: AgentEndpoint, { method }: Request): boolean {
  return method !== 'HEAD' || kind === 'clustercheck' || kind === 'cmonhachk';
}

function page(status: number, type: string, body: string, hasBody: boolean): Buffer {
  const length = Buffer.byteLength(body);
  const head = `HTTP/1.1 ${status} ${REASONS[status]}\r\nContent-Type: ${type}\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`;
  return Buffer.from(hasBody ? head + body : head);
}

function json(endpoint: AgentEndpoint, finding: Finding, status: number, nowMs: number, request: Request): Buffer {
  const { report } = finding;
  const body = {
    status,
    ok: finding.isOk,
    endpoint: endpoint.name,
    type: endpoint.check && endpoint.kind === 'check' ? endpoint.check.kind : endpoint.kind,
    state: finding.state,
    role: report?.role ?? null,
    reason: finding.reason,
    lagMs: report?.lagMs ?? null,
    lagBytes: report?.lagBytes ?? null,
    checkMs: report === null ? null : Math.round(report.durationMs * 1000) / 1000,
    ageMs: Math.max(0, Math.round(nowMs - finding.atMs)),
  };
  return page(status, 'application/json', `${JSON.stringify(body)}\n`, request.method !== 'HEAD');
}

function unknownPath({ name }: AgentEndpoint, { method, wantsJson }: Request): Answer {
  const reason = 'no such check: ask for /, /primary, /replica, /replica?lag=5s or /health';
  const body = wantsJson ? `${JSON.stringify({ status: 404, ok: false, endpoint: name, reason })}\n` : `${reason}\r\n`;
  const type = wantsJson ? 'application/json' : 'text/plain';
  return { status: 404, bytes: page(404, type, body, method !== 'HEAD') };
}

/** For a poller that there is no room for. */
export function busyAnswer(reason: string): Buffer {
  return page(503, 'text/plain', `${reason}\r\n`, true);
}
