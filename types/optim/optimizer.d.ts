// Generated from src/optim/optimizer.ts by `npm run api`. Do not edit.

import type { Lazy } from '../native/lazy.js'
import { Tensor } from '../tensor/tensor.js'
import type { OptimizerState } from './saved-state.js'
/** Parameters that share their options. Options may be changed between steps. */
export interface ParamGroup {
  /** The parameters of the group. */
  params: Tensor[]
  /** Learning rate. */
  lr: number
  /** The learning rate that a schedule multiplies by its factors; the first schedule sets it. */
  initialLr?: number
}
/** The parameters of an optimizer: a list of tensors, or of groups that override the optimizer's options. */
export type Params<Options> =
  | Iterable<Tensor>
  | Iterable<
      {
        params: Iterable<Tensor>
      } & Partial<Options>
    >
/** The state of one parameter. */
export interface ParamState {
  /** Number of updates so far. */
  step: number
  /** Moments by PyTorch's names. */
  readonly moments: Map<string, Tensor>
}
/** Parameters of one group that have a gradient and the same number of updates. */
export interface Batch<Options> {
  readonly group: ParamGroup & Options
  readonly params: Tensor[]
  readonly grads: Tensor[]
  readonly states: ParamState[]
  /** Number of the next update; the first is 1. */
  readonly step: number
}
/**
 * The base class of all optimizers: parameter groups, state allocated at the first update, and the state dict.
 *
 * State tensors are f32, whatever the parameter's type (f64 for f64 parameters), and live as long as the optimizer. A parameter whose `grad`
 * is null is skipped, and no state is allocated for it.
 * @see torch `Optimizer`
 */
export declare abstract class Optimizer<
  Options extends {
    lr: number
  },
> {
  /** The parameter groups with their options. */
  readonly paramGroups: (ParamGroup & Options)[]
  /** Options of groups that do not set their own. */
  readonly defaults: Options
  /** Name shown in error messages. */
  protected readonly owner: string
  private state
  private readonly log
  /** The states that the last step updated: steps of the same parameters share one list. */
  private updated
  constructor(owner: string, params: Params<Options>, defaults: Options)
  /** Checks the options of a group and returns them; called for the defaults and for every group. */
  protected abstract check(options: Options): Options
  /** Records the update of all batches, as one entry of the queue: so either all parameters change or none. */
  protected abstract update(batches: readonly Batch<Options>[]): void
  /**
   * Adds a group of parameters, e.g. layers unfrozen during training.
   * @throws {OptionError} for parameters that are already in a group or are not leaves.
   */
  addParamGroup(
    group: {
      params: Iterable<Tensor>
    } & Partial<Options>,
  ): void
  /**
   * Updates the parameters from their gradients. The call records the update, which runs later; await it to bound the queue.
   *
   * Either all parameters of all groups change or none: a gradient that failed rejects the step and leaves everything unchanged, as an abort does. An
   * earlier error that was not awaited is thrown here, at the next step.
   */
  step(): Lazy
  private record
  /** Sets the gradients to null. `setToNone: false` fills them with 0 instead; weight decay then still changes these parameters. */
  zeroGrad({ setToNone }?: { setToNone?: boolean }): void
  /** The state, with PyTorch's structure and names. The tensors are not copies. */
  stateDict(): OptimizerState
  /**
   * Loads a saved state: the options of the groups, the step counts and copies of the moments. Either all of it is loaded or none: when a saved moment
   * has failed, or the work is aborted, the next await rejects, and the optimizer is as it was. Updates recorded meanwhile change nothing.
   * @throws {OptionError} when groups or numbers do not match; nothing is changed then.
   * @throws {ShapeError} when a moment's shape does not match its parameter; nothing is changed then.
   * @checksItself saved
   */
  loadStateDict(saved: OptimizerState): void
  /** Records copies of the moments, in one entry of the queue: when one cannot be copied, all are poisoned. */
  private recordCopies
  /** The shape of a state tensor; null for one that another library saves but this optimizer does not need: it is not loaded. */
  protected stateShape(_name: string, param: Tensor): readonly number[] | null
  /** The moment `name` of each parameter of a batch, zeros before the first update. */
  protected moments(batch: Batch<Options>, name: string): Tensor[]
  private optionsOf
  /** `grads` are those of all groups, in order. */
  private batches
  /** Takes back updates and loads that failed. */
  private undoFailed
  private checkState
}
