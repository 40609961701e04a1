/** The fields of a request: query and body, which may be JSON or a form. Both bounded. */
import type { IncomingMessage } from 'node:http';
import type { Refusal } from './answer.js';

const BODY_BYTES_MAX = 4096;
const FIELDS_MAX = 32;

export type Fields = ReadonlyMap<string, string>;
type Read = { readonly ok: true; readonly fields: Fields } | { readonly ok: false; readonly refusal: Refusal };

/** Body fields win over those of the query. */
export async function readFields(request: IncomingMessage, query: URLSearchParams): Promise<Read> {
  const body = await readBody(request);
  if (typeof body !== 'string') return { ok: false, refusal: body };
  const own = parseBody(body, request.headers['content-type'] ?? '');
  if ('status' in own) return { ok: false, refusal: own };
  const fields = new Map([...query, ...own.entries]);
  if (fields.size > FIELDS_MAX) return { ok: false, refusal: bad('TOO_MANY_FIELDS', `at most ${FIELDS_MAX} fields`) };
  return { ok: true, fields };
}

async function readBody(request: IncomingMessage): Promise<string | Refusal> {
  const declared = Number(request.headers['content-length'] ?? 0);
  const tooLarge = { status: 413, code: 'TOO_LARGE', message: `a body has at most ${BODY_BYTES_MAX} bytes` };
  if (declared > BODY_BYTES_MAX) return tooLarge;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > BODY_BYTES_MAX) return tooLarge;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** curl sends forms unless told otherwise, and people forget to tell it: what looks like JSON is read as JSON. */
function parseBody(body: string, type: string): { entries: [string, string][] } | Refusal {
  if (body.trim() === '') return { entries: [] };
  if (/json/i.test(type) || body.trimStart().startsWith('{')) return parseJson(body);
  if (type === '' || /^application\/x-www-form-urlencoded\b/i.test(type))
    return { entries: [...new URLSearchParams(body)] };
  return {
    status: 415,
    code: 'UNSUPPORTED_TYPE',
    message: 'send application/json or application/x-www-form-urlencoded',
  };
}

function parseJson(body: string): { entries: [string, string][] } | Refusal {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    return bad('BAD_JSON', (error as Error).message);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return bad('BAD_JSON', 'the body is to be an object, such as {"backend": "pg"}');
  const entries = Object.entries(value).filter(([, field]) => field !== null);
  const odd = entries.find(([, field]) => typeof field === 'object');
  if (odd !== undefined) return bad('BAD_FIELD', `'${odd[0]}' is to be a text, a number, or true or false`);
  return { entries: entries.map(([name, field]) => [name, String(field)]) };
}

function bad(code: string, message: string): Refusal {
  return { status: 400, code, message };
}
