/** `set-src`, `set-dst` and their ports: what sample fetches, logs and headers take for the client's ends from here on. */
import type { Expression } from '../../../config/http-model.js';
import { compileExpressionAs } from '../../../core/expr/expression.js';
import type { IpValue } from '../../../core/expr/values.js';
import { keepFacts } from '../../connection-facts.js';
import { destinationOf } from '../../proxy-header.js';
import type { Session } from '../../session.js';
import type { CommonStep } from './common-steps.js';
import { CONTINUE } from './outcome.js';

type End = 'source' | 'destination';
const bytes = new Uint8Array(16);

/** The port stays while the family does (manual, `http-request set-src`). */
export function setAddress(end: End, expression: Expression): CommonStep {
  const evaluate = compileExpressionAs('ip', expression);
  if (typeof evaluate === 'string') return () => CONTINUE;
  return (session, context, tx) => {
    const value = evaluate(context) as IpValue | undefined;
    if (value === undefined) return CONTINUE;
    if (tx !== null) keepFacts(session);
    const before = ofSession(session, end);
    const port = before.copyIp(bytes) === value.family ? before.port : 0;
    session[end].set(value.family, value.bytes, port);
    session.worker.sampleContext(session, context.isFinal, tx); // the same object: it reads the addresses again
    return CONTINUE;
  };
}

/** Without an address (unix sockets) it becomes 0.0.0.0. */
export function setPort(end: End, expression: Expression): CommonStep {
  const evaluate = compileExpressionAs('integer', expression);
  if (typeof evaluate === 'string') return () => CONTINUE;
  return (session, context, tx) => {
    const port = evaluate(context);
    if (typeof port !== 'number') return CONTINUE;
    if (tx !== null) keepFacts(session);
    const family = ofSession(session, end).copyIp(bytes);
    if (family === 0) bytes.fill(0);
    session[end].set(family === 6 ? 6 : 4, bytes, port & 0xffff);
    session.worker.sampleContext(session, context.isFinal, tx);
    return CONTINUE;
  };
}

function ofSession(session: Session, end: End): Session['source'] {
  return end === 'source' ? session.source : destinationOf(session);
}
