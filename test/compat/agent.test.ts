/** An agent beside the health check, under an operator's orders, and failing: on the real HAProxy and on Fairlead. */
import { orders, play, says } from '../support/agent-stage.js';

play(
  'an agent that fails changes nothing',
  [
    says('up\n'),
    says(null),
    says('down\n'),
    { mumbles: '' },
    says('down\n'),
    { mumbles: 'up' },
    says('up\n'),
    orders('set server b/s agent-addr 127.0.0.9'),
    says('down\n'),
    orders('set server b/s agent-addr 127.0.0.1'),
  ],
  'check inter 20s',
  'option log-health-checks # impatient',
);

play('with the health check', [
  says('up\n'),
  { isWell: false },
  { isWell: true },
  says('down\n'),
  { isWell: false },
  says('up\n'),
  { isWell: true },
  says('\n'),
  orders('set server b/s agent down'),
  orders('set server b/s agent up'),
  says('down\n'),
  says('\n'),
  orders('set server b/s health up'),
  orders('set server b/s agent down'),
  orders('set server b/s state maint'),
  orders('set server b/s state ready'),
  orders('set server b/s agent foo'),
  orders('set server b/s agent'),
  orders('disable agent b/s'),
  says('down\n'),
  orders('set server b/s agent up'),
  orders('enable agent b/s'),
  says('100% up\n'),
  orders('disable health b/s'),
  says('down\n'),
  says('up\n'),
  orders('enable health b/s'),
  orders('set server b/s state maint'),
  says('drain\n'),
  says('up ready\n'),
  orders('set server b/s state drain'),
  says('ready\n'),
  orders('set server b/s weight 30'),
  says('50%\n'),
]);

play(
  'what it is sent, and where',
  [
    orders('set server b/s agent-send hello'),
    orders('set server b/s agent-send'),
    orders('set server b/s agent-addr'),
    orders('set server b/s agent-addr foo.invalid'),
    orders('set server b/s agent-addr 127.0.0.1 port 1'),
    orders('set server b/s agent-port {AGENT}'),
    orders('set server b/s agent-port'),
    orders('set server b/s agent-port 70000'),
    orders('set server b/s agent-port abc'),
    orders('set server b/s agent-addr 127.0.0.1 port abc'),
    orders('enable agent t/t'),
    orders('disable agent t/t'),
    orders('set server t/t agent up'),
    orders('set server t/t agent-send x'),
    orders('set server t/t agent-addr 1.2.3.4'),
    orders('set server t/t agent-port 3'),
    says(''),
  ],
  'check inter 20s agent-send "name b\\n"',
);

play(
  'without a health check',
  [
    ...['up\n', 'down\n', '\n'].map(says),
    orders('disable agent b/s'),
    orders('enable agent b/s'),
    orders('set server b/s health up'),
    orders('set server b/s state maint'),
    orders('set server b/s state ready'),
    ...['up\n', 'drain\n', 'ready\n', 'maint\n', 'ready\n'].map(says),
  ],
  '',
);

play('without lines of its own', ['down # reason\n', 'up\n', 'down\n'].map(says), 'check backup', '');
