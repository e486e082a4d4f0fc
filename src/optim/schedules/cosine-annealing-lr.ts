// Schedules along a cosine.
import { checkNumber, checkInteger } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'
import type { ScheduledOptimizer } from '../schedule.js'
import { TorchScheduler } from './torch-scheduler.js'
import type { ScheduleKind, TorchSchedulerState } from './torch-scheduler.js'

/** Options of {@link CosineAnnealingLR}. */
export interface CosineAnnealingLROptions {
  /** Steps of the fall, PyTorch's `T_max`. @integer @minimum 1 */
  tMax: number
  /** The rate at its end. @default 0 */
  etaMin?: number
}

/** Options of {@link CosineAnnealingWarmRestarts}. */
export interface CosineAnnealingWarmRestartsOptions {
  /** Steps of the first fall, PyTorch's `T_0`. @integer @minimum 1 */
  t0: number
  /** Factor between the lengths of two falls, PyTorch's `T_mult`. @integer @minimum 1 @default 1 */
  tMult?: number
  /** The rate at the end of a fall. @default 0 */
  etaMin?: number
}

const COSINE: ScheduleKind<Required<CosineAnnealingLROptions>> = {
  owner: 'lrScheduler.CosineAnnealingLR',
  schema: schemas.CosineAnnealingLROptions,
  keys: { tMax: 'T_max', etaMin: 'eta_min' },
}

/**
 * Lets the rates fall to `etaMin` along a half cosine of `tMax` steps, and rise again along the next.
 *
 * @example
 * const scheduler = new optim.lrScheduler.CosineAnnealingLR(optimizer, { tMax: 200 })
 * @throws {OptionError} for unknown options and options out of range.
 * @see torch `CosineAnnealingLR`: the same rates at the same steps.
 */
export class CosineAnnealingLR extends TorchScheduler<Required<CosineAnnealingLROptions>> {
  constructor(optimizer: ScheduledOptimizer, options: CosineAnnealingLROptions) {
    super(COSINE, optimizer, options, { etaMin: 0 })
  }

  /** @internal */
  protected override rates(): number[] {
    const { tMax, etaMin } = this.settings
    if (this.isInitial) return this.lrs
    // At the lowest point the quotient below is 0 / 0.
    if ((this.lastEpoch - 1 - tMax) % (2 * tMax) === 0) {
      const rise = (1 - Math.cos(Math.PI / tMax)) / 2
      return this.lrs.map((lr, i) => lr + (this.baseLrs[i]! - etaMin) * rise)
    }
    const [now, before] = [this.lastEpoch, this.lastEpoch - 1].map((step) => 1 + Math.cos((Math.PI * step) / tMax))
    return this.lrs.map((lr) => (now! / before!) * (lr - etaMin) + etaMin)
  }

  /** @internal */
  protected override closedForm(): number[] {
    const { tMax, etaMin } = this.settings
    const share = 1 + Math.cos((Math.PI * this.lastEpoch) / tMax)
    return this.baseLrs.map((lr) => etaMin + ((lr - etaMin) * share) / 2)
  }
}

const RESTARTS: ScheduleKind<Required<CosineAnnealingWarmRestartsOptions>> = {
  owner: 'lrScheduler.CosineAnnealingWarmRestarts',
  schema: schemas.CosineAnnealingWarmRestartsOptions,
  keys: { t0: 'T_0', tMult: 'T_mult', etaMin: 'eta_min' },
}

/**
 * Lets the rates fall to `etaMin` along a half cosine of `t0` steps, then starts again from the initial rates, each time `tMult` times as long.
 *
 * @example
 * const scheduler = new optim.lrScheduler.CosineAnnealingWarmRestarts(optimizer, { t0: 10, tMult: 2 })
 * scheduler.step(epoch + i / batches) // after each batch: a part of an epoch
 * @throws {OptionError} for unknown options and options out of range.
 * @see torch `CosineAnnealingWarmRestarts`, Loshchilov and Hutter 2017: the same rates at the same steps.
 */
export class CosineAnnealingWarmRestarts extends TorchScheduler<Required<CosineAnnealingWarmRestartsOptions>> {
  // Declared, not initialised: the constructor of the base class makes the first step, before fields of this class would be set.
  declare private current: number
  declare private length: number

  constructor(optimizer: ScheduledOptimizer, options: CosineAnnealingWarmRestartsOptions) {
    super(RESTARTS, optimizer, options, { tMult: 1, etaMin: 0 })
  }

  /** @internal */
  protected override begin(): void {
    this.current = -1
    this.length = this.settings.t0
  }

  /** Advances by one step, or goes to `epoch`, which need not be whole. */
  override step(epoch?: number): void {
    if (epoch === undefined) super.step()
    else this.goTo(checkNumber('lrScheduler.CosineAnnealingWarmRestarts.step', 'epoch', epoch, 0))
  }

  /** @internal */
  protected override advance(): void {
    if (this.lastEpoch < 0) return this.goTo(0)
    this.current += 1
    if (this.current >= this.length) {
      this.current %= this.length
      this.length *= this.settings.tMult
    }
    super.advance()
  }

  private goTo(epoch: number): void {
    const { t0, tMult } = this.settings
    if (epoch < t0) [this.current, this.length] = [epoch, t0]
    else if (tMult === 1) this.current = epoch % t0
    else {
      const falls = Math.trunc(Math.log((epoch / t0) * (tMult - 1) + 1) / Math.log(tMult))
      this.current = epoch - (t0 * (tMult ** falls - 1)) / (tMult - 1)
      this.length = t0 * tMult ** falls
    }
    this.lastEpoch = Math.floor(epoch)
    this.setRates(this.rates())
  }

  /** @internal */
  protected override rates(): number[] {
    const share = 1 + Math.cos((Math.PI * this.current) / this.length)
    return this.baseLrs.map((lr) => this.settings.etaMin + ((lr - this.settings.etaMin) * share) / 2)
  }

  /** @internal */
  protected override progress(): TorchSchedulerState {
    return { T_cur: this.current, T_i: this.length }
  }

  /** @internal */
  protected override readProgress(where: string, state: TorchSchedulerState): () => void {
    const current = checkNumber(where, 'T_cur', state['T_cur'], 0)
    const length = checkInteger(where, 'T_i', state['T_i'], 1)
    return () => {
      ;[this.current, this.length] = [current, length]
    }
  }
}
