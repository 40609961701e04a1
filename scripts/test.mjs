// `npm test`: format and lint, types, dead code, then every test. The last line is `N passed, N failed` (with
// `, N skipped` when system tests could not run here), and the exit code says the same.
//   FAIRLEAD_REQUIRE_PEERS=1   a system test whose programs are missing fails instead of being skipped
//   npm test -- core checks    only the test files whose path contains one of the words; no other steps
// Each file is a process of its own. A file that failed and measures real time (everything but the pure cores and the
// readers) gets one more chance at the end, alone on the machine; the last lines name every file that needed it.
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

/**
 * Real databases, and hosts whose times are measured, get the machine to themselves: the times would lie otherwise.
 * Virtual routers on hosts of their own mostly wait for each other, and two of such files do not meet.
 */
const GROUPS = [
  { name: 'tests', concurrency: 2, holds: (path) => !isLab(path) },
  { name: 'hosts', concurrency: 2, holds: isRouters },
  { name: 'lab', concurrency: 1, holds: (path) => isLab(path) && !isRouters(path) },
];
/** Nothing in these depends on time or load: what fails once has failed. */
const PURE = [join('test', 'core'), join('test', 'config'), join('test', 'tidy')];

function isLab(path) {
  return path.startsWith(join('test', 'lab'));
}

function isRouters(path) {
  return path.startsWith(join('test', 'lab', 'vip-'));
}

async function main(words) {
  const total = { pass: 0, fail: 0, skipped: 0, ran: 0 };
  const missing = installMissingPeers();
  if (missing.length > 0) console.log(`\nNOT INSTALLED, their system tests cannot run: ${missing.join(' ')}\n`);
  for (const step of words.length > 0 ? STEPS.slice(0, 1) : STEPS) await runStep(step, total);
  const files = testFiles().filter((path) => words.length === 0 || words.some((word) => path.includes(word)));
  const failed = [];
  for (const group of GROUPS) failed.push(...(await runGroup(group, files.filter(group.holds), total)));
  const second = await runAgain(failed, total);
  if (total.ran === 0) {
    console.log('no test ran');
    total.fail++;
  }
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  if (second.length > 0) console.log(`\npassed only when run again, alone: ${second.join(', ')}`);
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

/** @returns the files that failed, with their counts */
async function runGroup(group, sources, total) {
  const files = sources.map((path) => join('dist', path.replace(/\.ts$/, '.js')));
  const waiting = files.filter((path) => existsSync(join(root, path)));
  for (const path of files) if (!waiting.includes(path)) console.log(`✖ ${path} was not built`);
  total.fail += files.length - waiting.length;
  const failed = [];
  const lane = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const counts = await runFile(file);
      addCounts(total, counts);
      if (counts.fail > 0) failed.push({ file, counts });
    }
  };
  await Promise.all(Array.from({ length: group.concurrency }, lane));
  return failed;
}

/** @returns the files that passed this time */
async function runAgain(failed, total) {
  const passed = [];
  for (const { file, counts } of failed) {
    if (PURE.some((path) => file.startsWith(join('dist', path)))) continue;
    console.log(`\n${file} once more, alone:`);
    const second = await runFile(file);
    if (second.fail > 0) continue;
    total.fail -= counts.fail;
    total.pass += second.pass - counts.pass;
    passed.push(file);
  }
  return passed;
}

/** Runs one file and prints what it said when it is done. */
async function runFile(file) {
  const dir = mkdtempSync(join(tmpdir(), 'fairlead-test-'));
  const result = join(dir, 'totals.json');
  const args = [
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${new URL('totals-reporter.mjs', import.meta.url)}`,
    `--test-reporter-destination=${result}`,
    file,
  ];
  const begun = performance.now();
  const { code, output } = await capture(process.execPath, args, FILE_TIMEOUT_MS);
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  const { pass = 0, fail = 0, cancelled = 0, skipped = 0 } = readCounts(result);
  rmSync(dir, { recursive: true, force: true });
  // It failed and no test says why: it counts as one failure.
  const failures = fail + cancelled > 0 || code === 0 ? fail + cancelled : 1;
  process.stdout.write(`${failures > 0 ? '✖' : '✔'} ${file}: ${pass} passed, ${failures} failed, ${seconds} s\n`);
  if (failures > 0 || skipped > 0) process.stdout.write(output);
  return { pass, fail: failures, skipped };
}

function readCounts(path) {
  if (!existsSync(path)) return {};
  const text = readFileSync(path, 'utf8').trim();
  return text === '' ? {} : JSON.parse(text);
}

function addCounts(total, counts) {
  total.pass += counts.pass;
  total.fail += counts.fail;
  total.skipped += counts.skipped;
  total.ran += counts.pass + counts.fail;
}

/** Runs a program for at most so long; what it says is kept. */
function capture(command, args, timeoutMs) {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const add = (text) => {
      output += text;
    };
    child.stdout.setEncoding('utf8').on('data', add);
    child.stderr.setEncoding('utf8').on('data', add);
    const timer = setTimeout(() => {
      add(`\nended after ${timeoutMs / 1000} s\n`);
      child.kill('SIGKILL');
    }, timeoutMs);
    child.on('error', (error) => add(`${command}: ${error.message}\n`));
    // Not `close`: a program that a test left behind may hold the pipes.
    child.on('exit', (code) => {
      clearTimeout(timer);
      setTimeout(() => resolve({ code: code ?? 1, output }), 50);
    });
  });
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
