/** `on-success`, `on-error` and `status-code` of an expect step, compiled for one server. */
import type { CheckStep, Proxy, Server } from '../config/model.js';
import type { CheckSample } from '../core/check-text/expression.js';
import { compileCheckText, compileStatusCode, keptText } from '../core/check-text/text.js';
import { bodyOf, type ResponseHead } from './http-response.js';

type Evaluate<V> = (received: Buffer, head?: ResponseHead) => V;

/** Undefined where nothing is written. */
export interface StepTexts {
  readonly onSuccess: Evaluate<string> | undefined;
  readonly onError: Evaluate<string> | undefined;
  /** Its value is undefined where the expression has none. */
  readonly statusCode: Evaluate<number | undefined> | undefined;
}

const ASCII = /^[ -~]*$/;

/** What came of a check as people read it: within checks texts are bytes, as latin1 strings. */
export function shownText(text: string): string {
  const kept = keptText(text);
  return ASCII.test(kept) ? kept : Buffer.from(kept, 'latin1').toString('utf8');
}

/** A text of the configuration as its bytes. */
export function bytesText(text: string): string {
  return ASCII.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** What is wrong with them has been said when the configuration was read. */
export function compileTexts(step: CheckStep & { do: 'expect' }, proxy: Proxy, server: Server): StepTexts {
  const names = { serverName: server.name, serverId: server.id, backendName: proxy.name, backendId: proxy.id };
  const over =
    <V>(evaluate: (sample: CheckSample) => V): Evaluate<V> =>
    (received, head) =>
      evaluate(sampleOf(names, received, head));
  const text = (format: string | undefined) => {
    if (format === undefined) return undefined;
    const compiled = compileCheckText(bytesText(format)).text;
    return typeof compiled === 'string' ? () => compiled : over(compiled);
  };
  return {
    onSuccess: text(step.onSuccess),
    onError: text(step.onError),
    statusCode: step.statusCode === undefined ? undefined : over(compileStatusCode(step.statusCode).code),
  };
}

type Names = Pick<CheckSample, 'serverName' | 'serverId' | 'backendName' | 'backendId'>;

function sampleOf(names: Names, received: Buffer, head: ResponseHead | undefined): CheckSample {
  const sample = { ...names, received: received.toString('latin1') };
  if (head === undefined) return sample;
  const body = bodyOf(head, received);
  const text = body === 'bad' ? '' : body.bytes.toString('latin1');
  const version = /^HTTP\/([\d.]+)/.exec(sample.received)?.[1] ?? '';
  return { ...sample, response: { status: head.status, version, headers: head.headers, body: text } };
}
