// Generated from src/train/checkpoint.ts by `npm run api`. Do not edit.

import type { Module, StateDict } from '../nn/module.js'
import type { BatchSource, LoopOptimizer, LoopSchedule } from './loop.js'
/** The parts of a run that a checkpoint holds. */
export interface Run {
  model: Module
  optimizer: LoopOptimizer
  schedule: Pick<LoopSchedule, 'stateDict' | 'loadStateDict'> | null
  loader: BatchSource<unknown>
}
/** What a checkpoint contains besides its tensors. */
export interface CheckpointState {
  /** Updates made. */
  step: number
  /** What the trainer wants to read back: its log, its options. Plain JSON. */
  notes: Record<string, unknown>
}
/** The parameters that are trained, by their state-dict names: an adapter with its head, or a whole model. */
export declare function trainedParameters(model: Module): StateDict
/**
 * Writes `checkpoint-STEP` into a folder: the trained parameters alone, the optimizer, and a JSON file. A checkpoint appears under its name
 * only when it is complete. With `keep`, older checkpoints beyond that number are deleted.
 * @returns the path of the checkpoint.
 */
export declare function saveCheckpoint(dir: string, run: Run, state: CheckpointState, keep?: number): Promise<string>
/** The newest checkpoint in a folder, or null. */
export declare function lastCheckpoint(dir: string): Promise<string | null>
/**
 * Restores a run to the state of a checkpoint; it then continues with the same bits.
 * @throws {FileError} {FormatError} when the folder is not a checkpoint. @throws {OptionError} when it belongs to another run.
 */
export declare function loadCheckpoint(path: string, run: Run): Promise<CheckpointState>
