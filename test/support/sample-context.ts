/** A SampleContext for tests of the core: everything has a value, and a test says what matters to it. */
import assert from 'node:assert/strict';
import type { BackendView, HttpView, SampleContext, StickView } from '../../src/core/expr/context.js';
import { PatternFiles } from '../../src/core/expr/pattern-files.js';
import type { Value } from '../../src/core/expr/values.js';
import { dechunk } from '../../src/core/http1/dechunk.js';
import { BODY_CHUNKED, HttpMessage } from '../../src/core/http1/message.js';
import { parseRequest, parseResponse } from '../../src/core/http1/parse.js';
import { parseIpv4, parseIpv6 } from '../../src/core/ip.js';
import { LogDates } from '../../src/core/log-format/dates.js';
import { type LogRecord, NO_RECORD } from '../../src/core/log-format/record.js';

const NO_STICK: StickView = {
  counter: () => undefined,
  lookup: () => undefined,
  change: () => undefined,
  used: () => undefined,
  available: () => undefined,
};

const BACKEND: BackendView = {
  usableServers: 1,
  connections: 0,
  queued: 0,
  freeSlots: -1,
  freeConnections: -1,
  rate: 0,
  serverIsUp: (name) => name === 's',
  serverConnections: () => 0,
  serverFigure: () => 0,
};

interface Facts {
  readonly src?: string;
  readonly srcPort?: number;
  readonly dst?: string;
  readonly dstPort?: number;
  readonly record?: LogRecord;
  /** Whole messages, latin1. */
  readonly request?: string;
  readonly response?: string;
  readonly http?: Partial<HttpView>;
  readonly rest?: Partial<SampleContext>;
}

export function sampleContext(facts: Facts = {}): SampleContext {
  const { src = '10.1.2.3', dst = '127.0.0.1' } = facts;
  const variables = new Map<string, Value>();
  const request = facts.request === undefined ? null : parsedRequest(facts.request);
  return {
    ...{ sourceFamily: familyOf(src), source: bytesOf(src), sourcePort: facts.srcPort ?? 1000 },
    ...{ destinationFamily: familyOf(dst), destination: bytesOf(dst), destinationPort: facts.dstPort ?? 80 },
    ...{ receivedProxy: true, frontendName: 'fe', frontendId: 2, listenerName: 'plug', listenerId: 1 },
    ...{ frontendConnections: 1, frontendRate: 1, processConnections: 1, connectionError: 0, processStopping: false },
    ...{ hostname: 'here', thread: 0, frontend: () => undefined },
    ...{ backendName: '', backendId: 0, serverName: '', serverId: 0, timeout: () => 0 },
    ...{ nowEpochMs: 1_795_241_107_042, random: () => 0.5 },
    environment: (name) => (name === 'HOME' ? '/root' : undefined),
    patternFiles: new PatternFiles(),
    backend: (name) => (name === 'yes' ? BACKEND : undefined),
    ...{ contents: new Uint8Array(), contentsLength: 0, isFinal: true, mayChange: false },
    request,
    response: facts.response === undefined ? null : parsedResponse(facts.response),
    http: request === null ? null : { ...httpOf(request, facts.request ?? ''), ...facts.http },
    variable: (name) => variables.get(name),
    setVariable: (name, value) => void (value === undefined ? variables.delete(name) : variables.set(name, value)),
    stick: NO_STICK,
    logRecord: () => facts.record ?? NO_RECORD,
    logDates: new LogDates(0),
    ...facts.rest,
  };
}

function familyOf(ip: string): 4 | 6 {
  return ip.includes(':') ? 6 : 4;
}

function bytesOf(ip: string): Uint8Array {
  const into = new Uint8Array(16);
  into.set(parseIpv4(ip) ?? parseIpv6(ip) ?? assert.fail(ip));
  return into;
}

function parsedRequest(text: string): HttpMessage {
  const message = new HttpMessage();
  const bytes = Buffer.from(text, 'latin1');
  assert.ok(parseRequest(message, bytes, 0, bytes.length) > 0, text);
  return message;
}

function parsedResponse(text: string): HttpMessage {
  const message = new HttpMessage();
  const bytes = Buffer.from(text, 'latin1');
  assert.ok(parseResponse(message, bytes, 0, bytes.length, 'GET', false) > 0, text);
  return message;
}

function httpOf(request: HttpMessage, text: string): HttpView {
  const sent = request.bytes ?? new Uint8Array();
  const raw = sent.subarray(request.headEnd);
  const body = request.body === BODY_CHUNKED ? dechunk(raw, 0, raw.length) : raw;
  return {
    requestLine: text.slice(0, text.indexOf('\r')),
    ...{ requestCaptures: [], responseCaptures: [], uniqueId: null, isFirst: true, isOwnReply: false },
    ...{ body, bodyFrom: 0, bodyTo: body.length, bodyIsComplete: true },
    authenticate: (list, user, password) => list === 'users' && user === 'ann' && password === 'secret:1',
    groupsOf: (list, user) => (list === 'users' && user === 'ann' ? ['staff', 'admins'] : []),
    ...{ serverName: '', serverId: 0, backendName: 'fe', backendId: 2 },
  };
}
