/** Generated settings of mode http and of stick tables, for the property tests of the YAML language. */
import fc from 'fast-check';
import { emptyHttp } from '../../../src/config/defaults.js';
import type {
  Condition,
  Expression,
  HttpAction,
  HttpRule,
  HttpSettings,
  Proxy,
  Redirect,
  Reply,
  StatsPage,
} from '../../../src/config/model.js';

/** What a word may hold, as far as no meaning is looked for in it. */
const anyText = fc.oneof(
  fc.constantFrom("it's", '"q"', 'a b', '# c', 'x\\1y', '$x', '\t', 'é', "'"),
  fc.string({ minLength: 1, maxLength: 8 }).filter((each) => !each.includes('%')),
);
const format = fc.oneof(anyText, fc.constantFrom('%[src]', '%ci:%cp', 'a %[path,lower] b', '%%', '%[str("a,b\'c")]'));
const responseFormat = fc.oneof(anyText, fc.constantFrom('%[status]', '%[res.hdr(x)]'));
const header = fc.constantFrom('X-A', 'host', 'Set-Cookie');
const expression: fc.Arbitrary<Expression> = fc.constantFrom<Expression>(
  { fetch: 'src', args: [], converters: [] },
  { fetch: 'req.hdr', args: ['host', '-1'], converters: [{ name: 'lower', args: [] }] },
  { fetch: 'path', args: [], converters: [{ name: 'regsub', args: ['(a|b),', '\\1"x\'', 'g'] }] },
  { fetch: 'str', args: ['a b)'], converters: [{ name: 'field', args: ['1', ','] }] },
);
const responseExpression = fc.constantFrom<Expression>({ fetch: 'res.hdr', args: ['x'], converters: [] });
const condition: fc.Arbitrary<Condition> = fc.constantFrom<Condition>(
  {
    when: 'if',
    anyOf: [
      [
        {
          negate: true,
          test: { fetch: 'src', args: [], converters: [], flags: [], patterns: ['10.0.0.0/8'] },
        },
      ],
    ],
  },
  {
    when: 'unless',
    anyOf: [
      [
        {
          negate: false,
          test: {
            fetch: 'url_param',
            args: ['a', ';'],
            converters: [],
            flags: ['-i'],
            match: 'beg',
            patterns: ['x y'],
          },
        },
      ],
      [
        { negate: false, test: { fetch: 'method', args: [], converters: [], flags: [], patterns: ['GET'] } },
        { negate: false, test: { fetch: 'dst_port', args: [], converters: [], flags: [], patterns: ['80'] } },
      ],
    ],
  },
);

