// A run of a trainer, whatever its task: updates, with evaluations and checkpoints in between, in a stream of its own.
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { AbortedError } from '../errors.js'
import { stream } from '../runtime/stream.js'
import { ofThisCall } from '../runtime/uses.js'
import type { Tensor } from '../tensor/tensor.js'
import { lastCheckpoint, loadLast, saveCheckpoint } from './checkpoint.js'
import type { Run } from './checkpoint-state.js'
import { runLoop, stepsPerEpoch } from './loop.js'
import type { BatchSource, LoopSchedule, StepReport } from './loop.js'
import { bestOf, isStale } from './best.js'
import type { BestRule } from './best.js'
import type { CheckedRunOptions, Interval, RunProgress } from './run-options.js'
import { watchRun } from './stateful.js'

/** How a run of a trainer ended. */
export interface TrainResult<Evaluation> {
  /** Updates made, including those before a resumed start. */
  step: number
  /** Updates in the whole run. */
  steps: number
  /** Passes over the data, including those before a resumed start. */
  epoch: number
  /** Whether the signal ended it. */
  aborted: boolean
  /** Mean loss of the updates of this call; NaN if there were none. */
  trainLoss: number
  /** Time of the updates of this call, without evaluations and checkpoints. */
  timeMs: number
  /** Folder of the last checkpoint; null if none was written. */
  checkpoint: string | null
  /** All evaluations, including those before a resumed start. */
  evaluations: Evaluation[]
  /** The evaluation with the lowest loss, where there are several sets on the first of them; null if there was none. */
  best: Evaluation | null
  /** The checkpoint of that evaluation; null if there is none. */
  bestCheckpoint: string | null
  /** Whether it ended because evaluations got no better. */
  stoppedEarly: boolean
}

/** Updates in an epoch and in a whole run. */
export interface RunLength {
  perEpoch: number
  steps: number
}

/** What a trainer brings to a run. */
export interface Task<Batch, Evaluation extends RunProgress> extends Omit<Run, 'stateful'> {
  loader: BatchSource<Batch>
  /** The loss of a micro-batch; `step` counts from 0. */
  loss: (batch: Batch, step: number) => Tensor
  /** What a micro-batch counts for in its update. */
  weight?: (batch: Batch) => number
  /** The rows of a micro-batch, for errors. */
  describe?: (batch: Batch) => string
  /** Which evaluation is the best, whether its checkpoint is kept, and when the run ends early. */
  best?: BestRule<Evaluation>
  /** Stepped after each update; null where `loss` steps `schedule` itself. */
  updateSchedule: LoopSchedule | null
  length: RunLength
  gradientAccumulationSteps: number
  maxGradNorm: number
  /** Seed of the run's stream, from which dropout draws. */
  seed: number
  /** Evaluates the model on each validation set. */
  evaluate: (progress: RunProgress) => AsyncIterable<Evaluation>
  onStep: ((report: StepReport) => void | Promise<void>) | undefined
}

/** The length of a run over `batches` micro-batches an epoch: `maxSteps`, or what `epochs` gives. */
export function runLength(
  batches: number,
  settings: { epochs: number; maxSteps?: number | undefined; gradientAccumulationSteps: number },
): RunLength {
  const perEpoch = stepsPerEpoch(batches, settings.gradientAccumulationSteps)
  return { perEpoch, steps: settings.maxSteps ?? Math.ceil(settings.epochs * perEpoch) }
}

/**
 * Trains until the run has its length or its signal is aborted, with an evaluation and a checkpoint at the end (after an abort only the checkpoint).
 * With `resume` it continues from the newest checkpoint. The model is in training mode meanwhile and in its own mode afterwards.
 */
export async function runTraining<Batch, Evaluation extends RunProgress & { loss: number }>(
  task: Task<Batch, Evaluation>,
  options: CheckedRunOptions<Evaluation>,
): Promise<TrainResult<Evaluation>> {
  const { model, loader, loss, optimizer, gradientAccumulationSteps, maxGradNorm } = task
  const wasTraining = model.training
  const own = ofThisCall(stream({ seed: task.seed }))
  try {
    return await own.run(async () => {
      const state = new RunState(task, options)
      watchRun(model)
      await (options.resume ? state.resume() : state.begin())
      model.train()
      await runLoop({
        ...{ loader, loss, optimizer, gradientAccumulationSteps, maxGradNorm },
        ...{ weight: task.weight, describe: task.describe },
        schedule: task.updateSchedule,
        steps: task.length.steps,
        startStep: state.step,
        signal: state.signal,
        onStep: (report) => state.afterUpdate(report),
      })
      return await state.finish()
    })
  } finally {
    own.close()
    model.train(wasTraining)
  }
}

