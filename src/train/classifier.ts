// Training a classifier of texts as the paper's GLUE example does.
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
import type { Tensor } from '../tensor/tensor.js'
import { checkRows, padOptionsOf } from './tasks/classifier-data.js'
import type { SequenceClassifier } from './tasks/classifier-data.js'
import { checkClassifierOptions } from './classifier-options.js'
import type { ClassifierMeasured, ClassifierTrainOptions } from './classifier-options.js'
import { evaluateClassifier } from './tasks/evaluate-classifier.js'
import { cutoff, rDropLoss } from './r-drop.js'
import type { RunProgress } from './run-options.js'
import { runLength, runTraining } from './run.js'
import type { TrainResult } from './run.js'
import { warnOfWarmup } from './warm-up.js'

/** How a run of {@link trainClassifier} ended. */
export type ClassifierTrainResult = TrainResult<ClassifierMeasured>

const OWNER = 'train.trainClassifier'

/**
 * Trains a model to label texts: AdamW with weight decay on all but biases and norms, warm-up and decay of the rate, clipping, evaluations and checkpoints
 * during the run. Defaults are those of transformers. A warm-up that takes the whole run is warned of.
 *
 * It trains the parameters that require gradients: inject LoRA or adapters and mark parameters first. It runs in a stream of its own whose generator is seeded
 * with `seed`, so the same call gives the same bits, also when it resumes from a checkpoint. The event loop stays free.
 *
 * @example
 * const model = await models.AutoModelForSequenceClassification.fromPretrained('roberta-base', { config: { num_labels: 2 } })
 * lora.injectLora(model, { targets: ['query', 'value'], r: 8, loraAlpha: 16 })
 * adapters.trainOnly(model, ['lora', 'head'])
 * const rows = await data.encodeTexts(tokenizer, task.train, { maxLength: 512 })
 * await train.trainClassifier(model, rows, { lr: 4e-4, epochs: 30, batchSize: 16, warmupRatio: 0.06, dir: 'runs/mrpc' })
 * @throws {OptionError} for options out of range, a model without trainable parameters, and labels that the model has no output for.
 * @throws {NonFiniteError} when the loss is no longer finite; the last checkpoint is kept.
 * @see microsoft/LoRA `run_glue.py`, transformers `Trainer`
 */
export async function trainClassifier(
  model: SequenceClassifier,
  rows: readonly EncodedText[],
  options: ClassifierTrainOptions = {},
): Promise<ClassifierTrainResult> {
  const { settings, run, tokens, validation, metrics, onStep } = checkClassifierOptions(OWNER, options)
  if (rows.length === 0) throw bad(OWNER, 'rows', 'at least one row', 'none')
  checkRows(OWNER, rows, model)
  if (settings.regLossWeight > 0 && !isSingleLabel(model)) throw noClasses()
  const { batchSize, gradientAccumulationSteps, maxGradNorm, seed, lr, betas, eps } = settings
  const pad = padOptionsOf(model)
  const collate = (some: EncodedText[]) => padTexts(some, pad)
  const loader = new DataLoader<EncodedText, TextBatch>(rows, { batchSize, shuffle: true, seed, collate })
  const length = runLength(loader.length, settings)
  const optimizer = new AdamW(decayGroups(model, settings.weightDecay), { lr, betas, eps })
  const schedule = scheduleOf(optimizer, settings, length.steps)
  async function* evaluate(progress: RunProgress): AsyncGenerator<ClassifierMeasured> {
    const { evalBatchSize: batchSize, signal } = run
    for (const [name, set] of Object.entries(validation)) {
      const { predictions: _, ...measured } = await evaluateClassifier(model, set, metrics, { batchSize, signal })
      yield { name, ...progress, ...measured }
    }
  }
  const task = {
    ...{ model, optimizer, schedule, updateSchedule: schedule, loader, length },
    ...{ gradientAccumulationSteps, maxGradNorm, seed, evaluate, onStep },
    loss: (batch: TextBatch, step: number) => lossOf(model, batch, step, settings, tokens),
  }
  return runTraining(task, run)
}

type Checked = ReturnType<typeof checkClassifierOptions>
type Settings = Checked['settings']

function lossOf(
  model: SequenceClassifier,
  batch: TextBatch,
  step: number,
  settings: Settings,
  tokens: Checked['tokens'],
): Tensor {
  const { inputIds, labels, ...rest } = batch
  if (settings.regLossWeight === 0) return model.forward(inputIds, { ...rest, labels }).loss!
  const { maskingProb: probability, seed, regLossWeight } = settings
  const second = probability > 0 ? cutoff(inputIds, { probability, ...tokens!, seed, step }) : inputIds
  const classes = tensor(Float64Array.from(labels!), { dtype: 'i64' })
  const logits = (rows: number[][]) => model.forward(rows, rest).logits
  return scope(() => rDropLoss(logits(inputIds), logits(second), classes, regLossWeight))
}

function scheduleOf(optimizer: AdamW, { scheduler, warmupSteps, warmupRatio }: Settings, total: number): LrScheduler {
  const warmup = warmupSteps > 0 ? warmupSteps : Math.ceil(warmupRatio * total)
  warnOfWarmup(OWNER, warmup, total, 'updates')
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
