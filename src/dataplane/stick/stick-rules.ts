/** `stick on|match|store-request|store-response` (manual §4.2): which server a key was on last, and remembering it. */
import type { Proxy, StickRule } from '../../config/model.js';
import { compileCondition, HOLDS, type Predicate } from '../../core/expr/condition.js';
import type { SampleContext } from '../../core/expr/context.js';
import { compileExpression } from '../../core/expr/expression.js';
import type { Value } from '../../core/expr/values.js';
import { writeKey } from '../../core/stick/key.js';
import type { StickStore } from '../../core/stick/store.js';
import type { BackendEntity, ServerEntity } from '../entities.js';
import type { Session } from '../session.js';

export interface CompiledStickRule {
  readonly kind: StickRule['kind'];
  readonly table: string;
  readonly key: (context: SampleContext) => Value | undefined;
  readonly when: Predicate | null;
}

/** Called once for each configuration; every table it names exists. */
export function compileStickRules(proxy: Proxy): CompiledStickRule[] {
  return proxy.stickRules.map(({ kind, key, table, condition }) => {
    const compiled = compileExpression(key);
    if (typeof compiled === 'string') throw new Error(compiled);
    const when = condition ? compileCondition(condition, proxy.acls) : null;
    return { kind, table: table ?? proxy.name, key: compiled, when };
  });
}

/** The server that one of the rules remembers, while it may be used. */
export function stickServer(session: Session, backend: BackendEntity): ServerEntity | null {
  for (const rule of backend.stickRules) {
    if (rule.kind !== 'on' && rule.kind !== 'match') continue;
    const server = serverOf(session, backend, rule);
    if (server !== null) return server;
  }
  return null;
}

function serverOf(session: Session, backend: BackendEntity, rule: CompiledStickRule): ServerEntity | null {
  const store = session.worker.tables.get(rule.table);
  const figure = store?.figure('server_id');
  const length = store && figure ? keyLength(session, rule, store) : -1;
  if (store === undefined || figure === undefined || length < 0) return null;
  const now = nowOf(session);
  const entry = store.find(length, now);
  if (entry === 0) return null;
  store.touch(entry, now);
  const id = store.read(entry, figure.at, 0, now);
  const server = backend.servers.find((each) => each.spec.id === id && !each.retired);
  if (server === undefined) return null;
  return backend.balancer.isUsable(server.index) || backend.proxy.options.persist ? server : null;
}

/** The session has reached its server: what the request says is stored. */
export function storeFromRequest(session: Session): void {
  for (const rule of session.backend!.stickRules)
    if (rule.kind === 'on' || rule.kind === 'store-request') store(session, rule);
}

/** The response is there: what it says is stored. */
export function storeFromResponse(session: Session): void {
  for (const rule of session.backend!.stickRules) if (rule.kind === 'store-response') store(session, rule);
}

function store(session: Session, rule: CompiledStickRule): void {
  const table = session.worker.tables.get(rule.table);
  const figure = table?.figure('server_id');
  if (table === undefined || figure === undefined || session.server === null || session.server.spec.nonStick) return;
  const length = keyLength(session, rule, table);
  if (length < 0) return;
  const now = nowOf(session);
  const entry = table.hold(length, now);
  if (entry === 0) return;
  table.write(entry, figure.at, 0, session.server.spec.id, now);
  table.release(entry, now);
}

/** Writes the rule's key into the table's scratch. @returns -1 where it has none or the rule does not hold */
function keyLength(session: Session, rule: CompiledStickRule, table: StickStore): number {
  const context = session.worker.sampleContext(session, true);
  if (rule.when !== null && rule.when(context) !== HOLDS) return -1;
  const value = rule.key(context);
  return value === undefined ? -1 : writeKey(value, table.layout.type, table.scratch);
}

const nowOf = (session: Session) => session.worker.reactor.nowMs + session.worker.epochOffsetMs;
