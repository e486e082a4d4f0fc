// Generated from src/train/checkpoint.ts by `npm run api`. Do not edit.

import type { Module, StateDict } from '../nn/module.js'
import type { LrScheduler } from '../optim/schedule.js'
import type { BatchSource, LoopOptimizer } from './loop.js'
/** The parts of a run that a checkpoint holds. */
export interface Run {
  model: Module
  optimizer: LoopOptimizer
  schedule: LrScheduler | null
  loader: BatchSource<unknown>
}
/** What a checkpoint says besides its tensors. */
export interface CheckpointState {
  /** Updates made. */
  step: number
  /** What the trainer wants to find again: its log, its options. Plain JSON. */
  notes: Record<string, unknown>
}
/** The parameters that are trained, by their state-dict names: an adapter with its head, or a whole model. */
export declare function trainedParameters(model: Module): StateDict
/**
 * Writes `checkpoint-STEP` into a folder: the trained parameters alone, the optimizer, and a JSON file. It is whole under its name or not there. With
 * `keep`, older checkpoints beyond that number go.
 * @returns the path of the checkpoint.
 */
export declare function saveCheckpoint(dir: string, run: Run, state: CheckpointState, keep?: number): Promise<string>
/** The newest checkpoint in a folder, or null. */
export declare function lastCheckpoint(dir: string): Promise<string | null>
/**
 * Puts a run back to where a checkpoint was written; it then goes on with the same bits.
 * @throws {FileError} {FormatError} when the folder is no checkpoint. @throws {OptionError} when it is that of another run.
 */
export declare function loadCheckpoint(path: string, run: Run): Promise<CheckpointState>
