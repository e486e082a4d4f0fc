// Generated from src/train/checkpoint.ts by `npm run api`. Do not edit.

import type { CheckpointState, Run } from './checkpoint-state.js'
/**
 * Writes `checkpoint-STEP` into a folder: trained parameters, optimizer, buffers, gradients, and the states of schedule, loader, the current stream's
 * generator, the generators and streams in fields of the model's modules, and `run.stateful`. All of it is as it is at the call, whatever is recorded
 * while the files are written. A checkpoint appears under its name only when it is complete. With `keep`, older checkpoints beyond that number are
 * deleted; those of later steps, which another run left, are not, nor those of the steps in `spare`.
 * @returns the path of the checkpoint.
 * @throws {OptionError} for a state that holds other than plain values and tensors. @throws {FileError} when it cannot be written.
 */
export declare function saveCheckpoint(
  dir: string,
  run: Run,
  state: CheckpointState,
  keep?: number,
  spare?: readonly number[],
): Promise<string>
/** The newest checkpoint in a folder, or null. */
export declare function lastCheckpoint(dir: string): Promise<string | null>
/**
 * Restores a run to the state of a checkpoint; it then continues with the same bits. Everything is checked first: when this throws, the run is as it
 * was. A warning says when device, ISA, precision, threads or versions are others than those that the checkpoint was made with, and what a checkpoint
 * of an earlier version does not hold.
 * @throws {FileError} {FormatError} when the folder is not a checkpoint. @throws {OptionError} when it belongs to another run.
 */
export declare function loadCheckpoint(path: string, run: Run): Promise<CheckpointState>
