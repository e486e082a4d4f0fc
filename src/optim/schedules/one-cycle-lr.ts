// One cycle: the rates rise and fall once in the whole run, and momentum the other way round.
import { OptionError } from '../../errors.js'
import { bad, show } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'
import type { ScheduledGroup, ScheduledOptimizer } from '../schedule.js'
import { TorchScheduler, perGroup } from './torch-scheduler.js'
import type { ScheduleKind, TorchSchedulerState } from './torch-scheduler.js'

/** Options of {@link OneCycleLR}. Give `totalSteps`, or `epochs` and `stepsPerEpoch`. */
export interface OneCycleLROptions {
  /** The highest rate: one for all parameter groups, or one for each. @minimum 0 */
  maxLr: number | readonly number[]
  /** Steps of the whole run. @integer @minimum 1 @default epochs times stepsPerEpoch */
  totalSteps?: number
  /** Epochs of the run. @integer @minimum 1 @default none */
  epochs?: number
  /** Steps of an epoch. @integer @minimum 1 @default none */
  stepsPerEpoch?: number
  /** Share of the steps in which the rates rise. @minimum 0 @maximum 1 @default 0.3 */
  pctStart?: number
  /** Along a cosine, or in a straight line. @default 'cos' */
  annealStrategy?: 'cos' | 'linear'
  /** Let momentum (the first of `betas` in Adam) fall while the rates rise, and rise while they fall. @default true */
  cycleMomentum?: boolean
  /** Momentum where the rates are highest. @minimum 0 @maximum 1 @default 0.85 */
  baseMomentum?: number | readonly number[]
  /** Momentum at the beginning and at the end. @minimum 0 @maximum 1 @default 0.95 */
  maxMomentum?: number | readonly number[]
  /** The first rate is `maxLr / divFactor`. @exclusiveMinimum 0 @default 25 */
  divFactor?: number
  /** The last rate is the first one divided by this. @exclusiveMinimum 0 @default 1e4 */
  finalDivFactor?: number
  /** Fall to the first rate as steeply as they rose, then to the last one. @default false */
  threePhase?: boolean
}

type Settings = Required<Omit<OneCycleLROptions, 'epochs' | 'stepsPerEpoch'>> &
  Pick<OneCycleLROptions, 'epochs' | 'stepsPerEpoch'>

const ONE_CYCLE: ScheduleKind<Settings> = {
  owner: 'lrScheduler.OneCycleLR',
  schema: schemas.OneCycleLROptions,
  keys: {
    maxLr: 'max_lr',
    totalSteps: 'total_steps',
    pctStart: 'pct_start',
    annealStrategy: '_anneal_func_type',
    cycleMomentum: 'cycle_momentum',
    baseMomentum: 'base_momentum',
    maxMomentum: 'max_momentum',
    divFactor: 'div_factor',
    finalDivFactor: 'final_div_factor',
    threePhase: 'three_phase',
  },
  alsoSaved: ['use_beta1', '_schedule_phases'],
}

/** What changes in a phase: from one level to another, each a rate and a momentum. */
interface Phase {
  readonly end: number
  readonly from: Level
  readonly to: Level
}

type Level = 'initial' | 'max' | 'min'

/** A parameter group of an optimizer with momentum. */
type MovingGroup = ScheduledGroup & { momentum?: number; betas?: readonly number[] }

/**
 * Lets the rates rise from `maxLr / divFactor` to `maxLr` in the first `pctStart` of the run, and fall to a small part of the first rate in the rest (Smith and
 * Topin 2017). Momentum moves the other way round. Step it after each batch.
 *
 * @example
 * const scheduler = new optim.lrScheduler.OneCycleLR(optimizer, { maxLr: 0.01, epochs: 10, stepsPerEpoch: loader.length })
 * @throws {OptionError} for unknown options, options out of range, and an optimizer without momentum unless `cycleMomentum` is false.
 * @see torch `OneCycleLR`: the same rates at the same steps. PyTorch keeps the highest and lowest rates in the groups of the optimizer; here the schedule has them.
 */
export class OneCycleLR extends TorchScheduler<Settings> {
  constructor(optimizer: ScheduledOptimizer, options: OneCycleLROptions) {
    super(ONE_CYCLE, optimizer, options as Partial<Settings>, {
      ...{ pctStart: 0.3, annealStrategy: 'cos', cycleMomentum: true, baseMomentum: 0.85, maxMomentum: 0.95 },
      ...{ divFactor: 25, finalDivFactor: 1e4, threePhase: false },
    })
  }

  /** @internal */
  protected override checked(owner: string, settings: Settings): Settings {
    const { epochs, stepsPerEpoch, pctStart, cycleMomentum, maxLr, baseMomentum, maxMomentum } = settings
    const totalSteps = settings.totalSteps ?? (epochs ?? NaN) * (stepsPerEpoch ?? NaN)
    if (Number.isNaN(totalSteps)) throw noLength(owner, settings)
    // PyTorch divides by the length of the rise here, which is then 0.
    if (pctStart * totalSteps === 1)
      throw bad(owner, 'pctStart', 'a share of more or less than one step', pctStart, `raise it above ${pctStart}`)
    const { paramGroups } = this.optimizer
    for (const [name, value] of Object.entries({ maxLr, baseMomentum, maxMomentum })) {
      perGroup(owner, name, value, paramGroups.length)
    }
    if (cycleMomentum && !paramGroups.every(hasMomentum)) throw noMomentum(owner)
    return { ...settings, totalSteps }
  }

