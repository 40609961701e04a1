/** Which processes a `vrrp_track_process` means, by the manual: name, parameters, how much of them, full command. */
import type { TrackProcess } from '../../config/model.js';

/** The kernel keeps so much of a name (TASK_COMM_LEN less the final zero). */
const COMM_MAX = 15;

/** Whether the name alone cannot decide. */
export function needsCommandLine({ command, paramMatch, fullCommand }: TrackProcess): boolean {
  return fullCommand === true || command.length > 1 || paramMatch !== undefined;
}

/** Where only the name counts. @param comm /proc/PID/comm */
export function isNamed({ command }: TrackProcess, comm: string): boolean {
  return command[0].slice(0, COMM_MAX) === comm;
}

/** @param argv /proc/PID/cmdline in words; none for threads of the kernel */
export function isCommandLine(definition: TrackProcess, comm: string, argv: readonly string[]): boolean {
  const [name, ...wanted] = definition.command;
  if (argv.length === 0) return false;
  const isName = argv[0] === name || (definition.fullCommand !== true && isNamed(definition, comm));
  return isName && areParameters(definition.paramMatch, wanted, argv.slice(1), definition.fullCommand === true);
}

function areParameters(
  match: TrackProcess['paramMatch'],
  wanted: readonly string[],
  found: readonly string[],
  isFull: boolean,
): boolean {
  // A full command is compared as a whole, also where it is the name alone.
  if (wanted.length === 0) return (match === undefined && !isFull) || found.length === 0;
  const last = wanted.length - 1;
  const areFirst = wanted.every(
    (word, i) => found[i] === word || (match === 'initial' && i === last && !!found[i]?.startsWith(word)),
  );
  return areFirst && (match === 'partial' || found.length === wanted.length);
}
