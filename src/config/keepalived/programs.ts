/** Programs as keepalived.conf names them: one word, quoted where it has arguments, and the user it runs as. */
import type { Notifications, Program } from '../model.js';
import { block, type Keywords, keyword, type Line } from './line.js';
import type { Statement, Word } from './syntax.js';

/** `PROGRAM [USER [GROUP]]`; a quoted text is taken apart at its spaces, and no shell ever sees it. */
export function programOf(line: Line): Program | undefined {
  const word = line.needed('a program');
  if (word === undefined) return undefined;
  const command = splitCommand(word.unescaped ?? word.text);
  if (command.length === 0) return line.error(word, 'bad-value', 'the program is an empty text', 'write its full path');
  if (line.peek()?.text.startsWith('/') || line.rest.length > 2) warnUnquoted(line, word);
  const [user, group] = [line.next(), line.next()];
  return {
    command,
    ...(user && { user: user.text }),
    ...(group && { group: group.text }),
    loc: word.loc,
  };
}

/** The program of a `vrrp_script`: of words without quotes keepalived takes the first alone. */
export function quotedProgramOf(line: Line): Program | undefined {
  const word = line.needed('a program');
  if (word === undefined) return undefined;
  const text = [word, ...line.rest].map((each) => each.text).join(' ');
  const message = `'${word.text}' is run without arguments: words behind it have no effect`;
  if (line.rest.length > 0)
    line.diag.warning('unquoted-program', line.peek()?.loc, message, `write "${text}" in quotes`);
  while (line.peek() !== undefined) line.next();
  const command = splitCommand(word.unescaped ?? word.text);
  if (command.length > 0) return { command, loc: word.loc };
  return line.error(word, 'bad-value', 'the program is an empty text', 'write its full path');
}

function warnUnquoted(line: Line, word: Word): void {
  const text = [word, ...line.rest].map((each) => each.text).join(' ');
  const message = `behind '${word.text}' stand a user and a group, not arguments`;
  line.diag.warning('unquoted-program', line.peek()?.loc, message, `write "${text}" in quotes to pass arguments`);
}

/** Words between spaces; quotes keep spaces within a word. */
export function splitCommand(text: string): string[] {
  return [...text.matchAll(/(?:[^\s'"]|'[^']*'?|"[^"]*"?)+/g)].map(([word]) =>
    word.replace(/(['"])(.*?)(?:\1|$)/gs, '$2'),
  );
}

interface Notifier {
  notify: Notifications;
}

type Single = 'master' | 'backup' | 'fault' | 'stop' | 'masterRxLowerPri';

const SINGLES: { readonly [keyword: string]: Single } = {
  notify_master: 'master',
  notify_backup: 'backup',
  notify_fault: 'fault',
  notify_stop: 'stop',
  notify_master_rx_lower_pri: 'masterRxLowerPri',
};

const MAIL = 'mail is not sent';
export const MAIL_REMEDY = "run a program that sends it with 'notify', or follow the events of the control endpoint";

/** `notify` and its kin, of instances and groups. */
export const NOTIFY: Keywords<Notifier> = {
  ...Object.fromEntries(
    Object.entries(SINGLES).map(([name, field]) => [
      name,
      keyword<Notifier>((line, of) => setOnce(line, of.notify, field)),
    ]),
  ),
  notify: keyword((line, { notify }) => {
    const program = programOf(line);
    if (program === undefined) return;
    if (notify.any.length > 0) warnTwice(line);
    else notify.any.push(program);
  }),
  notify_deleted: keyword((line, of) => {
    of.notify.saysDeleted = true;
    if (line.peek() !== undefined) setOnce(line, of.notify, 'deleted');
  }),
  notify_priority_changes: keyword((line, { notify }) => {
    const flag = line.flag();
    if (flag !== undefined) notify.priorityChanges = flag;
  }),
  smtp_alert: keyword((line) => {
    if (line.flag() === true) line.diag.warning('no-mail', line.loc, `'smtp_alert': ${MAIL}`, MAIL_REMEDY);
  }),
};

function setOnce(line: Line, notify: Notifications, field: Single | 'deleted'): void {
  const program = programOf(line);
  if (program === undefined) return;
  if (notify[field] !== undefined) warnTwice(line);
  else notify[field] = program;
}

function warnTwice(line: Line): void {
  const message = `'${line.keyword}' is written twice; the first holds`;
  line.diag.warning('written-twice', line.loc, message, 'write one program that does both');
}

/** A list of names, one or several on a line. */
export function namesOf(statements: readonly Statement[]): Word[] {
  return statements.flatMap(({ words }) => words);
}

/** A block of names. */
export function nameList<T>(take: (words: Word[], target: T, line: Line) => void) {
  return block<T>((line, target, statements) => take(namesOf(statements), target, line));
}
