// The settings and options that every trainer has, under one name each. Defaults differ by trainer, so each trainer documents its own.
import { bad, checkBoolean, checkChoice, checkInteger, checkNumber } from '../runtime/options.js'
import type { StepReport } from './loop.js'

/** When something happens besides at the end of a run: at the end of each epoch, after every so many updates, or only at the end. */
export type Interval = 'epoch' | 'end' | number

/** Where a run is: part of every evaluation. */
export interface RunProgress {
  /** Updates made so far. */
  step: number
  /** Passes over the data so far; 1.5 is the middle of the second one. */
  epoch: number
}

/** Options of every trainer: checkpoints, callbacks, and how to end a run. */
export interface RunOptions<Evaluation extends RunProgress, Report extends StepReport> {
  /** Folder for checkpoints: trained parameters (an adapter and its head alone), optimizer, position in the data. @default none are written */
  dir?: string
  /** Number of checkpoints to keep, the newest ones. @default all */
  keep?: number
  /**
   * Continue from the newest checkpoint in `dir`, with the same bits as a run that was never stopped. Without a checkpoint the run starts from the beginning.
   * @default false
   */
  resume?: boolean
  /** Ends the run after the update in progress: a checkpoint is written, and the result says `aborted`. An evaluation in progress is given up. */
  signal?: AbortSignal | undefined
  /** Called after each update; the run waits for the promise it returns. */
  onStep?: (report: Report) => void | Promise<void>
  /** Called after each evaluation. */
  onEvaluation?: (measured: Evaluation) => void | Promise<void>
  /** Called after each checkpoint, with its folder. */
  onSave?: (path: string, step: number) => void | Promise<void>
}

/** {@link RunOptions} with the options whose defaults differ by trainer. */
interface AllRunOptions<Evaluation extends RunProgress, Report extends StepReport> extends RunOptions<
  Evaluation,
  Report
> {
  evalSteps?: Interval
  saveSteps?: Interval
  evalBatchSize?: number
}

/** Settings of every trainer, complete. */
interface TrainSettings {
  lr: number
  weightDecay: number
  betas: readonly [number, number]
  eps: number
  epochs: number
  maxSteps?: number | undefined
  warmupSteps: number
  batchSize: number
  gradientAccumulationSteps: number
  maxGradNorm: number
  seed: number
}

/** Run options, checked and complete. */
export type CheckedRunOptions<Evaluation extends RunProgress> = ReturnType<
  typeof checkRunOptions<Evaluation, StepReport>
>

/** @throws {OptionError} naming the setting that is out of range. */
export function checkTrainSettings<Settings extends TrainSettings>(owner: string, settings: Settings): Settings {
  for (const name of ['lr', 'weightDecay', 'eps', 'maxGradNorm'] as const) checkNumber(owner, name, settings[name], 0)
  for (const name of ['batchSize', 'gradientAccumulationSteps'] as const) checkInteger(owner, name, settings[name], 1)
  for (const name of ['warmupSteps', 'seed'] as const) checkInteger(owner, name, settings[name], 0)
  checkNumber(owner, 'epochs', settings.epochs, 0, true)
  if (settings.maxSteps !== undefined) checkInteger(owner, 'maxSteps', settings.maxSteps, 1)
  return settings
}

/** Run options with defaults. @throws {OptionError} naming the option that is not usable. */
export function checkRunOptions<Evaluation extends RunProgress, Report extends StepReport>(
  owner: string,
  options: AllRunOptions<Evaluation, Report>,
  defaults: { evalSteps: Interval; saveSteps: Interval; evalBatchSize: number },
) {
  const { dir = null, keep, signal, onEvaluation, onSave } = options
  const resume = checkBoolean(owner, 'resume', options.resume ?? false)
  if (dir !== null && (typeof dir !== 'string' || dir === '')) throw bad(owner, 'dir', 'a folder', dir)
  if (resume && dir === null) throw bad(owner, 'dir', 'the folder of the run to resume', dir)
  return {
    ...{ dir, resume, signal, onEvaluation, onSave },
    evalSteps: checkInterval(owner, 'evalSteps', options.evalSteps ?? defaults.evalSteps),
    saveSteps: checkInterval(owner, 'saveSteps', options.saveSteps ?? defaults.saveSteps),
    evalBatchSize: checkInteger(owner, 'evalBatchSize', options.evalBatchSize ?? defaults.evalBatchSize, 1),
    keep: keep === undefined ? Infinity : checkInteger(owner, 'keep', keep, 1),
  }
}

function checkInterval(owner: string, name: string, value: Interval): Interval {
  return typeof value === 'number'
    ? checkInteger(owner, name, value, 1)
    : checkChoice(owner, name, value, ['epoch', 'end'])
}

/** The options that were given: `undefined` is the same as leaving an option out. */
export function definedOnly<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options
}
