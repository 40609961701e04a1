/** What an agent may answer: the whole grammar, on the real HAProxy and on Fairlead. */
import { play, says } from '../support/agent-stage.js';

/** A health check that ends while the agent takes the server out is another story, told below. */
const RARELY = 'check inter 20s';

play(
  'weights and limits',
  [
    ...['up\n', '75%\n', 'up 20%\n', '0%\n', '100%\n', '200%\n', '300%\n', '-5%\n', '50 %\n', '75%abc\n', '%\n'].map(
      says,
    ),
    ...[
      '10% 20%\n',
      'maxconn:30\n',
      'Maxconn:20\n',
      'maxconn:0\n',
      'maxconn:abc\n',
      'maxconn:30x\n',
      'maxconn:+5\n',
    ].map(says),
    ...['maxconn:b 50%x\n', 'up maxconn:a # hi\n', '100% maxconn:50 up\n'].map(says),
  ],
  RARELY,
);

play(
  'states and texts',
  [
    ...[
      'up\n',
      'drain\n',
      'up\n',
      'ready\n',
      'maint\n',
      'up\n',
      'down\n',
      'ready\n',
      'up\n',
      'down # really broken\n',
    ].map(says),
    ...['50%\n', 'failed\n', 'fail\n', 'stopped # planned\n', 'stop\n', 'up # text\n', 'UP\n', 'Ready Up\n'].map(says),
    ...[
      'DOWN\n',
      'ready drain up\n',
      'up ready\n',
      'maint ready 100%\n',
      'ready maint\n',
      'ready\n',
      'down ready\n',
    ].map(says),
    ...['up ready\n', 'maint down\n', 'ready\n', 'up\n'].map(says),
  ],
  RARELY,
);

play(
  'odd answers',
  [
    ...['75%', 'hello\n', '\n', '', 'hello up\n', 'up,ready,10%\n', '100%\tup\r\nignored down\n', 'down up\n'].map(
      says,
    ),
    ...[
      'up down\n',
      'up fail stopped\n',
      'up\n',
      '#only text\n',
      'up #   spaced  text\n',
      'up#glued\n',
      'up # a # b\n',
    ].map(says),
    ...[
      'up # a "quoted" <x>\n',
      '  up\n',
      'up\r',
      '\n up\n',
      'up foo # bar\n',
      'foo # bar\n',
      'down # é\n',
      'up\n',
    ].map(says),
    ...['100%,,, up\n', `up # ${'y'.repeat(300)}\n`, `${'x'.repeat(20_000)}\n`].map(says),
  ],
  RARELY,
);
