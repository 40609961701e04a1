/** Mismatches of mode http: `check` names each with its remedy, and the import writes the file set right. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { correct } from '../../src/config/correct.js';
import { loadConfig } from '../../src/config/load.js';
import { writeYaml } from '../../src/config/yaml/write.js';

const DEFAULTS = 'defaults\n mode http\n timeout client 1m\n timeout connect 5s\n timeout server 1m\n';
const BACKEND = 'backend app\n server s 127.0.0.1:1\nbackend other\n server s 127.0.0.1:1\n';

/** Lines of a frontend in mode http, what is said about them, and what the import has no more. */
const ROWS: readonly (readonly [lines: string, said: RegExp, gone: RegExp])[] = [
  [
    'use_backend app\nuse_backend other',
    /'use_backend other' is never reached: the rule on line 8 takes everything; move it in front of that line/,
    /other if|use-backend/,
  ],
  [
    'http-request deny\nhttp-request set-header X-A b\nredirect location /x',
    /'http-request set-header' is never reached: 'http-request deny' on line 8 takes everything/,
    /X-A|redirect/,
  ],
  [
    'tcp-request connection accept\ntcp-request connection reject if { src 10.0.0.9 }',
    /'tcp-request connection reject' is never reached: 'tcp-request connection accept' on line 8/,
    /10\.0\.0\.9/,
  ],
  [
    'monitor-uri /alive\nhttp-request deny if { path /alive }',
    /'http-request deny' is never reached: 'monitor-uri \/alive' answers these requests before it/,
    /http-request/,
  ],
  [
    'acl live path /alive\nmonitor-uri /alive\nhttp-request return status 200 if live || { path -m str /alive }',
    /'http-request return' is never reached: 'monitor-uri \/alive'/,
    /http-request/,
  ],
  [
    'http-request set-header "X A:" b',
    /'http-request set-header' names a header 'X A:', which no message can have; write 'X-A'/,
    /X A:/,
  ],
  ['option forwardfor header X:F', /names a header 'X:F', which no message can have; write 'X-F'/, /X:F/],
  ['unique-id-header X:U', /'unique-id-header' names a header 'X:U'/, /X:U/],
  ['capture request header x:y len 5', /'capture' names a header 'x:y'/, /x:y/],
  ['http-request del-header Host:', /names a header 'Host:', which no message can have; write 'Host'/, /Host:/],
  [
    'mode tcp\nhttp-request deny if { path /x }',
    /'http-request' has no effect: frontend 'f' is in mode tcp and reads no requests; write 'mode http' in frontend 'f'/,
    /http-request/,
  ],
  ['mode tcp\nstats enable\nstats uri /s', /'stats' has no effect: frontend 'f' is in mode tcp/, /uri|stats:/],
];

for (const [lines, said, gone] of ROWS)
  test(lines.replaceAll('\n', ' | '), () => {
    const text = `${DEFAULTS}frontend f\n bind :80\n ${lines.replaceAll('\n', '\n ')}\n default_backend app\n${BACKEND}`;
    const isTcp = lines.startsWith('mode tcp');
    const { model, diagnostics } = loadConfig(['-'], {
      stdin: () => (isTcp ? text.replace('default_backend app', '') : text),
      env: {},
    });
    assert.equal(diagnostics.hasErrors, false, diagnostics.renderAll());
    assert.match(diagnostics.renderAll(), said);
    correct(model, diagnostics);
    const written = writeYaml(model);
    assert.doesNotMatch(written, gone);
    const again = loadConfig(['-'], { stdin: () => written, env: {} }).diagnostics;
    assert.equal(again.hasErrors, false, `${again.renderAll()}\n${written}`);
    assert.doesNotMatch(again.renderAll(), said);
  });

test('patterns of names are no names', () => {
  const text = `${DEFAULTS}frontend f\n bind :80\n http-request del-header ^x-[0-9]+$ -m reg\n default_backend app\n${BACKEND}`;
  const { model, diagnostics } = loadConfig(['-'], { stdin: () => text, env: {} });
  correct(model, diagnostics);
  assert.match(writeYaml(model), /del-header '\^x-\[0-9\]\+\$' -m reg/);
});

/** Warnings alone: nothing can be set right without knowing what was meant. */
const NAMED: readonly (readonly [lines: string, said: RegExp])[] = [
  ['monitor-uri alive', /no request can ask for 'alive', so 'monitor-uri' never answers; write '\/alive'/],
  ['monitor-uri /s\nstats uri /s', /'monitor-uri \/s' answers in place of the statistics page/],
  ['monitor fail if TRUE', /'monitor fail' has no effect without 'monitor-uri'/],
  ['http-request deny if { status 200 }', /in 'http-request deny' 'status' never matches: it looks at the response/],
  [
    'acl ok path /x\nhttp-response deny if ok',
    /in 'http-response deny' ACL 'ok' never matches: it looks at the request/,
  ],
  ['capture request header Host: len 9', /'capture' names a header 'Host:'.*write 'Host'/],
];
for (const [lines, said] of NAMED)
  test(`${lines.replaceAll('\n', ' | ')} is named`, () => {
    const text = `${DEFAULTS}frontend f\n bind :80\n ${lines.replaceAll('\n', '\n ')}\n default_backend app\n${BACKEND}`;
    const { diagnostics } = loadConfig(['-'], { stdin: () => text, env: {} });
    assert.equal(diagnostics.hasErrors, false, diagnostics.renderAll());
    assert.match(diagnostics.renderAll(), said);
  });

test('an ACL that a rule would change is an error', () => {
  const text = `${DEFAULTS}frontend f\n bind :80\n http-request add-acl(/dev/null) %[src]\n default_backend app\n${BACKEND}`;
  const { diagnostics } = loadConfig(['-'], { stdin: () => text, env: {} });
  assert.match(diagnostics.renderAll(), /error: 'http-request add-acl' cannot run.*set-map/);
});
