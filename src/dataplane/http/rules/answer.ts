/** Messages of our own: how they become the response of a transaction, and what http-after-response does to them. */
import type { SampleContext } from '../../../core/expr/context.js';
import { setHeader } from '../../../core/http1/headers.js';
import { parseResponse } from '../../../core/http1/parse.js';
import type { Transaction } from '../transaction.js';
import { CONTINUE, type Outcome, REPLY } from './outcome.js';
import type { HttpProgram } from './program.js';
import { STANDARD_PAGES } from './standard-pages.js';
import { type CompiledRule, holds } from './step.js';
import { bytesOf } from './text.js';

/** Makes the bytes of a whole message. Static ones are made once. */
export type Source = (tx: Transaction, context: SampleContext) => Uint8Array;

/**
 * The message becomes the response of the transaction and goes through http-after-response.
 * @param status what is logged: that of the rule, whatever the message says
 * @param end letters 1 and 2 of the termination code
 * @param header stands in place of those of its name in the message
 */
export function reply(
  tx: Transaction,
  context: SampleContext,
  bytes: Uint8Array,
  status: number,
  end: string,
  header?: { name: string; value: string },
): Outcome {
  const { response, run } = tx;
  response.reset();
  run.reply = bytes;
  run.end = end;
  tx.status = status;
  tx.hasResponse = true;
  tx.responseMs = 0; // no server's response is on its way any more
  if (bytes.length === 0) return REPLY;
  if (parseResponse(response, bytes, 0, bytes.length, askedMethod(tx)) <= 0) run.reply = NO_BYTES;
  else {
    if (header !== undefined) setHeader(response, header.name, header.value);
    applyAfterRules(tx, context);
  }
  return REPLY;
}

/** What the client waits for; a rule may have set another method for the server. */
function askedMethod({ isHead, request: { method } }: Transaction): string {
  if (isHead) return 'HEAD';
  return method === 'HEAD' ? 'GET' : method;
}

const NO_BYTES = new Uint8Array();

/** `http-after-response`: of the backend, then of the frontend. They cannot refuse a response. */
export function applyAfterRules(tx: Transaction, context: SampleContext): void {
  const { backend, frontend } = tx.run;
  if (backend !== null) applyEach(tx, context, backend.afterResponseRules);
  if (frontend !== null) applyEach(tx, context, frontend.afterResponseRules);
}

function applyEach(tx: Transaction, context: SampleContext, rules: readonly CompiledRule[]): void {
  for (const { when, step } of rules) {
    if (!holds(when, context)) continue;
    if (step === null || step(tx, context) !== CONTINUE) return;
  }
}

/** The page of a status: of the backend, of the frontend, or the standard one. */
export function page(tx: Transaction, context: SampleContext, status: number): Uint8Array {
  const { backend, frontend } = tx.run;
  const source = backend?.pages.get(status) ?? frontend?.pages.get(status) ?? STANDARD.get(status);
  return source === undefined ? page(tx, context, 500) : source(tx, context);
}

const STANDARD = new Map([...STANDARD_PAGES].map(([status, text]) => [status, constant(bytesOf(text))]));

/** A message that is always the same. */
export function constant(bytes: Uint8Array): Source {
  return () => bytes;
}

/** The page as the first answer to what is no request: without rules, and as it was written. */
export function rawPage(program: HttpProgram, status: number): Uint8Array {
  return program.rawPages.get(status) ?? RAW.get(status) ?? NO_BYTES;
}

const RAW = new Map([...STANDARD_PAGES].map(([status, text]) => [status, bytesOf(text)]));
