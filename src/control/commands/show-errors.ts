/**
 * `show errors`: the last request and the last response of each proxy that broke the protocol, with their bytes and the
 * place where they broke it (management manual, "show errors"). In place of HAProxy's internal flags stands what is
 * wrong.
 */
import { hasBackend, hasFrontend } from '../../config/defaults.js';
import type { Proxy } from '../../config/model.js';
import { errorCode, errorText } from '../../core/http1/errors.js';
import type { ProtocolError } from '../../core/messages.js';
import type { Command, CommandContext, Reply } from '../command.js';
import type { Engine } from '../engine.js';
import { findProxyId } from '../lookup.js';
import { stamp } from './sessions.js';

type Arguments = readonly (string | undefined)[];

const NO_ERRORS = { total: 0, errors: [] as ProtocolError[] };

async function showErrors({ engine, nowMs }: CommandContext, [proxy, side]: Arguments): Promise<Reply> {
  const found = proxy === undefined ? undefined : findProxyId(engine, proxy);
  if (found && !found.ok) return found.refusal;
  const { total, errors } = (await engine.protocolErrors?.()) ?? NO_ERRORS;
  const wanted = engine.model.proxies
    .flatMap((one) => [last(one, 'request', errors), last(one, 'response', errors)])
    .filter((error): error is ProtocolError => error !== undefined)
    .filter((error) => matches(engine, error, found?.value ?? -1, side));
  return `Total events captured on [${stamp(nowMs)}] : ${total}\n${wanted.map((e) => report(engine, e)).join('')}`;
}

/** The newest of all workers: requests belong to their frontend, responses to their backend. */
function last(proxy: Proxy, side: ProtocolError['side'], errors: ProtocolError[]): ProtocolError | undefined {
  if (side === 'request' ? !hasFrontend(proxy) : !hasBackend(proxy)) return undefined;
  const own = errors.filter((e) => e.side === side && (side === 'request' ? e.frontend : e.backend) === proxy.name);
  return own.sort((a, b) => b.atEpochMs - a.atEpochMs)[0];
}

/** Either of the two proxies may be asked for. */
function matches(engine: Engine, error: ProtocolError, id: number, side: string | undefined): boolean {
  if ((side === 'request' || side === 'response') && error.side !== side) return false;
  return id === -1 || frontendId(engine, error) === id || backendId(engine, error) === id;
}

function frontendId({ model }: Engine, { frontend }: ProtocolError): number {
  return model.proxies.find((p) => hasFrontend(p) && p.name === frontend)?.id ?? -1;
}

function backendOf({ model }: Engine, { backend }: ProtocolError): Proxy | undefined {
  return model.proxies.find((p) => hasBackend(p) && p.name === backend);
}

const backendId = (engine: Engine, error: ProtocolError) => backendOf(engine, error)?.id ?? -1;

function serverText(engine: Engine, error: ProtocolError): string {
  const server = backendOf(engine, error)?.servers.find((s) => s.name === error.server);
  return `server ${error.server ?? '<NONE>'} (#${server?.id ?? -1})`;
}

function report(engine: Engine, error: ProtocolError): string {
  const frontend = `frontend ${error.frontend} (#${frontendId(engine, error)})`;
  const backend = `backend ${error.backend ?? '<NONE>'} (#${backendId(engine, error)})`;
  const [owner, other] = error.side === 'request' ? [frontend, backend] : [backend, frontend];
  const { bytes, bufferBytes, position } = error;
  const event = `event #${error.event}, src ${error.source}`;
  return [
    ' ',
    `[${stamp(error.atEpochMs)}] ${owner}: invalid ${error.side}`,
    `  ${other}, ${serverText(engine, error)}, ${event}`,
    `  buffer starts at 0 (including 0 out), ${bufferBytes - bytes.length} free,`,
    `  len ${bytes.length}, wraps at ${bufferBytes}, error at position ${position}`,
    `  ${errorCode(error.error)}: ${errorText(error.error)}${error.wasAccepted ? ' (accepted)' : ''}`,
    '  ',
    ...dump(bytes),
    '',
  ].join('\n');
}

/** Characters of a line, its position not counted. */
const LINE = 70;

/** Lines of at most 79 characters; the position of a line's first byte, `+` where it goes on with the one before. */
export function dump(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0, isContinued = false; at < bytes.length; ) {
    let text = '';
    let next = at;
    let isLineEnd = false;
    while (next < bytes.length && !isLineEnd && text.length + shown(bytes[next]).length <= LINE) {
      text += shown(bytes[next]);
      isLineEnd = bytes[next++] === 10;
    }
    lines.push(`  ${String(at).padStart(5, '0')}${isContinued ? '+' : ' '} ${text}`);
    isContinued = !isLineEnd;
    at = next;
  }
  return lines;
}

const LETTERS: { readonly [byte: number]: string } = { 9: '\\t', 10: '\\n', 13: '\\r', 27: '\\e', 92: '\\\\' };

function shown(byte: number): string {
  const letter = LETTERS[byte];
  if (letter !== undefined) return letter;
  if (byte >= 32 && byte < 127) return String.fromCharCode(byte);
  return `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

export const ERROR_COMMANDS: readonly Command[] = [
  {
    words: ['show', 'errors'],
    usage: 'show errors [<px>] [request|response]',
    help: 'last protocol errors of each proxy',
    level: 'operator',
    run: showErrors,
  },
];
