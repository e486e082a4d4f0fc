import { checkOptions } from '../../runtime/check-options.js'
import { bad, checkInteger } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'
import type { ScheduledOptimizer } from '../schedule.js'
import { checkGroups, checkRates, checkState, perGroup } from './torch-scheduler.js'
import type { TorchSchedulerState } from './torch-scheduler.js'

/** Options of {@link ReduceLROnPlateau}. */
export interface ReduceLROnPlateauOptions {
  /** Whether a metric should fall or rise. @default 'min' */
  mode?: 'min' | 'max'
  /** Factor of the rates. @exclusiveMaximum 1 @default 0.1 */
  factor?: number
  /** Steps without improvement that are waited for; the rates fall at the next one. @integer @minimum 0 @default 10 */
  patience?: number
  /** What counts as an improvement. @default 1e-4 */
  threshold?: number
  /** The threshold is a share of the best metric, or an amount. @default 'rel' */
  thresholdMode?: 'rel' | 'abs'
  /** Steps after a fall in which nothing is counted. @integer @minimum 0 @default 0 */
  cooldown?: number
  /** The lowest rate: one for all parameter groups, or one for each. @minimum 0 @default 0 */
  minLr?: number | readonly number[]
  /** Changes of a rate up to this are left out. @minimum 0 @default 1e-8 */
  eps?: number
}

const OWNER = 'lrScheduler.ReduceLROnPlateau'
const DEFAULTS = {
  mode: 'min',
  factor: 0.1,
  patience: 10,
  threshold: 1e-4,
  thresholdMode: 'rel',
  cooldown: 0,
  eps: 1e-8,
}
const KEYS = { mode: 'mode', factor: 'factor', patience: 'patience', threshold: 'threshold', thresholdMode: 'threshold_mode', cooldown: 'cooldown', eps: 'eps' } // prettier-ignore
const PROGRESS = ['min_lrs', 'best', 'num_bad_epochs', 'cooldown_counter', 'last_epoch', '_last_lr']
/** What PyTorch saves besides. It follows from the rest. */
const ALSO = ['default_min_lr', 'mode_worse', 'verbose', 'base_lrs', '_step_count']

type Settings = Required<Omit<ReduceLROnPlateauOptions, 'minLr'>>

/**
 * Multiplies the rates by `factor` when a metric has stopped improving for `patience` steps.
 *
 * @example
 * const scheduler = new optim.lrScheduler.ReduceLROnPlateau(optimizer, { mode: 'min', patience: 5 })
 * const loss = await validate()
 * scheduler.step(loss) // after each epoch, with its validation loss
 * @throws {OptionError} for unknown options and options out of range.
 * @see torch `ReduceLROnPlateau`: the same rates at the same steps.
 */
export class ReduceLROnPlateau {
  /** The optimizer whose rates it sets. */
  readonly optimizer: ScheduledOptimizer
  /** Steps made. */
  lastEpoch = 0
  /** The best metric so far. */
  best: number
  /** Steps since then. */
  numBadEpochs = 0
  /** Steps of the pause after a fall that remain. */
  cooldownCounter = 0
  private settings: Settings
  private minLrs: number[]
  private lastLr: number[]

  constructor(optimizer: ScheduledOptimizer, options: ReduceLROnPlateauOptions = {}) {
    checkGroups(OWNER, optimizer)
    checkOptions(OWNER, options, schemas.ReduceLROnPlateauOptions)
    const { minLr = 0, ...rest } = options
    const given = Object.entries(rest).filter(([, value]) => value !== undefined)
    this.optimizer = optimizer
    this.settings = { ...DEFAULTS, ...Object.fromEntries(given) } as Settings
    this.minLrs = perGroup(OWNER, 'minLr', minLr, optimizer.paramGroups.length)
    this.best = worst(this.settings)
    this.lastLr = optimizer.paramGroups.map(({ lr }) => lr)
  }

