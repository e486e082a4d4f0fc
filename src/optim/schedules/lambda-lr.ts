// Schedules with a function of the user's own.
import { OptionError } from '../../errors.js'
import { bad, show } from '../../runtime/options.js'
import type { LrFactor, ScheduledOptimizer } from '../schedule.js'
import { TorchScheduler } from './torch-scheduler.js'
import type { ScheduleKind, TorchSchedulerState } from './torch-scheduler.js'

/** A function of the step for all parameter groups, or one for each. */
export type LrLambda = LrFactor | readonly LrFactor[]

interface Lambdas {
  lambdas: readonly LrFactor[]
}

abstract class LambdaScheduler extends TorchScheduler<Lambdas> {
  /** @internal */
  constructor(owner: string, optimizer: ScheduledOptimizer, lrLambda: LrLambda) {
    const kind: ScheduleKind<Lambdas> = { owner, schema: null, keys: {} }
    super(kind, optimizer, { lambdas: lrLambda as readonly LrFactor[] }, {})
  }

  /** @internal */
  protected override checked(owner: string, { lambdas: given }: { lambdas: LrLambda }): Lambdas {
    const { length } = this.optimizer.paramGroups
    const all = typeof given === 'function' ? Array.from({ length }, () => given) : given
    if (Array.isArray(all) && all.length === length && all.every((each) => typeof each === 'function'))
      return { lambdas: [...(all as LrFactor[])] }
    throw bad(owner, 'lrLambda', `a function of the step, or ${length} of them, one for each parameter group`, given)
  }

  /** The value of each group's function. @throws {OptionError} when it is no number. @internal */
  protected factors(): number[] {
    return this.settings.lambdas.map((lambda) => {
      const factor: unknown = lambda(this.lastEpoch)
      if (typeof factor === 'number' && Number.isFinite(factor)) return factor
      throw new OptionError({
        what: `lrScheduler.${this.constructor.name}: lrLambda gave no factor for step ${this.lastEpoch}`,
        expected: 'a finite number',
        received: show(factor),
        fix: 'return a number for every step',
      })
    })
  }

  /** @internal */
  protected override progress(): TorchSchedulerState {
    return { lr_lambdas: this.settings.lambdas.map(() => null) }
  }
}

/**
 * Sets the rates to the initial ones times `lrLambda(step)`. A state holds no functions: give them to the constructor again.
 *
 * @example
 * const scheduler = new optim.lrScheduler.LambdaLR(optimizer, (epoch) => 0.95 ** epoch)
 * @throws {OptionError} for something other than a function, or one for each parameter group.
 * @see torch `LambdaLR`: the same rates at the same steps.
 */
export class LambdaLR extends LambdaScheduler {
  constructor(optimizer: ScheduledOptimizer, lrLambda: LrLambda) {
    super('lrScheduler.LambdaLR', optimizer, lrLambda)
  }

  /** @internal */
  protected override rates(): number[] {
    return this.factors().map((factor, i) => this.baseLrs[i]! * factor)
  }
}

/**
 * Multiplies the rates by `lrLambda(step)` at each step. A state holds no functions: give them to the constructor again.
 *
 * @example
 * const scheduler = new optim.lrScheduler.MultiplicativeLR(optimizer, () => 0.95)
 * @throws {OptionError} for something other than a function, or one for each parameter group.
 * @see torch `MultiplicativeLR`: the same rates at the same steps.
 */
export class MultiplicativeLR extends LambdaScheduler {
  constructor(optimizer: ScheduledOptimizer, lrLambda: LrLambda) {
    super('lrScheduler.MultiplicativeLR', optimizer, lrLambda)
  }

  /** @internal */
  protected override rates(): number[] {
    if (this.isInitial) return this.lrs
    return this.factors().map((factor, i) => this.lrs[i]! * factor)
  }
}