  /** @internal */
  protected override begin(): void {
    const first = this.levels('initial')
    this.optimizer.paramGroups.forEach((group, i) => (group.initialLr = first.rates[i]!))
    if (this.settings.cycleMomentum) this.setMomentum(first.momentums)
  }

  override step(): void {
    const { totalSteps } = this.settings
    if (this.lastEpoch < totalSteps) return super.step()
    throw new OptionError({
      what: 'lrScheduler.OneCycleLR: the cycle is over',
      expected: `at most ${totalSteps} steps, the totalSteps of the schedule`,
      received: `step ${this.lastEpoch + 1}`,
      fix: 'raise totalSteps (or epochs), or step once for each batch',
    })
  }

  /** @internal */
  protected override rates(): number[] {
    const step = this.lastEpoch
    let start = 0
    const phases = phasesOf(this.settings)
    const phase = phases.find(({ end }, i) => {
      if (step <= end || i === phases.length - 1) return true
      start = end
      return false
    })!
    const [from, to] = [this.levels(phase.from), this.levels(phase.to)]
    const share = (step - start) / (phase.end - start)
    const between = (a: readonly number[], b: readonly number[]) => a.map((each, i) => this.anneal(each, b[i]!, share))
    if (this.settings.cycleMomentum) this.setMomentum(between(from.momentums, to.momentums))
    return between(from.rates, to.rates)
  }

  private anneal(from: number, to: number, share: number): number {
    if (this.settings.annealStrategy === 'linear') return (to - from) * share + from
    return to + ((from - to) / 2) * (Math.cos(Math.PI * share) + 1)
  }

  /** The rates of a level, and the momentum that belongs to it. */
  private levels(level: Level): { rates: number[]; momentums: number[] } {
    const { maxLr, divFactor, finalDivFactor, baseMomentum, maxMomentum } = this.settings
    const { length } = this.optimizer.paramGroups
    const momentum = level === 'max' ? baseMomentum : maxMomentum
    const rates = perGroup('lrScheduler.OneCycleLR', 'maxLr', maxLr, length).map((rate) => {
      const first = rate / divFactor
      return level === 'max' ? rate : level === 'initial' ? first : first / finalDivFactor
    })
    return { rates, momentums: perGroup('lrScheduler.OneCycleLR', 'momentum', momentum, length) }
  }

  private setMomentum(momentums: readonly number[]): void {
    this.optimizer.paramGroups.forEach((each, i) => {
      const group = each as MovingGroup
      if (group.betas) group.betas = [momentums[i]!, ...group.betas.slice(1)]
      else group.momentum = momentums[i]!
    })
  }

  /** A state of PyTorch holds its phases in place of what they follow from. @internal */
  protected override readProgress(where: string, state: TorchSchedulerState, settings: Settings): () => void {
    const given = state['_schedule_phases']
    if (given === undefined) return () => undefined
    const ours = phasesOf(settings).map(({ end }) => end)
    const theirs = Array.isArray(given) ? given.map((phase) => (phase as { end_step?: unknown })?.end_step) : given
    if (show(ours) === show(theirs)) return () => undefined
    const fix = 'pass pctStart and threePhase as in PyTorch'
    throw bad(where, '_schedule_phases', `phases that end at ${show(ours)}`, theirs, fix)
  }
}

function phasesOf({ pctStart, totalSteps, threePhase }: Settings): Phase[] {
  const rise: Phase = { end: pctStart * totalSteps - 1, from: 'initial', to: 'max' }
  const last = totalSteps - 1
  if (!threePhase) return [rise, { end: last, from: 'max', to: 'min' }]
  const fall: Phase = { end: 2 * pctStart * totalSteps - 2, from: 'max', to: 'initial' }
  return [rise, fall, { end: last, from: 'initial', to: 'min' }]
}

function hasMomentum(group: ScheduledGroup): boolean {
  const { betas, momentum } = group as MovingGroup
  return Array.isArray(betas) || typeof momentum === 'number'
}

function noLength(owner: string, { totalSteps, epochs, stepsPerEpoch }: Settings): OptionError {
  return new OptionError({
    what: `${owner}: the length of the run is not given`,
    expected: 'totalSteps, or epochs and stepsPerEpoch',
    received: show({ totalSteps, epochs, stepsPerEpoch }),
    fix: 'pass totalSteps: epochs * loader.length',
  })
}

function noMomentum(owner: string): OptionError {
  return new OptionError({
    what: `${owner}: the optimizer has no momentum to change`,
    expected: 'an optimizer with momentum or betas',
    received: 'cycleMomentum: true',
    fix: 'pass cycleMomentum: false',
  })
}