/** What a run has done so far; it evaluates and saves between two updates. */
class RunState<Batch, Evaluation extends RunProgress & { loss: number }> {
  step = 0
  /** Whether an evaluation at this step was given up: a resumed run makes it. */
  private owesEvaluation = false
  private lossSum = 0
  private updates = 0
  private timeMs = 0
  private evaluations: Evaluation[] = []
  private checkpoint: string | null = null
  private savedAt = -1
  private evaluatedAt = -1
  /** Aborted when evaluations get no better. */
  private readonly stale = new AbortController()

  constructor(
    private readonly task: Task<Batch, Evaluation>,
    private readonly options: CheckedRunOptions<Evaluation>,
  ) {}

  /** Ends the loop: the caller's signal, or an early end. */
  get signal(): AbortSignal {
    const { signal } = this.options
    return signal === undefined ? this.stale.signal : AbortSignal.any([signal, this.stale.signal])
  }

  async resume(): Promise<void> {
    const found = await loadLast(this.options.dir!, this.checkpointed)
    if (found === null) return
    const { step, notes, path } = found
    this.step = this.savedAt = step
    this.checkpoint = path
    this.evaluations = (notes['evaluations'] ?? []) as Evaluation[]
    this.evaluatedAt = this.evaluations.at(-1)?.step ?? -1
    if (notes['owesEvaluation'] === true) await this.evaluate()
    this.endIfStale()
  }

  /** Warns when the folder holds checkpoints that this run, which starts from the beginning, does not continue. */
  async begin(): Promise<void> {
    const { dir } = this.options
    const found = dir === null ? null : await lastCheckpoint(dir)
    if (found === null) return
    const text = `${found} is of another run: this one starts from the beginning and writes into the same folder`
    const detail =
      'pass resume: true to continue that run, or another dir; a later resume takes the checkpoint of the highest step, whoever wrote it'
    process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_OTHER_CHECKPOINTS', detail })
  }

  private get checkpointed(): Run {
    return { ...this.task, stateful: this.options.stateful }
  }

  async afterUpdate(report: StepReport): Promise<void> {
    this.step = report.step
    this.lossSum += report.loss
    this.timeMs += report.timeMs
    this.updates++
    await this.task.onStep?.(report)
    if (isDue(this.options.evalSteps, report)) await this.evaluate()
    this.endIfStale()
    if (isDue(this.options.saveSteps, report) || this.isBest()) await this.save()
  }

  private endIfStale(): void {
    if (isStale(this.evaluations, this.task.best)) this.stale.abort()
  }

  /** Whether this step has the best evaluation and its checkpoint is wanted. */
  private isBest(): boolean {
    return this.task.best?.isKept === true && bestOf(this.evaluations, this.task.best)?.step === this.step
  }

  async finish(): Promise<TrainResult<Evaluation>> {
    const { steps } = this.task.length
    const stoppedEarly = this.stale.signal.aborted
    const aborted = this.step < steps && !stoppedEarly
    if (!aborted) await this.evaluate()
    await this.save()
    const { checkpoint, evaluations, timeMs } = this
    const best = bestOf(evaluations, this.task.best)
    const [trainLoss, bestCheckpoint] = [this.lossSum / this.updates, await this.checkpointOf(best)]
    return {
      ...{ ...this.progress(), steps, aborted, stoppedEarly, trainLoss, timeMs },
      ...{ checkpoint, evaluations, best, bestCheckpoint },
    }
  }

  private async checkpointOf(evaluation: Evaluation | null): Promise<string | null> {
    if (evaluation === null || this.options.dir === null) return null
    const path = join(this.options.dir, `checkpoint-${evaluation.step}`)
    return access(path).then(
      () => path,
      () => null,
    )
  }

  private progress(): RunProgress {
    return { step: this.step, epoch: this.step / this.task.length.perEpoch }
  }

  private async evaluate(): Promise<void> {
    if (this.evaluatedAt === this.step) return
    const { signal, onEvaluation } = this.options
    const before = this.evaluations.length
    this.owesEvaluation = true
    try {
      for await (const measured of this.task.evaluate(this.progress())) {
        this.evaluations.push(measured)
        await onEvaluation?.(measured)
      }
      this.evaluatedAt = this.step
      this.owesEvaluation = false
    } catch (error) {
      // An abort ends the loop after this update, which then saves what was learnt.
      if (!signal?.aborted || !(error instanceof AbortedError)) throw error
      this.evaluations.length = before
    }
  }

  private async save(): Promise<void> {
    const { dir, keep, onSave } = this.options
    if (dir === null || this.step === 0 || this.savedAt === this.step) return
    const { step, evaluations, owesEvaluation } = this
    const state = { step, notes: { evaluations, owesEvaluation } }
    const best = this.task.best?.isKept === true ? bestOf(evaluations, this.task.best) : null
    this.checkpoint = await saveCheckpoint(dir, this.checkpointed, state, keep, best === null ? [] : [best.step])
    this.savedAt = this.step
    await onSave?.(this.checkpoint, this.step)
  }
}

function isDue(every: Interval, { step, isEpochEnd }: StepReport): boolean {
  return typeof every === 'number' ? step % every === 0 : every === 'epoch' && isEpochEnd
}
