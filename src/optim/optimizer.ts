import { OptionError, ShapeError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { markStack } from '../native/call.js'
import { lazy } from '../native/lazy.js'
import type { Lazy } from '../native/lazy.js'
import { checkFailure, endStep } from '../native/engine.js'
import { setKind } from '../native/tensor.js'
import { outsideStreams } from '../native/current-stream.js'
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

/** One set of parameters that share their options. Options may be changed between steps. */
export interface ParamGroup {
  params: Tensor[]
  /** Learning rate. */
  lr: number
  /** Rate that a schedule takes its factors of; the first schedule sets it. */
  initialLr?: number
}

// Keys of a saved group that are no options: its parameters, and what chooses an implementation in PyTorch.
const NOT_OPTIONS = ['params', 'foreach', 'capturable', 'differentiable', 'fused', 'decoupled_weight_decay']

/** What an optimizer is given: parameters, or groups that override its options. */
export type Params<Options> = Iterable<Tensor> | Iterable<{ params: Iterable<Tensor> } & Partial<Options>>

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
export abstract class Optimizer<Options extends { lr: number }> {
  readonly paramGroups: (ParamGroup & Options)[] = []
  /** Options for groups that do not give their own. */
  readonly defaults: Options
  /** Name in messages. */
  protected readonly owner: string
  private readonly state = new Map<Tensor, ParamState>()
  private readonly log = new UpdateLog<ParamState>()

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

  /** Records the update of one batch. */
  protected abstract update(batch: Batch, group: ParamGroup & Options): void

  /**
   * Adds parameters to train from now on, e.g. layers unfrozen later.
   * @throws {OptionError} for parameters that are in a group already or are no leaves.
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
   * Changes the parameters by their gradients. Recorded at once and run later; await it to bound the queue.
   *
   * All parameters of a group change, or none: a failed gradient rejects the step and leaves everything as it was. An error that nobody
   * awaited comes up here, at the next step.
   */
  step(): Lazy {
    checkFailure()
    this.undoFailed()
    const stack = markStack(Optimizer.prototype.step)
    noGrad(() => {
      for (const group of this.paramGroups) {
        withEachGrad(group.params, (grads) => {
          for (const batch of this.batches(group, grads)) {
            const number = recordUpdate(stack, () => this.update(batch, group))
            for (const state of batch.states) state.step = batch.step
            this.log.add(number, group, batch.step)
          }
        })
      }
    })
    endStep()
    return lazy()
  }

  /** Forgets the gradients. `setToNone: false` fills them with 0 instead, so that weight decay still moves such parameters. */
  zeroGrad({ setToNone = true }: { setToNone?: boolean } = {}): void {
    checkFailure()
    const params = this.paramGroups.flatMap((group) => group.params)
    if (setToNone) for (const param of params) param.grad = null
    else withGrads(params, zeroAll)
  }

  /** The state in PyTorch's structure and names. The tensors are the live ones. */
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
   * Takes over a saved state: options of the groups, step counts, copies of the moments.
   * @throws {OptionError} {ShapeError} when groups, numbers or shapes do not fit; nothing is changed then.
   */
  loadStateDict(saved: OptimizerState): void {
    const params = this.paramGroups.flatMap((group) => group.params)
    const sizes = this.paramGroups.map((group) => group.params.length)
    const { groups, entries } = readState(this.owner, saved, sizes)
    this.undoFailed()
    const options = groups.map((group) => this.check(withDefaults(this.defaults, camelKeys(group) as Partial<Options>)))
    const states = entries.map((entry, i) => entry && this.checkState(entry, params[i]!))
    this.state.clear()
    options.forEach((group, i) => Object.assign(this.paramGroups[i]!, group))
    states.forEach((state, i) => state && this.state.set(params[i]!, copyState(state, params[i]!)))
  }

  /** The shape of a state tensor; null for one of another library that is not needed here, and not loaded. */
  protected stateShape(_name: string, param: Tensor): readonly number[] | null {
    return param.shape
  }

  /** The moment `name` of each parameter of a batch, zeros before the first update. */
  protected moments(batch: Batch, name: string): Tensor[] {
    return batch.states.map((state, i) => {
      let moment = state.moments.get(name)
      if (moment === undefined) {
        const param = batch.params[i]!
        // Made where no abort reaches it: when the first step is skipped, the next one begins with zeros.
        const shape = this.stateShape(name, param) ?? []
        moment = outsideStreams(() => owned(zeros(shape, { dtype: stateDtype(param) })))
        state.moments.set(name, moment)
      }
      return moment
    })
  }

  private batches({ params }: ParamGroup, grads: readonly (Tensor | null)[]): Iterable<Batch> {
    const byStep = new Map<number, Batch>()
    for (let i = 0; i < params.length; i++) {
      const [param, grad] = [params[i]!, grads[i]!]
      if (grad === null) continue
      let state = this.state.get(param)
      if (state === undefined) this.state.set(param, (state = { step: 0, moments: new Map() }))
      const step = state.step + 1
      let batch = byStep.get(step)
      if (batch === undefined) byStep.set(step, (batch = { params: [], grads: [], states: [], step }))
      batch.params.push(param)
      batch.grads.push(grad)
      batch.states.push(state)
    }
    return byStep.values()
  }

  /** An update that failed did not happen: it is not counted, and moments that were made for it are made again. */
  private undoFailed(): void {
    this.log.undo(
      (group) =>
        (group as ParamGroup).params.map((param) => this.state.get(param)).filter((state) => state !== undefined),
      (state) => {
        if (state.step > 0) return
        for (const moment of state.moments.values()) moment.dispose()
        state.moments.clear()
      },
    )
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

/** The options with the defaults for those that are not given; undefined counts as not given. */
export function withDefaults<Options extends object>(defaults: Options, options: Partial<Options>): Options {
  const given = Object.entries(options ?? {}).filter(([, value]) => value !== undefined)
  return { ...defaults, ...(Object.fromEntries(given) as Partial<Options>) }
}

/** Checks the options of a group. A schedule adds one of its own, which is not the optimizer's. */
export function checkGroup(owner: string, options: { lr: number; initialLr?: number }, schema: OptionSchema): void {
  const { initialLr, ...own } = options
  if (initialLr !== undefined) checkNumber(owner, 'initialLr', initialLr, 0)
  checkOptions(owner, own, schema)
}

/** In one queue entry. A tensor that is the gradient of two parameters is named once. */
function zeroAll(grads: readonly Tensor[]): void {
  const each = [...new Map(grads.map((grad) => [grad.id, grad])).values()]
  if (each.length > 0) noGrad(() => ops.zeroGrads(each))
}

function copyState({ step, moments }: ParamState, param: Tensor): ParamState {
  const dtype = stateDtype(param)
  const copies = [...moments].map(([name, moment]) => {
    const copy = noGrad(() => (moment.dtype === dtype ? moment.clone() : moment.to(dtype)))
    return [name, owned(copy)] as const
  })
  return { step, moments: new Map(copies) }
}

// Lives as long as the optimizer, and memory() counts it under that name.
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
    what: `${owner}.loadStateDict: ${name} does not fit its parameter`,
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
  const ours = Object.fromEntries(Object.entries(options).filter(([key]) => !NOT_OPTIONS.includes(key)))
  return mapKeys(ours, (key) => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()))
}

function mapKeys(options: object, rename: (key: string) => string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [rename(key), value]))
}
