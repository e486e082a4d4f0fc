import { OptionError, ShapeError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { markStack } from '../native/call.js'
import { lazy } from '../native/lazy.js'
import type { Lazy } from '../native/lazy.js'
import { checkFailure, endStep } from '../native/engine.js'
import { setKind } from '../native/tensor.js'
import { outsideStreams } from '../native/current-stream.js'
import { whenReached } from '../native/streams.js'
import { copyAll } from '../tensor/copy.js'
import type { OptionSchema } from '../runtime/check-options.js'
import { checkOptions } from '../runtime/check-options.js'
import { bad, checkNumber, show } from '../runtime/options.js'
import { keep, noGrad } from '../tensor/scope.js'
import { zeros } from '../tensor/make.js'
import { KIND } from '../tensor/dtype.js'
import { Tensor } from '../tensor/tensor.js'
import { withEachGrad, withGrads } from './grads.js'
import { readState } from './saved-state.js'
import type { OptimizerState } from './saved-state.js'
import { UpdateLog, recordUpdate } from './updates.js'

/** Parameters that share their options. Options may be changed between steps. */
export interface ParamGroup {
  /** The parameters of the group. */
  params: Tensor[]
  /** Learning rate. */
  lr: number
  /** The learning rate that a schedule multiplies by its factors; the first schedule sets it. */
  initialLr?: number
}

// Keys of a saved group that are left out where they are no options of the optimizer: its parameters, switches between PyTorch's implementations,
// what PyTorch's AdamW, there a kind of Adam, says of its weight decay, and what PyTorch's OneCycleLR keeps in the groups: here the schedule has it.
const NOT_OPTIONS = [
  ...['params', 'foreach', 'capturable', 'differentiable', 'fused', 'decoupledWeightDecay'],
  ...['maxLr', 'minLr', 'maxMomentum', 'baseMomentum'],
]

/** The parameters of an optimizer: a list of tensors, or of groups that override the optimizer's options. */
export type Params<Options> = Iterable<Tensor> | Iterable<{ params: Iterable<Tensor> } & Partial<Options>>

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
export abstract class Optimizer<Options extends { lr: number }> {
  /** The parameter groups with their options. */
  readonly paramGroups: (ParamGroup & Options)[] = []
  /** Options of groups that do not set their own. */
  readonly defaults: Options
  /** Name shown in error messages. */
  protected readonly owner: string
  private state = new Map<Tensor, ParamState>()
  private readonly log = new UpdateLog()
  /** The states that the last step updated: steps of the same parameters share one list. */
  private updated: readonly ParamState[] = []

  constructor(owner: string, params: Params<Options>, defaults: Options) {
    this.owner = owner
    this.defaults = this.check(defaults)
    const list: unknown = params
    if (list instanceof Tensor || typeof (list as Iterable<unknown>)?.[Symbol.iterator] !== 'function') {
      throw bad(owner, 'params', 'a list of tensors or of groups', list, 'pass model.parameters()')
    }
    const given = [...params]
    if (given.length === 0) throw noParameters(owner)
    const groups = given.every((item) => item instanceof Tensor) ? [{ params: given }] : given
    for (const group of groups) this.addParamGroup(group as { params: Iterable<Tensor> } & Partial<Options>)
  }

  /** Checks the options of a group and returns them; called for the defaults and for every group. */
  protected abstract check(options: Options): Options

  /** Records the update of all batches, as one entry of the queue: so either all parameters change or none. */
  protected abstract update(batches: readonly Batch<Options>[]): void

  /**
   * Adds a group of parameters, e.g. layers unfrozen during training.
   * @throws {OptionError} for parameters that are already in a group or are not leaves.
   */
  addParamGroup(group: { params: Iterable<Tensor> } & Partial<Options>): void {
    const { params: given, ...options } = group
    if (given === undefined) throw bad(this.owner, 'params', 'tensors, or groups { params, … }', group)
    const params = [...given]
    const taken = new Set(this.paramGroups.flatMap((other) => other.params))
    params.forEach((param, i) => checkParam(this.owner, param, taken.has(param) || params.indexOf(param) < i))
    const checked = this.check(withDefaults(this.defaults, options as unknown as Partial<Options>))
    this.paramGroups.push({ ...checked, params })
  }

  /**
   * Updates the parameters from their gradients. The call records the update, which runs later; await it to bound the queue.
   *
   * Either all parameters of all groups change or none: a gradient that failed rejects the step and leaves everything unchanged, as an abort does. An
   * earlier error that was not awaited is thrown here, at the next step.
   */
  step(): Lazy {
    checkFailure()
    this.undoFailed()
    const stack = markStack(Optimizer.prototype.step)
    const params = this.paramGroups.flatMap((group) => group.params)
    noGrad(() => withEachGrad(params, (grads) => this.record(stack, this.batches(grads))))
    endStep()
    return lazy()
  }

  private record(stack: number, batches: readonly Batch<Options>[]): void {
    if (batches.length === 0) return
    const number = recordUpdate(stack, () => this.update(batches))
    for (const { states, step } of batches) for (const state of states) state.step = step
    const states = batches.flatMap((batch) => batch.states)
    const isSame = states.length === this.updated.length && states.every((state, i) => state === this.updated[i])
    const shared = isSame ? this.updated : (this.updated = states)
    this.log.add(number, () => takeBack(shared))
  }

  /** Sets the gradients to null. `setToNone: false` fills them with 0 instead; weight decay then still changes these parameters. */
  zeroGrad({ setToNone = true }: { setToNone?: boolean } = {}): void {
    checkFailure()
    const params = this.paramGroups.flatMap((group) => group.params)
    if (setToNone) for (const param of params) param.grad = null
    else withGrads(params, zeroAll)
  }

  /** The state, with PyTorch's structure and names. The tensors are not copies. */
  stateDict(): OptimizerState {
    this.undoFailed()
    const numbers = new Map(this.paramGroups.flatMap(({ params }) => params).map((param, i) => [param, i]))
    const state: OptimizerState['state'] = {}
    for (const [param, { step, moments }] of this.state) {
      state[numbers.get(param)!] = { step, ...Object.fromEntries(moments) }
    }
    const groups = this.paramGroups.map(({ params, ...options }) => ({
      ...snakeKeys(options),
      params: params.map((param) => numbers.get(param)!),
    }))
    return { state, param_groups: groups }
  }

  /**
   * Loads a saved state: the options of the groups, the step counts and copies of the moments. Either all of it is loaded or none: when a saved moment
   * has failed, or the work is aborted, the next await rejects, and the optimizer is as it was. Updates recorded meanwhile change nothing.
   * @throws {OptionError} when groups or numbers do not match; nothing is changed then.
   * @throws {ShapeError} when a moment's shape does not match its parameter; nothing is changed then.
   * @checksItself saved
   */
  loadStateDict(saved: OptimizerState): void {
    const params = this.paramGroups.flatMap((group) => group.params)
    const sizes = this.paramGroups.map((group) => group.params.length)
    const { groups, entries } = readState(this.owner, saved, sizes)
    this.undoFailed()
    const options = groups.map((group) => this.check(withDefaults(this.defaults, this.optionsOf(group))))
    const states = entries.map((entry, i) => entry && this.checkState(entry, params[i]!))
    const { next, number } = this.recordCopies(states, params)
    const before = { state: this.state, options: this.paramGroups.map((group) => ({ ...group })) }
    this.state = next
    options.forEach((group, i) => Object.assign(this.paramGroups[i]!, group))
    this.log.add(number, () => {
      this.state = before.state
      options.forEach((group, i) => putBack(this.paramGroups[i]!, group, before.options[i]!))
    })
    // Until then the previous moments are kept.
    void whenReached(() => {
      this.undoFailed()
      this.log.forget(number)
    })
  }

  /** Records copies of the moments, in one entry of the queue: when one cannot be copied, all are poisoned. */
  private recordCopies(states: readonly (ParamState | undefined)[], params: readonly Tensor[]) {
    const copies: [copy: Tensor, moment: Tensor][] = []
    const next = new Map<Tensor, ParamState>()
    states.forEach((state, i) => {
      if (state === undefined) return
      const moments = new Map<string, Tensor>()
      for (const [name, moment] of state.moments) {
        const copy = outsideStreams(() => keep(zeros(moment.shape, { dtype: stateDtype(params[i]!) })))
        copies.push([copy, moment])
        moments.set(name, copy)
      }
      next.set(params[i]!, { step: state.step, moments })
    })
    const stack = markStack(Optimizer.prototype.loadStateDict)
    const number = recordUpdate(stack, () => copyAll(copies))
    // Only now: a change of lasting state that fails would leave zeros.
    for (const [copy] of copies) owned(copy)
    return { next, number }
  }

  /** The shape of a state tensor; null for one that another library saves but this optimizer does not need: it is not loaded. */
  protected stateShape(_name: string, param: Tensor): readonly number[] | null {
    return param.shape
  }

  /** The moment `name` of each parameter of a batch, zeros before the first update. */
  protected moments(batch: Batch<Options>, name: string): Tensor[] {
    return batch.states.map((state, i) => {
      let moment = state.moments.get(name)
      if (moment === undefined) {
        const param = batch.params[i]!
        // Made outside the streams, so that an abort cannot reach it: if the first step is aborted, the next one starts with zeros.
        const shape = this.stateShape(name, param) ?? []
        moment = outsideStreams(() => owned(zeros(shape, { dtype: stateDtype(param) })))
        state.moments.set(name, moment)
      }
      return moment
    })
  }

  private optionsOf(group: object): Partial<Options> {
    const isOption = (key: string) => key in this.defaults || !NOT_OPTIONS.includes(key)
    return Object.fromEntries(Object.entries(camelKeys(group)).filter(([key]) => isOption(key))) as Partial<Options>
  }

  /** `grads` are those of all groups, in order. */
  private batches(grads: readonly (Tensor | null)[]): Batch<Options>[] {
    const batches: Batch<Options>[] = []
    let at = 0
    for (const group of this.paramGroups) {
      const byStep = new Map<number, Batch<Options>>()
      for (const param of group.params) {
        const grad = grads[at++]!
        if (grad === null) continue
        let state = this.state.get(param)
        if (state === undefined) this.state.set(param, (state = { step: 0, moments: new Map() }))
        const step = state.step + 1
        let batch = byStep.get(step)
        if (batch === undefined) byStep.set(step, (batch = { group, params: [], grads: [], states: [], step }))
        batch.params.push(param)
        batch.grads.push(grad)
        batch.states.push(state)
      }
      batches.push(...byStep.values())
    }
    return batches
  }

  /** Takes back updates and loads that failed. */
  private undoFailed(): void {
    this.log.undo()
  }

  private checkState(
    { step, rest }: { step: number; rest: Record<string, Tensor | number> },
    param: Tensor,
  ): ParamState {
    const moments = new Map<string, Tensor>()
    for (const [name, moment] of Object.entries(rest)) {
      const shape = this.stateShape(name, param)
      if (moment instanceof Tensor && shape) moments.set(name, checkMoment(this.owner, name, moment, shape))
    }
    return { step, moments }
  }
}

/** The options, with the defaults for those that are missing or undefined. */
export function withDefaults<Options extends object>(defaults: Options, options: Partial<Options>): Options {
  const given = Object.entries(options ?? {}).filter(([, value]) => value !== undefined)
  return { ...defaults, ...(Object.fromEntries(given) as Partial<Options>) }
}

/** Checks the options of a group, and `initialLr`, which a schedule adds to it. */
export function checkGroup(owner: string, options: { lr: number; initialLr?: number }, schema: OptionSchema): void {
  const { initialLr, ...own } = options
  if (initialLr !== undefined) checkNumber(owner, 'initialLr', initialLr, 0)
  checkOptions(owner, own, schema)
}

/** Fills gradients with 0 in one queue entry. A tensor that is the gradient of two parameters is listed once. */
function zeroAll(grads: readonly Tensor[]): void {
  const each = [...new Map(grads.map((grad) => [grad.id, grad])).values()]
  if (each.length > 0) noGrad(() => ops.zeroGrads(each))
}

/** An update that failed is not counted, and moments allocated for it are released, to be allocated by the next one. */
function takeBack(states: readonly ParamState[]): void {
  for (const state of states) {
    state.step -= 1
    if (state.step > 0) continue
    for (const moment of state.moments.values()) moment.dispose()
    state.moments.clear()
  }
}

/** Restores the options that a load set, except those that were changed since. */
function putBack(group: object, loaded: object, before: object): void {
  for (const [key, value] of Object.entries(loaded)) {
    const options = group as Record<string, unknown>
    if (options[key] !== value) continue
    if (key in before) options[key] = (before as Record<string, unknown>)[key]
    else delete options[key]
  }
}

/** The parameters of all batches, in order. */
export function paramsOf(batches: readonly Batch<object>[]): Tensor[] {
  return batches.flatMap((batch) => batch.params)
}

/** Their gradients. */
export function gradsOf(batches: readonly Batch<object>[]): Tensor[] {
  return batches.flatMap((batch) => batch.grads)
}

// State lives as long as the optimizer, and memory() counts it as optimizer memory.
function owned(moment: Tensor): Tensor {
  setKind(moment.id, KIND.optimizer)
  return keep(moment)
}

function stateDtype(param: Tensor): 'f32' | 'f64' {
  return param.dtype === 'f64' ? 'f64' : 'f32'
}

function checkParam(owner: string, param: Tensor, twice: boolean): void {
  if (!(param instanceof Tensor)) throw bad(owner, 'params', 'tensors', param)
  if (twice) throw bad(owner, 'params', 'each parameter once', param, 'name each parameter in one group only')
  if (!param.isLeaf) {
    throw bad(owner, 'params', 'leaves: parameters, not results of operations', param, 'pass model.parameters()')
  }
}

function checkMoment(owner: string, name: string, moment: Tensor, shape: readonly number[]): Tensor {
  if (moment.shape.join() === shape.join()) return moment
  throw new ShapeError({
    what: `${owner}.loadStateDict: ${name} does not match its parameter`,
    expected: `${name} (${shape.join(', ')})`,
    received: show(moment),
    fix: 'load the state of an optimizer over the same parameters, in the same order',
  })
}

function noParameters(owner: string): OptionError {
  return new OptionError({
    what: `${owner}: there are no parameters to train`,
    expected: 'at least one parameter',
    received: 'an empty list',
    fix: 'pass model.parameters(); if you filter by requiresGrad, call lora.markOnlyLoraAsTrainable(model) first',
  })
}

function snakeKeys(options: object): Record<string, unknown> {
  return mapKeys(options, (key) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
}

function camelKeys(options: object): Record<string, unknown> {
  return mapKeys(options, (key) => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()))
}

function mapKeys(options: object, rename: (key: string) => string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [rename(key), value]))
}
