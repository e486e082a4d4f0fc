// Training a model to label texts as the paper's GLUE example does, on the loop that all trainers share.
import { DataLoader } from '../data/loader/index.js'
import type { EncodedText } from '../data/tables/encode-texts.js'
import { padTexts } from '../data/tables/pad-texts.js'
import type { TextBatch } from '../data/tables/pad-texts.js'
import { OptionError } from '../errors.js'
import { tensor } from '../tensor/make.js'
import { bad } from '../runtime/options.js'
import { AdamW } from '../optim/adamw.js'
import { decayGroups } from '../optim/decay-groups.js'
import { Constant, ConstantWithWarmup, CosineWarmup, LinearWarmup } from '../optim/schedule.js'
import type { LrScheduler } from '../optim/schedule.js'
import { scope } from '../tensor/scope.js'
import { stream } from '../runtime/stream.js'
import type { Tensor } from '../tensor/tensor.js'
import { lastCheckpoint, loadCheckpoint, saveCheckpoint } from './checkpoint.js'
import type { Run } from './checkpoint.js'
import { checkRows, padOptionsOf } from './classifier-data.js'
import type { SequenceClassifier } from './classifier-data.js'
import { checkClassifierOptions } from './classifier-options.js'
import type { ClassifierMeasured, ClassifierTrainOptions } from './classifier-options.js'
import { evaluateClassifier } from './evaluate-classifier.js'
import { runLoop, stepsPerEpoch } from './loop.js'
import type { StepReport } from './loop.js'
import { cutoff, rDropLoss } from './r-drop.js'

/** How a run of {@link trainClassifier} ended. */
export interface ClassifierTrainResult {
  /** Updates made, those before a resumed start included. */
  step: number
  /** Updates in the whole run. */
  steps: number
  epoch: number
  /** Whether the signal ended it. */
  aborted: boolean
  /** Mean loss of the updates of this call; NaN without any. */
  trainLoss: number
  /** Time of the updates of this call, without evaluations and checkpoints. */
  timeMs: number
  /** Folder of the last checkpoint; null where none are written. */
  checkpoint: string | null
  /** All evaluations, those before a resumed start included. */
  evaluations: ClassifierMeasured[]
}

const OWNER = 'train.trainClassifier'

/**
 * Trains a model to label texts: AdamW with weight decay on all but biases and norms, warm-up and decay of the rate, clipping, evaluations and checkpoints on
 * the way. Defaults are those of transformers.
 *
 * It trains what requires gradients: inject LoRA or adapters and mark what shall be trained before. It runs in a stream of its own whose generator `seed` sets,
 * so the same call gives the same bits; a run that goes on from a checkpoint, too. The event loop stays free.
 *
 * @example
 * const model = await models.AutoModelForSequenceClassification.fromPretrained('roberta-base', { config: { num_labels: 2 } })
 * lora.injectLora(model, { targets: ['query', 'value'], r: 8, loraAlpha: 16 })
 * adapters.trainOnly(model, ['lora', 'head'])
 * const rows = await data.encodeTexts(tokenizer, task.train, { maxLength: 512 })
 * await train.trainClassifier(model, rows, { lr: 4e-4, epochs: 30, batchSize: 16, warmupRatio: 0.06, dir: 'runs/mrpc' })
 * @throws {OptionError} for options out of range, a model without trainable parameters, and labels that it has no output for.
 * @throws {NonFiniteError} when the loss is no number any more; the last checkpoint is still there.
 * @see microsoft/LoRA `run_glue.py`, transformers `Trainer`
 */
export async function trainClassifier(
  model: SequenceClassifier,
  rows: readonly EncodedText[],
  options: ClassifierTrainOptions = {},
): Promise<ClassifierTrainResult> {
  const settings = checkClassifierOptions(OWNER, options)
  if (rows.length === 0) throw bad(OWNER, 'rows', 'at least one row', 'none')
  checkRows(OWNER, rows, model)
  if (settings.regLossWeight > 0 && !isSingleLabel(model)) throw noClasses()
  const { batchSize, accumulate, seed, clip, signal } = settings
  const pad = padOptionsOf(model)
  const collate = (some: EncodedText[]) => padTexts(some, pad)
  const loader = new DataLoader<EncodedText, TextBatch>(rows, { batchSize, shuffle: true, seed, collate })
  const perEpoch = stepsPerEpoch(loader.length, accumulate)
  const steps = settings.maxSteps ?? Math.ceil(settings.epochs * perEpoch)
  const { lr, betas, eps } = settings
  const optimizer = new AdamW(decayGroups(model, settings.weightDecay), { lr, betas, eps })
  const schedule = scheduleOf(optimizer, settings, steps)
  const mode = model.training
  const own = stream({ seed })
  try {
    return await own.run(async () => {
      const journey = new Journey(model, { model, optimizer, schedule, loader }, settings, steps, perEpoch)
      if (settings.resume) await journey.goOn()
      model.train()
      const loss = (batch: TextBatch, step: number) => lossOf(model, batch, step, settings)
      const onStep = (report: StepReport) => journey.after(report)
      const startStep = journey.step
      await runLoop({
        loader,
        loss,
        optimizer,
        schedule,
        steps,
        startStep,
        accumulate,
        maxGradNorm: clip,
        signal,
        onStep,
      })
      return await journey.end()
    })
  } finally {
    own.close()
    model.train(mode)
  }
}

