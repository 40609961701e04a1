/** HAProxy's own command line (management guide §3): words in, options out. */

export interface HaproxyArgs {
  files: string[];
  checkOnly: boolean;
  condition?: string;
  daemon: boolean;
  /** `-d`, `-db`: stay in the foreground whatever the configuration says. */
  foreground: boolean;
  quiet: boolean;
  verbose: boolean;
  masterWorker: boolean;
  /** `-Ws`. */
  systemd: boolean;
  masterCli?: string;
  version: 0 | 1 | 2;
  pidfile?: string;
  finish: number[];
  terminate: number[];
  takeFrom?: string;
  directory?: string;
  localPeer?: string;
  maxconn?: number;
  proxyMaxconn?: number;
  memoryMb?: number;
  zeroWarning: boolean;
  noSplice: boolean;
  noReuseport: boolean;
}

export type ParsedArgs = { ok: true; args: HaproxyArgs } | { ok: false; message: string };

const FLAGS: { readonly [word: string]: Partial<HaproxyArgs> } = {
  '-c': { checkOnly: true },
  '-d': { foreground: true },
  '-db': { foreground: true },
  '-D': { daemon: true },
  '-q': { quiet: true },
  '-V': { verbose: true },
  '-W': { masterWorker: true },
  '-Ws': { masterWorker: true, systemd: true },
  '-v': { version: 1 },
  '-vv': { version: 2 },
  '-dW': { zeroWarning: true },
  '-dS': { noSplice: true },
  '-dR': { noReuseport: true },
};

/** Accepted because scripts pass them; here they change nothing: there is one poller, one resolver, no TLS, no pools. */
const WITHOUT_EFFECT = /^-(dD|dG|dL|dV|de|dp|dr|dF|dM.*|dK.*)$/;

const TEXTS = {
  '-p': 'pidfile',
  '-C': 'directory',
  '-L': 'localPeer',
  '-x': 'takeFrom',
  '-S': 'masterCli',
  '-cc': 'condition',
} as const;
const NUMBERS = { '-n': 'maxconn', '-N': 'proxyMaxconn', '-m': 'memoryMb' } as const;

/** Never throws. Without `ok` the usage is to be shown. */
export function parseArgs(argv: readonly string[]): ParsedArgs {
  const args: HaproxyArgs = {
    files: [],
    checkOnly: false,
    daemon: false,
    foreground: false,
    quiet: false,
    verbose: false,
    masterWorker: false,
    systemd: false,
    version: 0,
    finish: [],
    terminate: [],
    zeroWarning: false,
    noSplice: false,
    noReuseport: false,
  };
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i];
    if (word === '--') {
      args.files.push(...argv.slice(i + 1));
      break;
    }
    if (word === '-sf' || word === '-st') {
      const pids = pidsFrom(argv, i + 1);
      (word === '-sf' ? args.finish : args.terminate).push(...pids.list);
      i = pids.last;
      continue;
    }
    if (Object.hasOwn(FLAGS, word)) Object.assign(args, FLAGS[word]);
    else if (WITHOUT_EFFECT.test(word)) continue;
    else {
      const problem = takeValue(args, word, argv[++i]);
      if (problem !== undefined) return { ok: false, message: problem };
    }
  }
  return { ok: true, args };
}

/** The list may be empty and ends at the next option. */
function pidsFrom(argv: readonly string[], from: number): { list: number[]; last: number } {
  let at = from;
  while (at < argv.length && !argv[at].startsWith('-')) at++;
  const words = argv.slice(from, at).flatMap((word) => word.split(/\s+/));
  return { list: words.map(Number).filter((pid) => Number.isInteger(pid) && pid > 0), last: at - 1 };
}

/** @returns what is wrong, or undefined */
function takeValue(args: HaproxyArgs, word: string, value: string | undefined): string | undefined {
  const isNumber = Object.hasOwn(NUMBERS, word);
  if (!isNumber && word !== '-f' && !Object.hasOwn(TEXTS, word)) return `unknown option '${word}'`;
  if (value === undefined) return `option '${word}' needs a value`;
  if (isNumber && !/^\d+$/.test(value)) return `option '${word}' needs a number, not '${value}'`;
  if (isNumber) args[NUMBERS[word as keyof typeof NUMBERS]] = Number(value);
  else if (word === '-f') args.files.push(value);
  else args[TEXTS[word as keyof typeof TEXTS]] = value;
  return undefined;
}
