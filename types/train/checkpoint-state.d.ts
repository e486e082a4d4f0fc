// Generated from src/train/checkpoint-state.ts by `npm run api`. Do not edit.

import type { Module, StateDict } from '../nn/module.js'
import type { BatchSource, LoopOptimizer } from './loop.js'
import type { HasStateDict, Stateful } from './stateful.js'
/** The parts of a run that a checkpoint holds. */
export interface Run {
  /** Its trained parameters and all its buffers are held, and the generators and streams in fields of its modules. */
  model: Module
  /** Its moments, steps and groups are held, and the parameters that it has besides the model's. */
  optimizer: LoopOptimizer
  /** A schedule of the learning rate. */
  schedule: HasStateDict | null
  /** The position in the data. */
  loader: BatchSource<unknown>
  /**
   * What else the run depends on, by name: generators, streams, and objects with `stateDict()` and `loadStateDict(state)`, such as early stopping or
   * an average of the weights. @default none
   */
  stateful?: Readonly<Record<string, Stateful>> | undefined
}
/** What a checkpoint contains besides its tensors. */
export interface CheckpointState {
  /** Updates made. */
  step: number
  /** What the trainer wants to read back: its log, its options. Plain values. */
  notes: Record<string, unknown>
}
/** The parameters that are trained, by their state-dict names: an adapter with its head, or a whole model. */
export declare function trainedParameters(model: Module): StateDict
