// Generated from src/train/loop.ts by `npm run api`. Do not edit.

import type { DataLoaderState } from '../data/loader/index.js'
import type { OptimizerState } from '../optim/saved-state.js'
import type { Tensor } from '../tensor/tensor.js'
/** What a loop needs from a loader; a DataLoader has it. */
export interface BatchSource<B> extends AsyncIterable<B> {
  /** Batches of one epoch. */
  readonly length: number
  stateDict(): DataLoaderState
  loadStateDict(state: DataLoaderState): void
}
/** What a loop needs from an optimizer; every optimizer has it. */
export interface LoopOptimizer {
  readonly paramGroups: readonly {
    params: Tensor[]
    lr: number
    initialLr?: number
  }[]
  step(): unknown
  zeroGrad(): void
  stateDict(): OptimizerState
  loadStateDict(state: OptimizerState): void
}
/** What a loop needs from a schedule. Every schedule that is stepped without a metric has it. */
export interface LoopSchedule {
  step(): void
  stateDict(): object
  loadStateDict(state: object): void
}
/** What a loop reports after each update. */
export interface StepReport {
  /** Updates made so far, this one included. */
  step: number
  /** Updates in the whole run. */
  steps: number
  /** Passes over the data so far; 1.5 is the middle of the second one. */
  epoch: number
  /** Whether this update was the last one of its epoch. */
  isEpochEnd: boolean
  /** Mean loss of the micro-batches of this update. */
  loss: number
  /** Norm of all gradients before clipping; null without clipping. */
  gradNorm: number | null
  /** Learning rate of the first parameter group in this update. */
  lr: number
  /** Time from the start of this update to its end. */
  timeMs: number
}
/** Options of {@link runLoop}. */
export interface LoopOptions<B> {
  /** Batches, epoch after epoch. A loader that has loaded a state continues from there. */
  loader: BatchSource<B>
  /** The loss of a micro-batch, a mean over its rows or tokens. It only records operations; `step` counts from 0. */
  loss: (batch: B, step: number) => Tensor
  /**
   * What a micro-batch counts for in its update, such as its tokens with a label: gradients and losses are then averaged over all of them, as in one large batch.
   * @default 1 for each: the mean of the micro-batches
   */
  weight?: ((batch: B) => number) | undefined
  /** Names the rows of a micro-batch, for the error when its loss is not finite. @default they are not named */
  describe?: ((batch: B) => string) | undefined
  /** Makes the updates. */
  optimizer: LoopOptimizer
  /** Stepped after each update. @default null: a constant rate */
  schedule?: LoopSchedule | null
  /** Updates in the whole run. @integer @minimum 0 */
  steps: number
  /** Updates made before, in a resumed run. @integer @minimum 0 @default 0 */
  startStep?: number
  /**
   * Micro-batches in an update, whose gradients are averaged. The last update of an epoch takes the remaining ones: updates never span two epochs.
   * @integer @minimum 1 @default 1
   */
  gradientAccumulationSteps?: number
  /** Scale the gradients down to this norm; 0 leaves them alone. @minimum 0 @default 0 */
  maxGradNorm?: number
  /** Ends the loop after the update in progress. @default none */
  signal?: AbortSignal | undefined
  /** Called after each update; the loop waits for the promise it returns. @default none */
  onStep?: (report: StepReport) => void | Promise<void>
}
/** Updates of one epoch, when each takes `gradientAccumulationSteps` of its `batches`. */
export declare function stepsPerEpoch(batches: number, gradientAccumulationSteps: number): number
/**
 * Makes updates until there are `steps` of them, or until the signal is aborted; both end between two updates, where optimizer, schedule and
 * loader can be saved.
 *
 * Each update awaits its loss before it changes anything, so the event loop stays free, and weights stay finite: an update whose loss, or with clipping whose
 * gradient norm, is not finite is not made.
 * @returns the updates made so far.
 * @throws {NonFiniteError} when loss or gradient norm is no longer finite.
 */
export declare function runLoop<B>(options: LoopOptions<B>): Promise<number>