type Settings = ReturnType<typeof checkClassifierOptions>

function lossOf(model: SequenceClassifier, batch: TextBatch, step: number, settings: Settings): Tensor {
  const { inputIds, labels, ...rest } = batch
  if (settings.regLossWeight === 0) return model.forward(inputIds, { ...rest, labels }).loss!
  const { maskingProb: probability, tokens, seed, regLossWeight } = settings
  const second = probability > 0 ? cutoff(inputIds, { probability, ...tokens!, seed, step }) : inputIds
  const classes = tensor(Float64Array.from(labels!), { dtype: 'i64' })
  const logits = (rows: number[][]) => model.forward(rows, rest).logits
  return scope(() => rDropLoss(logits(inputIds), logits(second), classes, regLossWeight))
}

/** What happens between updates: evaluations and checkpoints. */
class Journey {
  step = 0
  private losses = 0
  private updates = 0
  private timeMs = 0
  private evaluations: ClassifierMeasured[] = []
  private checkpoint: string | null = null
  private savedAt = -1
  private measuredAt = -1

  constructor(
    private readonly model: SequenceClassifier,
    private readonly run: Run,
    private readonly settings: Settings,
    private readonly steps: number,
    private readonly perEpoch: number,
  ) {}

  async goOn(): Promise<void> {
    const found = await lastCheckpoint(this.settings.dir!)
    if (found === null) return
    const { step, notes } = await loadCheckpoint(found, this.run)
    this.step = this.savedAt = step
    this.checkpoint = found
    this.evaluations = (notes['evaluations'] ?? []) as ClassifierMeasured[]
    this.measuredAt = this.evaluations.at(-1)?.step ?? -1
  }

  async after(report: StepReport): Promise<void> {
    this.step = report.step
    this.losses += report.loss
    this.timeMs += report.timeMs
    this.updates++
    const { evaluateEvery, saveEvery, onStep } = this.settings
    await onStep?.(report)
    const isDue = (every: 'epoch' | 'end' | number) =>
      typeof every === 'number' ? report.step % every === 0 : every === 'epoch' && report.isEpochEnd
    if (isDue(evaluateEvery)) await this.evaluate()
    if (isDue(saveEvery)) await this.save()
  }

  async end(): Promise<ClassifierTrainResult> {
    const aborted = this.step < this.steps
    if (!aborted) await this.evaluate()
    await this.save()
    const { step, steps, checkpoint, evaluations, timeMs } = this
    const trainLoss = this.losses / this.updates
    return { step, steps, epoch: step / this.perEpoch, aborted, trainLoss, timeMs, checkpoint, evaluations }
  }

  private async evaluate(): Promise<void> {
    if (this.measuredAt === this.step) return
    const { validation, metrics, evalBatchSize: batchSize, signal, onEvaluation } = this.settings
    try {
      for (const [name, rows] of Object.entries(validation)) {
        const { predictions: _, ...measured } = await evaluateClassifier(this.model, rows, metrics, {
          batchSize,
          signal,
        })
        const entry = { name, step: this.step, epoch: this.step / this.perEpoch, ...measured }
        this.evaluations.push(entry)
        await onEvaluation?.(entry)
      }
      this.measuredAt = this.step
    } catch (error) {
      // The loop ends at once and saves what was learnt.
      if (!signal?.aborted || error !== signal.reason) throw error
    }
  }

  private async save(): Promise<void> {
    const { dir, keep, onSave } = this.settings
    if (dir === null || this.step === 0 || this.savedAt === this.step) return
    const state = { step: this.step, notes: { evaluations: this.evaluations } }
    this.checkpoint = await saveCheckpoint(dir, this.run, state, keep)
    this.savedAt = this.step
    await onSave?.(this.checkpoint, this.step)
  }
}

function scheduleOf(optimizer: AdamW, { scheduler, warmupSteps, warmupRatio }: Settings, total: number): LrScheduler {
  const warmup = warmupSteps > 0 ? warmupSteps : Math.ceil(warmupRatio * total)
  if (scheduler === 'constant')
    return warmup > 0 ? new ConstantWithWarmup(optimizer, { warmup }) : new Constant(optimizer)
  return scheduler === 'linear'
    ? new LinearWarmup(optimizer, { warmup, total })
    : new CosineWarmup(optimizer, { warmup, total })
}

function isSingleLabel({ config }: SequenceClassifier): boolean {
  return (
    config.num_labels > 1 && (config.problem_type ?? 'single_label_classification') === 'single_label_classification'
  )
}

function noClasses(): OptionError {
  return new OptionError({
    what: `${OWNER}: R-Drop is not defined here`,
    expected: 'a classification with one label for each row',
    received: 'a regression, or several labels at once',
    fix: 'leave regLossWeight out',
  })
}