  /**
   * Notes a metric, and lets the rates fall when it is time. NaN is no improvement.
   * @checksItself metrics
   * @throws {OptionError} for something other than a number, such as a tensor.
   */
  step(metrics: number): void {
    if (typeof metrics !== 'number')
      throw bad(
        `${OWNER}.step`,
        'metrics',
        'a number',
        metrics,
        'read the value first: scheduler.step(await loss.item())',
      )
    const { patience, cooldown } = this.settings
    this.lastEpoch += 1
    const improved = isBetter(this.settings, metrics, this.best)
    if (improved) this.best = metrics
    this.numBadEpochs = improved ? 0 : this.numBadEpochs + 1
    if (this.cooldownCounter > 0) {
      this.cooldownCounter -= 1
      this.numBadEpochs = 0
    }
    if (this.numBadEpochs > patience) {
      this.reduce()
      this.cooldownCounter = cooldown
      this.numBadEpochs = 0
    }
    this.lastLr = this.optimizer.paramGroups.map(({ lr }) => lr)
  }

  /** The rates after the last step, one for each parameter group. */
  getLastLr(): number[] {
    return [...this.lastLr]
  }

  /** The state, with PyTorch's names. */
  stateDict(): TorchSchedulerState {
    const options = Object.entries(KEYS).map(([name, key]) => [key, this.settings[name as keyof Settings]])
    return {
      ...(Object.fromEntries(options) as TorchSchedulerState),
      min_lrs: [...this.minLrs],
      best: this.best,
      num_bad_epochs: this.numBadEpochs,
      cooldown_counter: this.cooldownCounter,
      last_epoch: this.lastEpoch,
      _last_lr: [...this.lastLr],
    }
  }

  /**
   * Loads a saved state, also one of PyTorch: what was counted, and the options, which replace those of the constructor. It sets the rates of that step, too,
   * which PyTorch leaves to the state of the optimizer.
   * @throws {OptionError} when the state is that of another schedule or of an optimizer with other groups; nothing is changed then.
   */
  loadStateDict(state: TorchSchedulerState): void {
    const where = `${OWNER}.loadStateDict`
    checkState(where, state)
    const known = [...Object.values(KEYS), ...PROGRESS, ...ALSO]
    const unknown = Object.keys(state).filter((key) => !known.includes(key))
    if (unknown.length > 0)
      throw bad(where, 'state', `the keys ${known.join(', ')}`, unknown, 'load the state into the class that made it')
    const { length } = this.optimizer.paramGroups
    const options = Object.entries(KEYS).filter(([, key]) => state[key] !== undefined)
    const settings = { ...this.settings, ...Object.fromEntries(options.map(([name, key]) => [name, state[key]])) }
    checkOptions(where, settings, schemas.ReduceLROnPlateauOptions)
    // JSON has no Infinity, which is the state before the first step.
    const best = state['best'] ?? worst(settings as Settings)
    if (typeof best !== 'number') throw bad(where, 'best', 'a number', best)
    const count = (key: string) => checkInteger(where, key, state[key], 0)
    const [lastEpoch, numBadEpochs, cooldownCounter] = ['last_epoch', 'num_bad_epochs', 'cooldown_counter'].map(count)
    const minLrs = checkRates(where, 'min_lrs', state['min_lrs'], length)
    const lastLr = checkRates(where, '_last_lr', state['_last_lr'], length)
    Object.assign(this, { settings, best, lastEpoch, numBadEpochs, cooldownCounter, minLrs, lastLr })
    this.optimizer.paramGroups.forEach((group, i) => (group.lr = lastLr[i]!))
  }

  private reduce(): void {
    const { factor, eps } = this.settings
    const groups = this.optimizer.paramGroups
    perGroup(OWNER, 'minLr', this.minLrs, groups.length)
    groups.forEach((group, i) => {
      const lower = Math.max(group.lr * factor, this.minLrs[i]!)
      if (group.lr - lower > eps) group.lr = lower
    })
  }
}

function worst({ mode }: Settings): number {
  return mode === 'min' ? Infinity : -Infinity
}

function isBetter({ mode, threshold, thresholdMode }: Settings, metric: number, best: number): boolean {
  if (mode === 'min') return metric < (thresholdMode === 'rel' ? best * (1 - threshold) : best - threshold)
  return metric > (thresholdMode === 'rel' ? best * (threshold + 1) : best + threshold)
}
