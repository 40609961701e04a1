/** What agents may answer: the table is what the real HAProxy 2.6 made of each line (test/compat/agent-answers asks it). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { agentText, parseAgentAnswer } from '../../src/core/health/agent-answer.js';

/** `weight% maxconn admin up|down text`, `-` where nothing is said. */
function outcome(line: string): string {
  const answer = parseAgentAnswer(line);
  if (answer === null) return 'incomplete';
  const { percent, maxconn, admin, isUp } = answer;
  const state = isUp === null ? '-' : isUp ? 'up' : 'down';
  return [percent ?? '-', maxconn ?? '-', admin ?? '-', state, agentText(answer, null)].join(' ').trimEnd();
}

for (const [line, expected] of [
  ['up\n', '- - - up via agent : up'],
  ['UP\n', '- - - up via agent : UP'],
  ['up\r', '- - - up via agent : up'],
  ['  up\n', '- - - up via agent : up'],
  ['\n up\n', '- - - -'],
  ['down\n', '- - - down via agent : down'],
  ['down # really broken\n', '- - - down via agent : down (really broken)'],
  ['stopped # planned\n', '- - - down via agent : stopped (planned)'],
  ['FAIL\n', '- - - down via agent : FAIL'],
  ['failed\n', '- - - - agent reports an error : failed'],
  ['stop\n', '- - - - agent reports an error : stop'],
  ['fail#x y z\n', '- - - - agent reports an error : fail#x'],
  ['up#glued\n', '- - - - agent reports an error : up#glued'],
  ['#only text\n', '- - - -'],
  ['up # a # b\n', '- - - up via agent : up (a # b)'],
  ['up #   spaced  text  \n', '- - - up via agent : up (spaced  text  )'],
  ['foo # bar\n', '- - - - agent reports an error : foo'],
  ['up foo # bar\n', '- - - up via agent : up (foo)'],
  ['hello up\n', '- - - up via agent : up (hello)'],
  ['down up\n', '- - - up via agent : up'],
  ['up fail stopped\n', '- - - down via agent : stopped'],
  ['75%\n', '75 - - -'],
  ['0%\n', '0 - - -'],
  ['up 20%\n', '20 - - up via agent : up'],
  ['10% 20%\n', '20 - - -'],
  ['-5%\n', '- - - - agent reports an error : -5%'],
  ['+5%\n', '- - - - agent reports an error : +5%'],
  ['%\n', '- - - - agent reports an error : %'],
  ['50 %\n', '- - - - agent reports an error : 50'],
  ['75%abc\n', '- - - - agent warns : Trailing garbage in weight string'],
  ['5.5%\n', '- - - - agent warns : Trailing garbage in weight string'],
  ['0x10%\n', '- - - - agent warns : Trailing garbage in weight string'],
  ['maxconn:30\n', '- 30 - -'],
  ['Maxconn:20\n', '- 20 - -'],
  ['maxconn:+5\n', '- 5 - -'],
  ['maxconn:10 maxconn:20\n', '- 20 - -'],
  ['maxconn:20 # hi\n', '- 20 - -'],
  ['maxconn:abc\n', '- - - - agent warns : maxconn string empty or preceded by garbage'],
  ['maxconn:30x\n', '- - - - agent warns : Trailing garbage in maxconn string'],
  ['maxconn:b 50%x\n', '- - - - agent warns : Trailing garbage in weight string'],
  ['50%x maxconn:b\n', '- - - - agent warns : Trailing garbage in weight string'],
  ['up maxconn:a # hi\n', '- - - up via agent : up (maxconn string empty or preceded by garbage)'],
  ['100% maxconn:a foo\n', '100 - - - agent reports an error : foo'],
  ['ready\n', '- - ready -'],
  ['drain ready\n', '- - ready -'],
  ['ready maint drain\n', '- - drain -'],
  ['Ready Up\n', '- - ready up via agent : Up'],
  ['up,ready,10%\n', '10 - ready up via agent : up'],
  ['100%,,, up\n', '100 - - up via agent : up'],
  ['100%\tup\r\nignored down\n', '100 - - up via agent : up'],
  ['75%', 'incomplete'],
  ['', 'incomplete'],
  ['up\0down\n', 'incomplete'],
  // Ours alone: HAProxy takes these for something else (docs/differences.md).
  ['maxconn:-3\n', '- - - - agent warns : maxconn string empty or preceded by garbage'],
  ['maxconn:99999999999\n', '- 2147483647 - -'],
  ['99999999999%\n', '- - - - agent warns : Relative weight must be positive.'],
] as const)
  test(`${JSON.stringify(line)}: ${expected}`, () => assert.equal(outcome(line), expected));

test('no answer makes it throw, and a line that ends is an answer', () => {
  const piece = fc.constantFrom('up', 'down', '75%', 'maxconn:', 'drain', '#', ' ', ',', '\t', '%', '1', 'x', '\0');
  const line = fc.oneof(
    fc.array(piece, { maxLength: 10 }).map((words) => words.join('')),
    fc.string(),
  );
  fc.assert(
    fc.property(line, (text) => {
      const ended = parseAgentAnswer(`${text.replace(/[\r\n\0]/g, '')}\n`);
      assert.ok(ended !== null);
      assert.equal(typeof agentText(ended, null), 'string');
      parseAgentAnswer(text);
    }),
    { numRuns: 1000 },
  );
});
