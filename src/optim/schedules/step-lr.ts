// Schedules that multiply the rates by a factor at certain steps.
import { schemas } from '../../runtime/tables.js'
import type { ScheduledOptimizer } from '../schedule.js'
import { TorchScheduler } from './torch-scheduler.js'
import type { ScheduleKind } from './torch-scheduler.js'

/** Options of {@link StepLR}. */
export interface StepLROptions {
  /** Steps between two falls. @integer @minimum 1 */
  stepSize: number
  /** Factor of each fall. @default 0.1 */
  gamma?: number
}

/** Options of {@link MultiStepLR}. */
export interface MultiStepLROptions {
  /** The steps at which the rates fall; a step that is named twice counts twice. @integer @minimum 0 */
  milestones: readonly number[]
  /** Factor of each fall. @default 0.1 */
  gamma?: number
}

/** Options of {@link ExponentialLR}. */
export interface ExponentialLROptions {
  /** Factor of each step. */
  gamma: number
}

const STEP: ScheduleKind<Required<StepLROptions>> = {
  owner: 'lrScheduler.StepLR',
  schema: schemas.StepLROptions,
  keys: { stepSize: 'step_size', gamma: 'gamma' },
}

/**
 * Multiplies the rates by `gamma` after every `stepSize` steps.
 *
 * @example
 * const scheduler = new optim.lrScheduler.StepLR(optimizer, { stepSize: 30, gamma: 0.1 })
 * for (let epoch = 0; epoch < 90; epoch++) {
 *   await trainOneEpoch() // with optimizer.step() after each batch
 *   scheduler.step()
 * }
 * @throws {OptionError} for unknown options and options out of range.
 * @see torch `StepLR`: the same rates at the same steps.
 */
export class StepLR extends TorchScheduler<Required<StepLROptions>> {
  constructor(optimizer: ScheduledOptimizer, options: StepLROptions) {
    super(STEP, optimizer, options, { gamma: 0.1 })
  }

  /** @internal */
  protected override rates(): number[] {
    const { stepSize, gamma } = this.settings
    const falls = this.lastEpoch !== 0 && this.lastEpoch % stepSize === 0
    return falls ? this.lrs.map((lr) => lr * gamma) : this.lrs
  }

  /** @internal */
  protected override closedForm(): number[] {
    const { stepSize, gamma } = this.settings
    return this.baseLrs.map((lr) => lr * gamma ** Math.floor(this.lastEpoch / stepSize))
  }
}

const MULTI_STEP: ScheduleKind<Required<MultiStepLROptions>> = {
  owner: 'lrScheduler.MultiStepLR',
  schema: schemas.MultiStepLROptions,
  keys: { milestones: 'milestones', gamma: 'gamma' },
}

/**
 * Multiplies the rates by `gamma` at each of `milestones`.
 *
 * @example
 * const scheduler = new optim.lrScheduler.MultiStepLR(optimizer, { milestones: [30, 80], gamma: 0.1 })
 * @throws {OptionError} for unknown options and options out of range.
 * @see torch `MultiStepLR`: the same rates at the same steps. Its states hold a `Counter`, ours a list.
 */
export class MultiStepLR extends TorchScheduler<Required<MultiStepLROptions>> {
  constructor(optimizer: ScheduledOptimizer, options: MultiStepLROptions) {
    super(MULTI_STEP, optimizer, options, { gamma: 0.1 })
  }

  /** @internal */
  protected override checked(_owner: string, settings: Required<MultiStepLROptions>): Required<MultiStepLROptions> {
    return { ...settings, milestones: [...settings.milestones].sort((a, b) => a - b) }
  }

  /** @internal */
  protected override rates(): number[] {
    const { milestones, gamma } = this.settings
    const falls = milestones.filter((step) => step === this.lastEpoch).length
    return falls > 0 ? this.lrs.map((lr) => lr * gamma ** falls) : this.lrs
  }

  /** @internal */
  protected override closedForm(): number[] {
    const { milestones, gamma } = this.settings
    const falls = milestones.filter((step) => step <= this.lastEpoch).length
    return this.baseLrs.map((lr) => lr * gamma ** falls)
  }
}

const EXPONENTIAL: ScheduleKind<ExponentialLROptions> = {
  owner: 'lrScheduler.ExponentialLR',
  schema: schemas.ExponentialLROptions,
  keys: { gamma: 'gamma' },
}

/**
 * Multiplies the rates by `gamma` at each step.
 *
 * @example
 * const scheduler = new optim.lrScheduler.ExponentialLR(optimizer, { gamma: 0.9 })
 * @throws {OptionError} for unknown options and options out of range.
 * @see torch `ExponentialLR`: the same rates at the same steps.
 */
export class ExponentialLR extends TorchScheduler<ExponentialLROptions> {
  constructor(optimizer: ScheduledOptimizer, options: ExponentialLROptions) {
    super(EXPONENTIAL, optimizer, options, {})
  }

  /** @internal */
  protected override rates(): number[] {
    return this.isInitial ? this.lrs : this.lrs.map((lr) => lr * this.settings.gamma)
  }

  /** @internal */
  protected override closedForm(): number[] {
    return this.baseLrs.map((lr) => lr * this.settings.gamma ** this.lastEpoch)
  }
}
