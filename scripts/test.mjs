// `npm test`: format and lint, types, dead code, then every test. The last line is `N passed, N failed` (with
// `, N skipped` when system tests could not run here), and the exit code says the same.
//   FAIRLEAD_REQUIRE_PEERS=1   a system test whose programs are missing fails instead of being skipped
//   npm test -- core checks    only the test files whose path contains one of the words; no other steps
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installMissingPeers } from './peers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => join(root, 'node_modules', '.bin', name);
/** Longest time for one test file, ms: a hang is a failure, not a blocked pipeline. */
const FILE_TIMEOUT_MS = 300_000;

const STEPS = [
  { name: 'build and types', command: bin('tsc'), args: ['-p', '.'] },
  { name: 'format and lint', command: bin('biome'), args: ['check', '--error-on-warnings', '.'] },
  { name: 'dead code', command: bin('knip'), args: [] },
];

/** Real databases and network namespaces get the machine to themselves: their times would lie otherwise. */
const GROUPS = [
  { name: 'tests', concurrency: 2, holds: (path) => !isLab(path) },
  { name: 'lab', concurrency: 1, holds: isLab },
];

function isLab(path) {
  return path.startsWith(join('test', 'lab'));
}

async function main(words) {
  const total = { pass: 0, fail: 0, skipped: 0, ran: 0 };
  const missing = installMissingPeers();
  if (missing.length > 0) console.log(`\nNOT INSTALLED, their system tests cannot run: ${missing.join(' ')}\n`);
  for (const step of words.length > 0 ? STEPS.slice(0, 1) : STEPS) await runStep(step, total);
  const files = testFiles().filter((path) => words.length === 0 || words.some((word) => path.includes(word)));
  for (const group of GROUPS) await runGroup(group, files.filter(group.holds), total);
  if (total.ran === 0) {
    console.log('no test ran');
    total.fail++;
  }
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  console.log(`\n${total.pass} passed, ${total.fail} failed${skipped}`);
  process.exitCode = total.fail === 0 ? 0 : 1;
}

async function runStep(step, total) {
  const ok = (await run(step.command, step.args)) === 0;
  console.log(`${ok ? '✔' : '✖'} ${step.name}`);
  if (ok) total.pass++;
  else total.fail++;
}

/** Test sources in dist's terms: what was compiled from a file that no longer exists does not run. */
function testFiles() {
  return readdirSync(join(root, 'test'), { recursive: true })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => join('test', path))
    .sort();
}

async function runGroup(group, sources, total) {
  const files = sources.map((path) => join('dist', path.replace(/\.ts$/, '.js')));
  const absent = files.filter((path) => !existsSync(join(root, path)));
  for (const path of absent) console.log(`✖ ${path} was not built`);
  total.fail += absent.length;
  const present = files.filter((path) => !absent.includes(path));
  if (present.length > 0) addCounts(total, await runTests(group, present));
}

async function runTests(group, files) {
  const dir = mkdtempSync(join(tmpdir(), 'fairlead-test-'));
  const result = join(dir, 'totals.json');
  const args = [
    '--test',
    `--test-concurrency=${group.concurrency}`,
    `--test-timeout=${FILE_TIMEOUT_MS}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${new URL('totals-reporter.mjs', import.meta.url)}`,
    `--test-reporter-destination=${result}`,
    ...files,
  ];
  const code = await run(process.execPath, args);
  const counts = readCounts(result);
  rmSync(dir, { recursive: true, force: true });
  // The runner failed and no test says why: it counts as one failure.
  if (code !== 0 && !(counts.fail > 0)) counts.fail = 1;
  return counts;
}

function readCounts(path) {
  if (!existsSync(path)) return {};
  const text = readFileSync(path, 'utf8').trim();
  return text === '' ? {} : JSON.parse(text);
}

function addCounts(total, counts) {
  total.pass += counts.pass ?? 0;
  total.fail += (counts.fail ?? 0) + (counts.cancelled ?? 0);
  total.skipped += counts.skipped ?? 0;
  total.ran += (counts.pass ?? 0) + (counts.fail ?? 0) + (counts.cancelled ?? 0);
}

function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit' });
    child.on('error', (error) => {
      console.log(`${command}: ${error.message}; run npm ci first`);
      resolve(1);
    });
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

await main(process.argv.slice(2));
