/** core/syslog: each framing, lengths, levels and samples, and the same line through the real HAProxy. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { LogLevel, LogSyslogFormat, LogTarget } from '../../src/config/model.js';
import { type LogIdentity, type LogTime, SyslogFraming } from '../../src/core/syslog.js';
import { logTime } from '../../src/logs/clock.js';
import { systemTest } from '../support/peers.js';
import { freePort, startProxy } from '../support/proxy.js';

const UDP = { kind: 'udp', host: '127.0.0.1', port: 514 } as const;
const TIME: LogTime = {
  epochMs: 1_795_241_107_042,
  year: 2026,
  month: 10,
  day: 1,
  hour: 6,
  minute: 5,
  second: 7,
  zone: '+01:00',
};
const NAMELESS: LogIdentity = { tag: 'haproxy', pid: 7, sendHostname: undefined, hostname: 'vm' };

function framed(target: Partial<LogTarget>, level: LogLevel, text: string, sendHostname?: string): string {
  const framing = new SyslogFraming({ target: UDP, facility: 'local3', ...target }, { ...NAMELESS, sendHostname });
  return framing.frame(level, text, TIME);
}

// Manual, `log`: format, host name sent, the line.
for (const [format, sendHostname, expected] of [
  [undefined, undefined, '<158>Nov  1 06:05:07 haproxy[7]: text\n'],
  [undefined, '', '<158>Nov  1 06:05:07 vm haproxy[7]: text\n'],
  [undefined, 'my.host', '<158>Nov  1 06:05:07 my.host haproxy[7]: text\n'],
  ['rfc3164', undefined, '<158>Nov  1 06:05:07 localhost haproxy[7]: text\n'],
  ['rfc5424', undefined, '<158>1 2026-11-01T06:05:07.042000+01:00 - haproxy 7 - - text\n'],
  ['rfc5424', 'h', '<158>1 2026-11-01T06:05:07.042000+01:00 h haproxy 7 - - text\n'],
  ['local', 'h', '<158>Nov  1 06:05:07 haproxy[7]: text\n'],
  ['priority', undefined, '<158>text\n'],
  ['short', undefined, '<6>text\n'],
  ['timed', undefined, '<6>2026-11-01T06:05:07.042000+01:00 text\n'],
  ['iso', undefined, '2026-11-01T06:05:07.042000+01:00 text\n'],
  ['raw', undefined, 'text\n'],
] as const)
  test(`format ${format ?? 'by default'}${sendHostname === undefined ? '' : `, host name '${sendHostname}'`}`, () => {
    assert.equal(framed({ format }, 'info', 'text', sendHostname), expected);
  });

for (const [target, total] of [
  [{ target: UDP, len: 80 }, 81],
  [{ target: UDP }, 1025],
  [{ target: { kind: 'fd', fd: 1 }, len: 90 }, 90],
  [{ target: { kind: 'fd', fd: 1 } }, 1024],
] as const)
  test(`a long line is ${total} bytes for ${JSON.stringify(target)}`, () => {
    const line = framed({ ...target, format: 'raw' }, 'info', 'x'.repeat(5000));
    assert.equal(line.length, total);
    assert.ok(line.endsWith('x\n'));
    assert.equal(framed({ ...target, format: 'raw' }, 'info', 'x'.repeat(total - 1)).length, total);
  });

// Level of the message, the target's level and minimum level, priority sent (null: not sent).
for (const [level, most, least, priority] of [
  ['info', undefined, undefined, 158],
  ['emerg', undefined, undefined, 152],
  ['info', 'notice', undefined, null],
  ['notice', 'notice', undefined, 157],
  ['emerg', 'info', 'notice', 157],
  ['info', 'debug', 'err', 158],
  ['debug', 'info', undefined, null],
] as const)
  test(`${level} to a target of level ${most}, minimum ${least}`, () => {
    const framing = new SyslogFraming({ target: UDP, facility: 'local3', level: most, minLevel: least }, NAMELESS);
    assert.equal(framing.wants(level), priority !== null);
    if (priority !== null) assert.ok(framing.frame(level, 'x', TIME).startsWith(`<${priority}>`));
  });

for (const [ranges, size, taken] of [
  [[[1, 1]], 3, '100100100'],
  [[[2, 3]], 4, '011001100'],
  [
    [
      [1, 1],
      [3, 3],
    ],
    3,
    '101101101',
  ],
] as [[number, number][], number, string][])
  test(`sample ${ranges.join(' ')} of ${size}`, () => {
    const framing = new SyslogFraming({ target: UDP, facility: 'user', sample: { ranges, size } }, NAMELESS);
    assert.equal(Array.from(taken, () => (framing.wants('info') ? '1' : '0')).join(''), taken);
  });

const FORMATS: LogSyslogFormat[] = ['rfc3164', 'rfc5424', 'local', 'priority', 'short', 'timed', 'iso', 'raw'];
const shape = (line: string) => line.replace(/\.\d{6}/, '.######').replace(/:\d\d(?=[ .])/, ':SS');

for (const [words, sendHostname] of [
  ['', undefined],
  ['log-send-hostname my.host', 'my.host'],
] as const)
  systemTest(`every framing as HAProxy sends it ${words}`, { commands: ['haproxy'] }, async () => {
    const udp = createSocket('udp4').bind(0, '127.0.0.1');
    const received: string[] = [];
    udp.on('message', (m) => received.push(m.toString()));
    await once(udp, 'listening');
    const port = await freePort();
    const targets = FORMATS.flatMap((format) => [{ format }, { format, len: 90 }]);
    const logs = targets.map(
      (t) => ` log 127.0.0.1:${udp.address().port} ${t.len ? 'len 90 ' : ''}format ${t.format} local3`,
    );
    const text = `global\n nbthread 1\n log-tag mytag\n ${words}\n${logs.join('\n')}\ndefaults\n mode tcp\n log global\n timeout client 3s\n log-format "${'0123456789'.repeat(12)}"\nfrontend f\n bind 127.0.0.1:${port}`;
    const proxy = await startProxy('haproxy', text, [port]);
    try {
      received.length = 0; // what it said while starting
      await once(connect(port, '127.0.0.1').resume(), 'close');
      for (let i = 0; i < 200 && received.length < targets.length; i++) await new Promise((r) => setTimeout(r, 10));
      const identity = { tag: 'mytag', pid: proxy.child.pid!, sendHostname, hostname: 'unused' };
      const ours = targets.map((t) =>
        new SyslogFraming({ target: UDP, facility: 'local3', ...t }, identity).frame(
          'info',
          '0123456789'.repeat(12),
          logTime(Date.now()),
        ),
      );
      assert.deepEqual(received.map(shape), ours.map(shape));
    } finally {
      await proxy.stop();
      udp.close();
    }
  });
