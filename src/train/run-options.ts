// The settings and options that every trainer has, under one name each. Defaults differ by trainer, so each trainer documents its own.
import { bad } from '../runtime/options.js'
import type { StepReport } from './loop.js'
import type { Stateful } from './stateful.js'

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
  /** Folder for checkpoints: trained parameters (an adapter and its head alone), buffers, optimizer, position in the data, generators. @minLength 1 @default none are written */
  dir?: string
  /** Number of checkpoints to keep, the newest ones. @integer @minimum 1 @default all */
  keep?: number
  /**
   * Continue from the newest checkpoint in `dir`, with the same bits as a run that was never stopped. Without a checkpoint the run starts from the beginning.
   * @default false
   */
  resume?: boolean
  /**
   * What else the run depends on and checkpoints must hold, by name: generators, streams, and objects with `stateDict()` and `loadStateDict(state)`, such
   * as early stopping. Generators and streams in fields of the model's modules are held without it. @default none
   */
  stateful?: Readonly<Record<string, Stateful>>
  /** Ends the run after the update in progress: a checkpoint is written, and the result says `aborted`. An evaluation in progress is given up. @default none */
  signal?: AbortSignal | undefined
  /** Called after each update; the run waits for the promise it returns. @default none */
  onStep?: (report: Report) => void | Promise<void>
  /** Called after each evaluation. @default none */
  onEvaluation?: (measured: Evaluation) => void | Promise<void>
  /** Called after each checkpoint, with its folder. @default none */
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

/** Run options, checked and complete. */
export type CheckedRunOptions<Evaluation extends RunProgress> = ReturnType<
  typeof checkRunOptions<Evaluation, StepReport>
>

/** Run options with defaults. @throws {OptionError} for `resume` without a folder. */
export function checkRunOptions<Evaluation extends RunProgress, Report extends StepReport>(
  owner: string,
  options: AllRunOptions<Evaluation, Report>,
  defaults: { evalSteps: Interval; saveSteps: Interval; evalBatchSize: number },
) {
  const { dir = null, keep = Infinity, resume = false, stateful, signal, onEvaluation, onSave } = options
  if (resume && dir === null) throw bad(owner, 'dir', 'the folder of the run to resume', dir)
  const { evalSteps, saveSteps, evalBatchSize } = { ...defaults, ...definedOnly(options) }
  return { dir, keep, resume, stateful, signal, onEvaluation, onSave, evalSteps, saveSteps, evalBatchSize }
}

/** The options that were given: `undefined` is the same as leaving an option out. */
export function definedOnly<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options
}
