// The base of PyTorch's schedules. A step makes the rates from the present ones, so that several schedules of one optimizer multiply.
import { OptionError } from '../../errors.js'
import { checkOptions } from '../../runtime/check-options.js'
import type { OptionSchema } from '../../runtime/check-options.js'
import { bad, checkInteger, nearest, show } from '../../runtime/options.js'
import { refuseRelativeStep } from './relative-step.js'
import type { ScheduledOptimizer } from '../schedule.js'

/** A value in the state of a schedule: what JSON can hold, and infinite numbers. */
export type TorchSchedulerValue =
  number | string | boolean | null | readonly TorchSchedulerValue[] | { readonly [key: string]: TorchSchedulerValue }

/** The state of one of PyTorch's schedules, under PyTorch's keys: `last_epoch`, `base_lrs`, `_last_lr`, and its options. */
export type TorchSchedulerState = Record<string, TorchSchedulerValue>

/** What a class of schedules says of its options. */
export interface ScheduleKind<Settings> {
  /** Name in errors. */
  readonly owner: string
  /** The check of the options; null where they hold functions and are checked by the class. */
  readonly schema: OptionSchema | null
  /** PyTorch's key of each option that a state holds. */
  readonly keys: Partial<Record<keyof Settings & string, string>>
  /** Further keys of PyTorch's states. They say nothing that the options do not. */
  readonly alsoSaved?: readonly string[]
}

/** What PyTorch keeps in every schedule. */
const COMMON = [
  'last_epoch',
  '_step_count',
  'base_lrs',
  '_last_lr',
  '_get_lr_called_within_step',
  '_is_initial',
  'verbose',
]

/**
 * A schedule of `torch.optim.lr_scheduler`: the same rates at the same steps, in the same order of operations.
 *
 * The constructor sets the rates of the first update; each {@link step} sets those of the next. Call it after `optimizer.step()`, once an epoch or once an
 * update, as the schedule is meant. States have PyTorch's keys.
 */
export abstract class TorchScheduler<Settings extends object = object> {
  /** The optimizer whose rates it sets. */
  readonly optimizer: ScheduledOptimizer
  /** The rates that the schedule starts from, one for each parameter group. */
  baseLrs: number[] = []
  /** Steps made; 0 after the constructor. */
  lastEpoch = -1
  /** @internal */
  protected settings: Readonly<Settings>
  /** True in the step of the constructor. @internal */
  protected isInitial = false
  private readonly kind: ScheduleKind<Settings>
  private stepCount = 0
  private lastLr: number[] = []

  /** @internal */
  constructor(kind: ScheduleKind<Settings>, optimizer: ScheduledOptimizer, given: Partial<Settings>, defaults: object) {
    checkGroups(kind.owner, optimizer)
    if (kind.schema !== null) checkOptions(kind.owner, given, kind.schema)
    this.kind = kind
    this.optimizer = optimizer
    this.settings = this.checked(kind.owner, complete(defaults, given))
    this.begin()
    this.baseLrs = optimizer.paramGroups.map((group) => (group.initialLr ??= group.lr))
    this.initialStep()
  }

  /** The rates of `lastEpoch`, one for each parameter group. @internal */
  protected abstract rates(): number[]

  /** The rates of `lastEpoch` from the initial ones, where PyTorch has a formula: the start of a part of {@link SequentialLR}. @internal */
  protected closedForm(): number[] {
    return this.rates()
  }

  /** Checks options that depend on each other or on the optimizer. @internal */
  protected checked(_owner: string, settings: Settings): Settings {
    return settings
  }

  /** What happens before the initial rates are read. @internal */
  protected begin(): void {
    // Most schedules have nothing to prepare.
  }

  /** State besides options, under PyTorch's keys. @internal */
  protected progress(): TorchSchedulerState {
    return {}
  }

  /** Takes {@link progress} from a state: first the check, which returns the assignment. @internal */
  protected readProgress(_where: string, _state: TorchSchedulerState, _settings: Settings): () => void {
    return () => undefined
  }

  /** Advances to the next step. Call it after `optimizer.step()`. */
  step(): void {
    this.advance()
    this.stepCount += 1
  }

  /** The rates that the last step set, one for each parameter group. */
  getLastLr(): number[] {
    return [...this.lastLr]
  }

  /** The state, with PyTorch's structure and names. Functions are not part of it. */
  stateDict(): TorchSchedulerState {
    const { baseLrs, lastEpoch, stepCount, lastLr, settings, kind } = this
    const options = Object.entries(kind.keys).map(([name, key]) => [
      key as string,
      (settings as Record<string, TorchSchedulerValue>)[name] ?? null,
    ])
    return {
      ...(Object.fromEntries(options) as TorchSchedulerState),
      ...this.progress(),
      base_lrs: [...baseLrs],
      last_epoch: lastEpoch,
      _step_count: stepCount,
      _last_lr: [...lastLr],
    }
  }

