// Schedules made of others.
import { OptionError } from '../../errors.js'
import { checkOptions } from '../../runtime/check-options.js'
import { bad, checkInteger, show } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'
import type { ScheduledOptimizer } from '../schedule.js'
import { TorchScheduler, checkGroups, checkRates, checkState } from './torch-scheduler.js'
import type { TorchSchedulerState, TorchSchedulerValue } from './torch-scheduler.js'

/** Options of {@link SequentialLR}. */
export interface SequentialLROptions {
  /** The schedules, in the order in which they run. All belong to the optimizer. @minItems 1 */
  schedulers: readonly TorchScheduler[]
  /** The steps at which the next schedule begins: one fewer than schedules. @integer @minimum 0 */
  milestones: readonly number[]
}

/** A schedule that {@link ChainedScheduler} can step. */
type Steppable = TorchScheduler | SequentialLR

/**
 * Runs one schedule after the other: a warm-up, then a decay. Each begins at its milestone with its own step 0.
 *
 * @example
 * const warmup = new optim.lrScheduler.LinearLR(optimizer, { startFactor: 0.1, totalIters: 20 })
 * const decay = new optim.lrScheduler.CosineAnnealingLR(optimizer, { tMax: 180 })
 * const scheduler = new optim.lrScheduler.SequentialLR(optimizer, { schedulers: [warmup, decay], milestones: [20] })
 * @throws {OptionError} for schedules of another optimizer, and milestones that do not fit.
 * @see torch `SequentialLR`: the same rates at the same steps.
 */
export class SequentialLR {
  /** The optimizer whose rates it sets. */
  readonly optimizer: ScheduledOptimizer
  /** Steps made. */
  lastEpoch = 0
  private readonly schedulers: readonly TorchScheduler[]
  private milestones: readonly number[]
  private lastLr: number[]

  constructor(optimizer: ScheduledOptimizer, options: SequentialLROptions) {
    const owner = 'lrScheduler.SequentialLR'
    checkGroups(owner, optimizer)
    checkOptions(owner, options, schemas.SequentialLROptions)
    const { schedulers, milestones } = options
    schedulers.forEach((each, i) => checkPart(owner, each, i, optimizer))
    this.optimizer = optimizer
    this.schedulers = [...schedulers]
    this.milestones = checkMilestones(owner, milestones, schedulers.length)
    for (const group of optimizer.paramGroups) group.lr = group.initialLr ?? group.lr
    for (const each of schedulers) each.undoInitialStep()
    const first = this.schedulers[this.indexAt(0)]!
    first.initialStep()
    this.lastLr = first.getLastLr()
  }

  /** Advances to the next step. Call it after `optimizer.step()`. */
  step(): void {
    this.lastEpoch += 1
    const index = this.indexAt(this.lastEpoch)
    const current = this.schedulers[index]!
    if (index > 0 && this.milestones[index - 1] === this.lastEpoch) current.startAgain()
    else current.step()
    this.lastLr = current.getLastLr()
  }

  /** The rates that the last step set, one for each parameter group. */
  getLastLr(): number[] {
    return [...this.lastLr]
  }

  /** The state, with PyTorch's structure and names. */
  stateDict(): TorchSchedulerState {
    return {
      _milestones: [...this.milestones],
      last_epoch: this.lastEpoch,
      _last_lr: [...this.lastLr],
      _schedulers: this.schedulers.map((each) => each.stateDict()),
    }
  }

  /**
   * Loads a saved state into all parts, and sets the rates of that step.
   * @throws {OptionError} when the state is that of another schedule; nothing is changed then.
   */
  loadStateDict(state: TorchSchedulerState): void {
    const where = 'lrScheduler.SequentialLR.loadStateDict'
    checkState(where, state)
    const parts = partsOf(where, state, this.schedulers.length)
    const milestones = checkMilestones(where, state['_milestones'], parts.length)
    const lastEpoch = checkInteger(where, 'last_epoch', state['last_epoch'], 0)
    const lastLr = checkRates(where, '_last_lr', state['_last_lr'], this.optimizer.paramGroups.length)
    loadAll(this.schedulers, parts)
    Object.assign(this, { milestones, lastEpoch, lastLr })
    this.optimizer.paramGroups.forEach((group, i) => (group.lr = lastLr[i]!))
  }

  /** The schedule that runs at a step. */
  private indexAt(step: number): number {
    return this.milestones.filter((milestone) => milestone <= step).length
  }
}

/**
 * Steps several schedules of one optimizer together: their factors multiply.
 *
 * @example
 * const half = new optim.lrScheduler.ConstantLR(optimizer, { factor: 0.5, totalIters: 4 })
 * const decay = new optim.lrScheduler.ExponentialLR(optimizer, { gamma: 0.9 })
 * const scheduler = new optim.lrScheduler.ChainedScheduler([half, decay])
 * @throws {OptionError} for an empty list, and schedules of several optimizers.
 * @see torch `ChainedScheduler`: the same rates at the same steps.
 */
