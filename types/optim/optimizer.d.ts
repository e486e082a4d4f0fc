// Generated from src/optim/optimizer.ts by `npm run api`. Do not edit.

import type { Lazy } from '../native/lazy.js'
import { Tensor } from '../tensor/tensor.js'
import type { OptimizerState } from './saved-state.js'
/** One set of parameters that share their options. Options may be changed between steps. */
export interface ParamGroup {
  params: Tensor[]
  /** Learning rate. */
  lr: number
  /** Rate that a schedule takes its factors of; the first schedule sets it. */
  initialLr?: number
}
/** What an optimizer is given: parameters, or groups that override its options. */
export type Params<Options> =
  | Iterable<Tensor>
  | Iterable<
      {
        params: Iterable<Tensor>
      } & Partial<Options>
    >
/** What an optimizer remembers of one parameter. */
export interface ParamState {
  /** Updates so far. */
  step: number
  /** Moments under PyTorch's names. */
  readonly moments: Map<string, Tensor>
}
/** Parameters of one group with a gradient and the same number of updates: one queue entry. */
export interface Batch {
  readonly params: Tensor[]
  readonly grads: Tensor[]
  readonly states: ParamState[]
  /** Number of the update about to be made; the first is 1. */
  readonly step: number
}
/**
 * What all optimizers share: parameter groups, state made at the first update, and the state dict.
 *
 * State tensors are f32, whatever the parameter's type (f64 for f64 parameters), and live as long as the optimizer. A parameter whose `grad`
 * is null is skipped: it gets no state and no memory for it.
 * @see torch `Optimizer`
 */
export declare abstract class Optimizer<
  Options extends {
    lr: number
  },
> {
  readonly paramGroups: (ParamGroup & Options)[]
  /** Options for groups that do not give their own. */
  readonly defaults: Options
  /** Name in messages. */
  protected readonly owner: string
  private readonly state
  private readonly log
  constructor(owner: string, params: Params<Options>, defaults: Options)
  /** Checks the options of a group and returns them; called for the defaults and for every group. */
  protected abstract check(options: Options): Options
  /** Records the update of one batch. */
  protected abstract update(batch: Batch, group: ParamGroup & Options): void
  /**
   * Adds parameters to train from now on, e.g. layers unfrozen later.
   * @throws {OptionError} for parameters that are in a group already or are no leaves.
   */
  addParamGroup(
    group: {
      params: Iterable<Tensor>
    } & Partial<Options>,
  ): void
  /**
   * Changes the parameters by their gradients. Recorded at once and run later; await it to bound the queue.
   *
   * All parameters of a group change, or none: a failed gradient rejects the step and leaves everything as it was. An error that nobody
   * awaited comes up here, at the next step.
   */
  step(): Lazy
  /** Forgets the gradients. `setToNone: false` fills them with 0 instead, so that weight decay still moves such parameters. */
  zeroGrad({ setToNone }?: { setToNone?: boolean }): void
  /** The state in PyTorch's structure and names. The tensors are the live ones. */
  stateDict(): OptimizerState
  /**
   * Takes over a saved state: options of the groups, step counts, copies of the moments.
   * @throws {OptionError} {ShapeError} when groups, numbers or shapes do not fit; nothing is changed then.
   */
  loadStateDict(saved: OptimizerState): void
  /** The shape of a state tensor; null for one of another library that is not needed here, and not loaded. */
  protected stateShape(_name: string, param: Tensor): readonly number[] | null
  /** The moment `name` of each parameter of a batch, zeros before the first update. */
  protected moments(batch: Batch, name: string): Tensor[]
  private batches
  /** An update that failed did not happen: it is not counted, and moments that were made for it are made again. */
  private undoFailed
  private checkState
}
