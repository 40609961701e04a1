/**
 * What an agent answers (manual §5.2, `agent-check`): one line of words between spaces, tabs or commas, in any order and
 * case; behind a `#` that begins a word stands a description. Of two words about the same thing the later counts.
 */

/** The words about a server's operational state; `fail` and `stopped` only tell a person more than `down`. */
const STATUS_WORDS: { readonly [word: string]: boolean } = { up: true, down: false, fail: false, stopped: false };
const ADMIN_WORDS = ['ready', 'drain', 'maint'] as const;
const MAXCONN = 'maxconn:';
/** More does not fit the shared table. */
const MAXCONN_MAX = 2 ** 31 - 1;
const BAD_MAXCONN = 'maxconn string empty or preceded by garbage';
const GARBAGE_MAXCONN = 'Trailing garbage in maxconn string';
const GARBAGE_WEIGHT = 'Trailing garbage in weight string';
const BIG_WEIGHT = 'Relative weight must be positive.';

export interface AgentAnswer {
  /** Weight in percent of the initial one; null where nothing is said of it. */
  readonly percent: number | null;
  readonly maxconn: number | null;
  readonly admin: (typeof ADMIN_WORDS)[number] | null;
  readonly isUp: boolean | null;
  /** The word behind `isUp`, as it was written. */
  readonly word: string;
  /** The first word that means nothing. */
  readonly unknown: string | null;
  /** A weight or a maxconn that could not be read. */
  readonly warning: string | null;
  readonly description: string | null;
}

/**
 * @param text everything received
 * @returns null while the line has no end
 */
export function parseAgentAnswer(text: string): AgentAnswer | null {
  const line = /^[^\r\n\0]*(?=[\r\n])/.exec(text);
  if (line === null) return null;
  const [, words, note] = /^(.*?)(?:(?<=^|[ \t,])#(.*))?$/s.exec(line[0])!;
  const answer: Draft = { ...EMPTY, description: note === undefined ? null : note.replace(/^[ \t]+/, '') };
  for (const word of words.split(/[ \t,]+/)) if (word !== '') readWord(answer, word);
  return answer;
}

type Draft = { -readonly [field in keyof AgentAnswer]: AgentAnswer[field] } & { weightWarning: boolean };

const EMPTY: Draft = {
  percent: null,
  maxconn: null,
  admin: null,
  isUp: null,
  word: '',
  unknown: null,
  warning: null,
  description: null,
  weightWarning: false,
};

function readWord(answer: Draft, word: string): void {
  const plain = word.toLowerCase();
  const admin = ADMIN_WORDS.find((each) => each === plain);
  if (admin !== undefined) answer.admin = admin;
  else if (Object.hasOwn(STATUS_WORDS, plain)) {
    answer.isUp = STATUS_WORDS[plain];
    answer.word = word;
  } else if (/^\d/.test(word) && word.includes('%')) readWeight(answer, word);
  else if (plain.startsWith(MAXCONN)) readMaxconn(answer, word.slice(MAXCONN.length));
  else answer.unknown ??= word;
}

function readWeight(answer: Draft, word: string): void {
  if (/^\d{1,9}%$/.test(word)) answer.percent = Number.parseInt(word, 10);
  else {
    answer.warning = /^\d+%$/.test(word) ? BIG_WEIGHT : GARBAGE_WEIGHT;
    answer.weightWarning = true;
  }
}

/** A bad weight is the worse news. */
function readMaxconn(answer: Draft, text: string): void {
  const [, digits, rest] = /^\+?(\d+)(.*)$/s.exec(text) ?? [];
  if (digits !== undefined && rest === '') answer.maxconn = Math.min(Number(digits), MAXCONN_MAX);
  else if (!answer.weightWarning) answer.warning = digits === undefined ? BAD_MAXCONN : GARBAGE_MAXCONN;
}

/**
 * What is told of the answer (`last_agt`), in HAProxy's words.
 * @param refusal why a weight could not be applied, null if it could
 */
export function agentText(answer: AgentAnswer, refusal: string | null): string {
  const { isUp, word, unknown, description } = answer;
  const warning = refusal ?? answer.warning;
  const note = unknown ?? warning ?? description;
  if (isUp !== null) return `via agent : ${word}${note === null ? '' : ` (${note})`}`;
  if (unknown !== null) return `agent reports an error : ${unknown}`;
  return warning === null ? '' : `agent warns : ${warning}`;
}

/** The answer ended before its line did. */
export const INCOMPLETE_TEXT = 'Ignoring incomplete line from agent';