export class ChainedScheduler {
  /** The optimizer whose rates it sets. */
  readonly optimizer: ScheduledOptimizer
  private readonly schedulers: readonly Steppable[]
  private lastLr: number[]

  constructor(schedulers: readonly Steppable[]) {
    const owner = 'lrScheduler.ChainedScheduler'
    if (!Array.isArray(schedulers) || schedulers.length === 0)
      throw bad(owner, 'schedulers', 'a list of at least one schedule', schedulers)
    this.schedulers = [...(schedulers as Steppable[])]
    this.optimizer = this.schedulers[0]!.optimizer
    this.schedulers.forEach((each, i) => {
      if (!(each instanceof SequentialLR)) checkPart(owner, each, i, this.optimizer)
      else if (each.optimizer !== this.optimizer) throw otherOptimizer(owner, i)
    })
    this.lastLr = this.optimizer.paramGroups.map(({ lr }) => lr)
  }

  /** Advances all to the next step. Call it after `optimizer.step()`. */
  step(): void {
    for (const each of this.schedulers) each.step()
    this.lastLr = this.optimizer.paramGroups.map(({ lr }) => lr)
  }

  /** The rates that the last step set, one for each parameter group. */
  getLastLr(): number[] {
    return [...this.lastLr]
  }

  /** The state, with PyTorch's structure and names. */
  stateDict(): TorchSchedulerState {
    return { _last_lr: [...this.lastLr], _schedulers: this.schedulers.map((each) => each.stateDict()) }
  }

  /**
   * Loads a saved state into all parts, and sets the rates of that step.
   * @throws {OptionError} when the state is that of another schedule; nothing is changed then.
   */
  loadStateDict(state: TorchSchedulerState): void {
    const where = 'lrScheduler.ChainedScheduler.loadStateDict'
    checkState(where, state)
    const parts = partsOf(where, state, this.schedulers.length)
    const lastLr = checkRates(where, '_last_lr', state['_last_lr'], this.optimizer.paramGroups.length)
    loadAll(this.schedulers, parts)
    this.lastLr = lastLr
    this.optimizer.paramGroups.forEach((group, i) => (group.lr = lastLr[i]!))
  }
}

function checkPart(owner: string, part: unknown, index: number, optimizer: ScheduledOptimizer): void {
  if (!(part instanceof TorchScheduler)) {
    const fix = 'a schedule that needs a metric, or is made of others, is stepped by itself'
    throw bad(owner, `schedulers[${index}]`, "one of PyTorch's schedules, such as lrScheduler.LinearLR", part, fix)
  }
  if (part.optimizer !== optimizer) throw otherOptimizer(owner, index)
}

function otherOptimizer(owner: string, index: number): OptionError {
  return new OptionError({
    what: `${owner}: the schedules belong to several optimizers`,
    expected: 'schedules of one optimizer',
    received: `schedulers[${index}] of another one`,
    fix: 'make all schedules with the same optimizer',
  })
}

function checkMilestones(where: string, milestones: unknown, parts: number): readonly number[] {
  const isList = Array.isArray(milestones) && milestones.length === parts - 1
  const rises = isList && milestones.every((step, i) => Number.isInteger(step) && step >= (i ? milestones[i - 1] : 0))
  if (rises) return [...(milestones as number[])]
  throw bad(where, 'milestones', `${parts - 1} rising steps, one fewer than schedules`, milestones)
}

function partsOf(where: string, state: TorchSchedulerState, count: number): TorchSchedulerState[] {
  const parts = state['_schedulers'] as TorchSchedulerValue
  if (Array.isArray(parts) && parts.length === count) return parts as TorchSchedulerState[]
  const received = Array.isArray(parts) ? `${parts.length} states` : show(parts)
  throw bad(
    where,
    '_schedulers',
    `the states of ${count} schedules`,
    received,
    'load the state into the class that made it',
  )
}

/** Loads all states, or none: the parts have their old state again when one does not fit. */
function loadAll(schedulers: readonly Steppable[], states: readonly TorchSchedulerState[]): void {
  const before = schedulers.map((each) => each.stateDict())
  const rates = schedulers[0]!.optimizer.paramGroups.map(({ lr, initialLr }) => ({ lr, initialLr }))
  try {
    schedulers.forEach((each, i) => each.loadStateDict(states[i]!))
  } catch (error) {
    schedulers.forEach((each, i) => each.loadStateDict(before[i]!))
    schedulers[0]!.optimizer.paramGroups.forEach((group, i) => Object.assign(group, rates[i]))
    throw error
  }
}