  /**
   * Loads a saved state, also one of PyTorch: the step, the initial rates and the options, which replace those of the constructor. It sets the rates of that
   * step, too, which PyTorch leaves to the state of the optimizer.
   * @throws {OptionError} when the state is that of another schedule or of an optimizer with other groups; nothing is changed then.
   */
  loadStateDict(state: TorchSchedulerState): void {
    const where = `${this.kind.owner}.loadStateDict`
    checkState(where, state)
    const { length } = this.optimizer.paramGroups
    this.checkKeys(where, state)
    // A part of SequentialLR that has not begun is before its step 0.
    const lastEpoch = checkInteger(where, 'last_epoch', state['last_epoch'], -1)
    const stepCount = checkInteger(where, '_step_count', state['_step_count'] ?? lastEpoch + 1, 0)
    const baseLrs = checkRates(where, 'base_lrs', state['base_lrs'], length)
    const lastLr = checkRates(where, '_last_lr', state['_last_lr'], length)
    const settings = this.settingsIn(where, state)
    const assign = this.readProgress(where, state, settings)
    Object.assign(this, { lastEpoch, stepCount, baseLrs, lastLr, settings })
    assign()
    this.optimizer.paramGroups.forEach((group, i) => {
      group.initialLr = baseLrs[i]!
      group.lr = lastLr[i]!
    })
  }

  /** The present rates. @internal */
  protected get lrs(): number[] {
    return this.optimizer.paramGroups.map(({ lr }) => lr)
  }

  /** The step of the constructor, also of a part of {@link SequentialLR} that runs first. @internal */
  initialStep(): void {
    this.isInitial = true
    this.stepCount = 0
    this.step()
    this.isInitial = false
  }

  /** Takes the step of the constructor back, for {@link SequentialLR}. @internal */
  undoInitialStep(): void {
    this.lastEpoch -= 1
  }

  /** Starts at step 0 from the initial rates, in the middle of a {@link SequentialLR}. @internal */
  startAgain(): void {
    this.lastEpoch = 0
    this.setRates(this.closedForm())
  }

  /** @internal */
  protected advance(): void {
    this.lastEpoch += 1
    this.setRates(this.rates())
  }

  /** @internal */
  protected setRates(rates: readonly number[]): void {
    const groups = this.optimizer.paramGroups
    if (rates.length !== groups.length) throw otherGroups(this.kind.owner, rates.length, groups.length)
    groups.forEach((group, i) => (group.lr = rates[i]!))
    this.lastLr = [...rates]
  }

  private checkKeys(where: string, state: TorchSchedulerState): void {
    const own = [...(Object.values(this.kind.keys) as string[]), ...Object.keys(this.progress())]
    const known = [...COMMON, ...own, ...(this.kind.alsoSaved ?? [])]
    const unknown = Object.keys(state).filter((key) => !known.includes(key))
    if (unknown.length === 0) return
    const near = nearest(unknown[0]!, own)
    throw new OptionError({
      what: `${where}: this is the state of another schedule`,
      expected: `the keys ${own.join(', ')}, beside last_epoch and the rates`,
      received: unknown.join(', '),
      fix: near ? `write ${near} for ${unknown[0]}` : 'load the state into the class that made it',
    })
  }

  /** The options in a state, checked; those that it lacks stay. */
  private settingsIn(where: string, state: TorchSchedulerState): Settings {
    const found = Object.entries(this.kind.keys).filter(([, key]) => state[key as string] !== undefined)
    const given = Object.fromEntries(found.map(([name, key]) => [name, state[key as string] ?? undefined]))
    if (this.kind.schema === null) return this.settings
    const settings = complete<Settings>(this.settings, given as Partial<Settings>)
    checkOptions(where, settings, this.kind.schema)
    return this.checked(where, settings)
  }
}

/** @throws {OptionError} for something without parameter groups. */
export function checkGroups(owner: string, optimizer: ScheduledOptimizer): void {
  const groups: unknown = optimizer?.paramGroups
  if (!Array.isArray(groups) || groups.length === 0)
    throw bad(owner, 'optimizer', 'an optimizer with at least one parameter group', optimizer)
  refuseRelativeStep(owner, optimizer)
}

/** @throws {OptionError} for something that is no state. */
export function checkState(where: string, state: unknown): asserts state is TorchSchedulerState {
  if (typeof state === 'object' && state !== null && !Array.isArray(state)) return
  throw bad(where, 'state', 'an object', state, 'pass the result of stateDict(), or that part of a checkpoint')
}

/** A rate for each parameter group. */
export function checkRates(where: string, name: string, value: unknown, count: number): number[] {
  const isList = Array.isArray(value) && value.length === count && value.every((rate) => Number.isFinite(rate))
  if (isList) return [...(value as number[])]
  throw bad(where, name, `${count} numbers, one for each parameter group`, value)
}

/** One number for all parameter groups, or one for each. */
export function perGroup(owner: string, name: string, value: number | readonly number[], count: number): number[] {
  if (typeof value === 'number') return Array.from({ length: count }, () => value)
  if (value.length === count) return [...value]
  throw bad(owner, name, `a number, or ${count} of them, one for each parameter group`, value)
}

function complete<Settings extends object>(defaults: object, given: Partial<Settings>): Settings {
  const defined = Object.entries(given ?? {}).filter(([, value]) => value !== undefined)
  return { ...defaults, ...Object.fromEntries(defined) } as Settings
}

function otherGroups(owner: string, before: number, now: number): OptionError {
  return new OptionError({
    what: `${owner}: the parameter groups of the optimizer have changed`,
    expected: `the ${before} groups that the schedule was made for`,
    received: show(now),
    fix: 'make the schedule after the last addParamGroup()',
  })
}