function some<T>(fields: { [K in keyof T]-?: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  return fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
}

const yes = fc.constant(true as const);
const constant = <T>(value: T): fc.Arbitrary<T> => fc.constant(value);

const reply: fc.Arbitrary<Reply> = fc
  .tuple(
    some<Pick<Reply, 'status' | 'headers'>>({
      status: fc.constantFrom(200, 403, 503),
      headers: fc.array(fc.record({ name: header, value: format }), { minLength: 1, maxLength: 2 }),
    }),
    fc.oneof(
      constant<Partial<Reply>>({}),
      constant<Partial<Reply>>({ errorFiles: 'pages' }),
      anyText.map((text): Partial<Reply> => {
        const bytes = Buffer.from(text, 'utf8').toString('latin1');
        return { contentType: 'text/plain', body: { kind: 'text', text: bytes } };
      }),
      format.map((value): Partial<Reply> => ({ contentType: 'text/plain', body: { kind: 'format', value } })),
    ),
  )
  .map(([head, body]) => ({ ...head, ...body }));

const redirect: fc.Arbitrary<Redirect> = fc
  .tuple(
    fc.record({
      kind: fc.constantFrom('location' as const, 'prefix' as const, 'scheme' as const),
      value: format,
      code: fc.constantFrom(301 as const, 302 as const, 308 as const),
    }),
    some({
      dropsQuery: yes,
      appendsSlash: yes,
      ignoresEmpty: yes,
      setCookie: constant('A=B'),
      clearCookie: constant('C='),
    }),
  )
  .map(([target, more]) => ({ ...target, ...more }));

const both: fc.Arbitrary<HttpAction>[] = [
  constant<HttpAction>({ do: 'allow' }),
  constant<HttpAction>({ do: 'deny', reply: { isDefaultErrorFiles: true } }),
  constant<HttpAction>({ do: 'silent-drop' }),
  fc.boolean().map((isOn) => ({ do: 'strict-mode', isOn })),
  constant<HttpAction>({ do: 'unset-var', variable: 'txn.a' }),
  fc.record({ do: fc.constant('set-log-level' as const), level: fc.constantFrom('silent' as const, 'err' as const) }),
  fc.record({ do: fc.constantFrom('set-mark' as const, 'set-tos' as const), value: fc.integer({ min: 0, max: 255 }) }),
  constant<HttpAction>({ do: 'del-header', name: 'X' }),
  constant<HttpAction>({ do: 'del-header', name: 'X', match: 'beg' }),
  constant<HttpAction>({ do: 'replace-header', name: 'X', regex: '(.*) [a-z]"', value: '\\1 b' }),
  constant<HttpAction>({ do: 'replace-value', name: 'X', regex: '^a$', value: 'b' }),
  constant<HttpAction>({ do: 'sc-inc-gpc', index: 1, counter: 2 }),
  constant<HttpAction>({ do: 'sc-set-gpt', index: 0, counter: 0, value: 5 }),
  constant<HttpAction>({ do: 'wait-for-body', timeMs: 1500, atLeastBytes: 100 }),
];

const requestAction: fc.Arbitrary<HttpAction> = fc.oneof(
  ...both,
  fc.record({ do: fc.constantFrom('deny' as const, 'tarpit' as const, 'return' as const), reply }).map((action) => {
    // Alone a refusal means its page, which is another setting.
    const isAlone = Object.keys(action.reply).length === 0 && action.do !== 'return';
    return isAlone ? { ...action, reply: { isDefaultErrorFiles: true as const } } : action;
  }),
  redirect.map((each): HttpAction => ({ do: 'redirect', redirect: each })),
  redirect.map((each): HttpAction => ({ do: 'redirect', redirect: each, isLate: true })),
  anyText.map((realm): HttpAction => ({ do: 'auth', realm })),
  fc.record({ do: fc.constantFrom('add-header' as const, 'set-header' as const), name: header, value: format }),
  fc.record({ do: fc.constantFrom('set-path' as const, 'set-query' as const, 'set-method' as const), value: format }),
  constant<HttpAction>({ do: 'replace-path', regex: '^/a(/.*)?$', value: '/b\\1' }),
  constant<HttpAction>({ do: 'normalize-uri', normalizer: 'path-strip-dotdot', isFull: true }),
  constant<HttpAction>({ do: 'normalize-uri', normalizer: 'percent-to-uppercase', isStrict: true }),
  constant<HttpAction>({ do: 'set-timeout', which: 'server', ms: 2500 }),
  expression.map((each): HttpAction => ({ do: 'set-timeout', which: 'tunnel', expression: each })),
  constant<HttpAction>({ do: 'use-service', service: 'prometheus-exporter' }),
  expression.map((each): HttpAction => ({ do: 'set-var', variable: 'txn.a', expression: each })),
  format.map(
    (value): HttpAction => ({ do: 'set-var-fmt', variable: 'req.b', value, conditions: ['ifexists', 'ifgt'] }),
  ),
  expression.map((each): HttpAction => ({ do: 'capture', expression: each, id: 0 })),
  expression.map((each): HttpAction => ({ do: 'set-src', expression: each })),
  expression.map((key): HttpAction => ({ do: 'track-sc', counter: 1, key, table: 't' })),
  format.map((key): HttpAction => ({ do: 'set-map', file: '/tmp/m', key, value: 'v' })),
  format.map((key): HttpAction => ({ do: 'del-acl', file: '/tmp/m', key })),
);

const responseAction: fc.Arbitrary<HttpAction> = fc.oneof(
  ...both,
  constant<HttpAction>({ do: 'set-status', status: 503, reason: 'a b' }),
  fc.record({ do: fc.constant('set-header' as const), name: header, value: responseFormat }),
  responseExpression.map((each): HttpAction => ({ do: 'set-var', variable: 'res.a', expression: each })),
);

const AFTER: readonly HttpAction['do'][] = ['sc-inc-gpc', 'sc-set-gpt', 'wait-for-body', 'deny', 'silent-drop'];
const AFTER_TOO: readonly HttpAction['do'][] = ['set-log-level', 'set-mark', 'set-tos'];

const rule: fc.Arbitrary<HttpRule> = fc
  .tuple(
    fc.oneof(
      requestAction.map((action) => ({ on: 'request' as const, action })),
      responseAction.map((action) => ({ on: 'response' as const, action })),
      responseAction
        .filter((action) => ![...AFTER, ...AFTER_TOO].includes(action.do))
        .map((action) => ({ on: 'after-response' as const, action })),
    ),
    fc.option(condition, { nil: undefined }),
  )
  .map(([head, when]) => ({ ...head, ...(when && { condition: when }) }));

/** As they are written: each kind together. */
export function rank({ on, action }: HttpRule): number {
  const isLate = action.do === 'redirect' && action.isLate === true;
  return ['request', 'response', 'after-response'].indexOf(on) * 2 + Number(isLate);
}

const statsPage: fc.Arbitrary<StatsPage> = fc
  .tuple(
    fc.record({
      uri: fc.constantFrom('/', '/haproxy?stats'),
      realm: fc.oneof(constant('HAProxy Statistics'), anyText),
      refreshS: fc.constantFrom(0, 60),
      users: fc.array(fc.record({ name: constant('u'), password: anyText }), { maxLength: 2 }),
      rules: fc.array(
        fc.oneof<fc.Arbitrary<StatsPage['rules'][number]>[]>(
          fc.record({ action: fc.constantFrom('allow' as const, 'deny' as const), condition }),
          anyText.map((realm) => ({ action: 'auth' as const, realm })),
        ),
        { maxLength: 2 },
      ),
      admin: fc.array(condition, { maxLength: 2 }),
      scope: fc.constantFrom<string[]>([], ['.'], ['a', 'b']),
    }),
    some({ hidesVersion: yes, showsLegends: yes, node: fc.constantFrom('', 'n1'), description: anyText }),
  )
  .map(([page, more]) => ({ ...page, ...more }));

const shared = some<Partial<HttpSettings>>({
  connectionMode: fc.constantFrom('keep-alive' as const, 'server-close' as const, 'close' as const),
  forwardFor: fc.constantFrom<HttpSettings['forwardFor']>(
    {},
    { except: '127.0.0.0/8', header: 'X-Client', ifNone: true },
  ),
  originalTo: fc.constantFrom<HttpSettings['originalTo']>({}, { header: 'X' }),
  bufferRequest: fc.boolean(),
  noDelay: fc.boolean(),
  restrictReqHdrNames: fc.constantFrom('delete' as const, 'reject' as const),
  statsPage,
  errorPages: fc.array(
    fc.oneof(
      fc.record({
        status: constant(503),
        location: fc.record({ url: anyText, code: fc.constantFrom(302 as const, 303 as const) }),
      }),
      constant({
        status: 404,
        reply: { status: 404, contentType: 'a/b', body: { kind: 'text' as const, text: 'x y' } },
      }),
    ),
    { maxLength: 2 },
  ),
} as never) as fc.Arbitrary<Partial<HttpSettings>>;

const front = some<Partial<HttpSettings>>({
  monitorUri: fc.constantFrom('/alive', '*'),
  monitorFail: fc.array(condition, { maxLength: 2 }),
  requestCaptures: fc.array(fc.oneof(constant({ length: 9 }), constant({ name: 'Host', length: 32 })), {
    maxLength: 3,
  }),
  responseCaptures: fc.array(fc.oneof(constant({ length: 9 }), constant({ name: 'Server', length: 32 })), {
    maxLength: 2,
  }),
  captureCookie: fc.constantFrom({ name: 'A', length: 9 }, { name: 'A', length: 9, isPrefix: true as const }),
  uniqueIdFormat: fc.constantFrom('%{+X}o %ci:%cp', 'a b'),
  uniqueIdHeader: constant('X-Id'),
  errorLogFormat: constant('%ci %r'),
  idleCloseOnResponse: fc.boolean(),
  ignoreProbes: fc.boolean(),
} as never) as fc.Arbitrary<Partial<HttpSettings>>;

const back = some<Partial<HttpSettings>>({
  reuse: fc.constantFrom('never' as const, 'always' as const),
  cookie: fc.constantFrom(
    { name: 'S', mode: 'passive' as const },
    { name: 'S', mode: 'insert' as const, isIndirect: true as const, noCache: true as const, preserves: true as const },
    {
      name: 'S',
      mode: 'insert' as const,
      isDynamic: true as const,
      domains: ['.a.b', 'c'],
      maxIdleS: 1800,
      maxLifeS: 7,
      attributes: ['SameSite=None', 'a b'],
    },
  ),
  dynamicCookieKey: anyText,
  retryOn: fc.constantFrom(['none'], ['conn-failure', '503']),
  sendNameHeader: constant('X-S'),
  maxKeepAliveQueue: fc.integer({ min: -1, max: 9 }),
  forwarded: fc.constantFrom(['proto', 'for'], []),
  pretendKeepalive: fc.boolean(),
} as never) as fc.Arbitrary<Partial<HttpSettings>>;

export function httpOf(hasFront: boolean, hasBack: boolean): fc.Arbitrary<HttpSettings> {
  const none = fc.constant<Partial<HttpSettings>>({});
  return fc
    .tuple(shared, hasFront ? front : none, hasBack ? back : none, fc.array(rule, { maxLength: 5 }))
    .map(([all, f, b, rules]) => ({
      ...emptyHttp(),
      ...structuredClone({ ...all, ...f, ...b }),
      rules: structuredClone(rules).sort((a, b2) => rank(a) - rank(b2)),
    }));
}

export function stickOf(hasBack: boolean): fc.Arbitrary<Partial<Proxy>> {
  return some<Partial<Proxy>>({
    stickTable: fc.constantFrom<Proxy['stickTable']>(
      { type: 'ip', size: 1024, store: [] },
      {
        type: 'string',
        keyLength: 64,
        size: 100_000,
        expireMs: 1500,
        noPurge: true,
        store: [{ name: 'conn_cnt' }, { name: 'conn_rate', periodMs: 3000 }, { name: 'gpc', elements: 4 }],
      },
    ),
    ...(hasBack
      ? {
          stickRules: fc.array(
            fc.record({ kind: fc.constantFrom('on' as const, 'match' as const), key: expression, condition }),
            {
              maxLength: 2,
            },
          ),
          tcpResponse: fc.array(
            fc.record({ action: fc.constantFrom('accept' as const, 'close' as const), condition }),
            {
              maxLength: 2,
            },
          ),
          responseInspectDelayMs: fc.constant(2500),
        }
      : {}),
    forcePersist: fc.array(condition, { maxLength: 1 }),
    ignorePersist: fc.array(condition, { maxLength: 1 }),
  } as never) as fc.Arbitrary<Partial<Proxy>>;
}
