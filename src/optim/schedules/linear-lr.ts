// Schedules that go to the initial rates, or away from them, in a number of steps.
import { schemas } from '../../runtime/tables.js'
import type { ScheduledOptimizer } from '../schedule.js'
import { TorchScheduler } from './torch-scheduler.js'
import type { ScheduleKind } from './torch-scheduler.js'

/** Options of {@link ConstantLR}. */
export interface ConstantLROptions {
  /** Factor of the rates until `totalIters`. @exclusiveMinimum 0 @maximum 1 @default 1/3 */
  factor?: number
  /** The step at which the rates return to what they were. @integer @minimum 0 @default 5 */
  totalIters?: number
}

/** Options of {@link LinearLR}. */
export interface LinearLROptions {
  /** Factor of the rates at the first step. @exclusiveMinimum 0 @maximum 1 @default 1/3 */
  startFactor?: number
  /** Factor of the rates at `totalIters` and after it. @minimum 0 @maximum 1 @default 1 */
  endFactor?: number
  /** Steps between the two. @integer @minimum 1 @default 5 */
  totalIters?: number
}

/** Options of {@link PolynomialLR}. */
export interface PolynomialLROptions {
  /** The step at which the rates are 0. @integer @minimum 1 @default 5 */
  totalIters?: number
  /** Exponent of the decay; 1 is linear. @default 1 */
  power?: number
}

const CONSTANT: ScheduleKind<Required<ConstantLROptions>> = {
  owner: 'lrScheduler.ConstantLR',
  schema: schemas.ConstantLROptions,
  keys: { factor: 'factor', totalIters: 'total_iters' },
}

/**
 * Multiplies the rates by `factor` until step `totalIters`.
 *
 * @example
 * const scheduler = new optim.lrScheduler.ConstantLR(optimizer, { factor: 0.5, totalIters: 4 })
 * @throws {OptionError} for unknown options and options out of range.
 * @see torch `ConstantLR`: the same rates at the same steps.
 */
export class ConstantLR extends TorchScheduler<Required<ConstantLROptions>> {
  constructor(optimizer: ScheduledOptimizer, options: ConstantLROptions = {}) {
    super(CONSTANT, optimizer, options, { factor: 1 / 3, totalIters: 5 })
  }

  /** @internal */
  protected override rates(): number[] {
    const { factor, totalIters } = this.settings
    if (this.lastEpoch === 0) return this.lrs.map((lr) => lr * factor)
    return this.lastEpoch === totalIters ? this.lrs.map((lr) => lr * (1 / factor)) : this.lrs
  }

  /** @internal */
  protected override closedForm(): number[] {
    const { factor, totalIters } = this.settings
    return this.baseLrs.map((lr) => lr * (factor + (this.lastEpoch >= totalIters ? 1 : 0) * (1 - factor)))
  }
}

const LINEAR: ScheduleKind<Required<LinearLROptions>> = {
  owner: 'lrScheduler.LinearLR',
  schema: schemas.LinearLROptions,
  keys: { startFactor: 'start_factor', endFactor: 'end_factor', totalIters: 'total_iters' },
}

/**
 * Changes the factor of the rates in a straight line from `startFactor` to `endFactor`, in `totalIters` steps: a warm-up.
 *
 * @example
 * const scheduler = new optim.lrScheduler.LinearLR(optimizer, { startFactor: 0.05, totalIters: 20 })
 * @throws {OptionError} for unknown options and options out of range.
 * @see torch `LinearLR`: the same rates at the same steps.
 */
export class LinearLR extends TorchScheduler<Required<LinearLROptions>> {
  constructor(optimizer: ScheduledOptimizer, options: LinearLROptions = {}) {
    super(LINEAR, optimizer, options, { startFactor: 1 / 3, endFactor: 1, totalIters: 5 })
  }

  /** @internal */
  protected override rates(): number[] {
    const { startFactor, endFactor, totalIters } = this.settings
    if (this.lastEpoch === 0) return this.lrs.map((lr) => lr * startFactor)
    if (this.lastEpoch > totalIters) return this.lrs
    const before = totalIters * startFactor + (this.lastEpoch - 1) * (endFactor - startFactor)
    return this.lrs.map((lr) => lr * (1 + (endFactor - startFactor) / before))
  }

  /** @internal */
  protected override closedForm(): number[] {
    const { startFactor, endFactor, totalIters } = this.settings
    const done = Math.min(totalIters, this.lastEpoch)
    return this.baseLrs.map((lr) => lr * (startFactor + ((endFactor - startFactor) * done) / totalIters))
  }
}

const POLYNOMIAL: ScheduleKind<Required<PolynomialLROptions>> = {
  owner: 'lrScheduler.PolynomialLR',
  schema: schemas.PolynomialLROptions,
  keys: { totalIters: 'total_iters', power: 'power' },
}

/**
 * Lets the rates fall to 0 in `totalIters` steps, as a power of the share of steps that remain.
 *
 * @example
 * const scheduler = new optim.lrScheduler.PolynomialLR(optimizer, { totalIters: 100, power: 2 })
 * @throws {OptionError} for unknown options and options out of range.
 * @see torch `PolynomialLR`: the same rates at the same steps.
 */
export class PolynomialLR extends TorchScheduler<Required<PolynomialLROptions>> {
  constructor(optimizer: ScheduledOptimizer, options: PolynomialLROptions = {}) {
    super(POLYNOMIAL, optimizer, options, { totalIters: 5, power: 1 })
  }

  /** @internal */
  protected override rates(): number[] {
    const { totalIters, power } = this.settings
    if (this.isInitial || this.lastEpoch > totalIters) return this.lrs
    const share = (1 - this.lastEpoch / totalIters) / (1 - (this.lastEpoch - 1) / totalIters)
    return this.lrs.map((lr) => lr * share ** power)
  }

  /** @internal */
  protected override closedForm(): number[] {
    const { totalIters, power } = this.settings
    const done = Math.min(totalIters, this.lastEpoch)
    return this.baseLrs.map((lr) => lr * (1 - done / totalIters) ** power)
  }
}
