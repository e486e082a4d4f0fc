// Training a language model as the paper's NLG example does.
import { DataLoader, Subset } from '../data/loader/index.js'
import { checkNlgFits, collateNlg } from '../data/nlg/index.js'
import type { NlgBatch, NlgDataset, NlgSample } from '../data/nlg/index.js'
import type { CausalLM } from '../models/shared/causal-lm.js'
import { checkOptions } from '../runtime/check-options.js'
import { bad } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { NlgAdamW } from '../optim/nlg-adamw.js'
import { NlgSchedule } from '../optim/schedule.js'
import type { StepReport } from './loop.js'
import { evaluateNlg, nlgLoss } from './nlg-loss.js'
import type { NlgEvaluation } from './nlg-loss.js'
import { NLG_RECIPES } from './nlg-recipe.js'
import type { NlgTrainSettings } from './nlg-recipe.js'
import { checkRunOptions, definedOnly } from './run-options.js'
import type { RunOptions, RunProgress } from './run-options.js'
import { runLength, runTraining } from './run.js'
import type { TrainResult } from './run.js'
import { defaultWarmup, warnOfPieces, warnOfWarmup } from './warm-up.js'

/** What {@link trainNlg} reports after each update. */
export interface NlgStepReport extends StepReport {
  /** Tokens of the rows of this update, without padding. */
  tokens: number
}

/** An evaluation during a run. */
export interface NlgMeasured extends RunProgress, NlgEvaluation {}

/** Options of {@link trainNlg}: settings of the recipe, and those of every run. */
export interface NlgTrainOptions extends NlgTrainSettings, RunOptions<NlgMeasured, NlgStepReport> {
  /** Rows to evaluate on. @default none */
  validation?: NlgDataset
  /** When to evaluate, besides at the end: at the end of each epoch, or after every so many updates. @integer @minimum 1 @default 2000 */
  evalSteps?: 'epoch' | 'end' | number
  /** When to write a checkpoint, besides at the end. @integer @minimum 1 @default 1000 */
  saveSteps?: 'epoch' | 'end' | number
  /** Rows in a batch of an evaluation. @integer @minimum 1 @default 4 */
  evalBatchSize?: number
}

/** How a run of {@link trainNlg} ended. */
export type NlgTrainResult = TrainResult<NlgMeasured>

const OWNER = 'train.trainNlg'

/**
 * Trains a language model as the paper's NLG example does: the loss over the targets of each row with label smoothing, the example's AdamW and
 * schedules, accumulation, clipping, evaluations and checkpoints during the run. Defaults are the settings of the E2E recipe; a run of less than 5000 micro-batches
 * warms up in a tenth of them. A warm-up that is given and takes the whole run is warned of.
 *
 * It trains the parameters that require gradients: call {@link adaptForNlg} first, or mark parameters yourself. It runs in a stream of its own whose
 * generator is seeded with `seed`: the same seed and the same initial weights give the same bits, also when the run was stopped and resumed. The event loop
 * stays free.
 *
 * @example
 * const model = await models.GPT2LMHeadModel.fromPretrained('gpt2', { config: { embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 } })
 * train.adaptForNlg(model, { loraDim: 4, loraAlpha: 32, loraDropout: 0.1 })
 * const dataset = new data.NlgDataset(await data.readEncoded('train.jsonl'), { seqLen: 512 })
 * await train.trainNlg(model, dataset, { dir: 'runs/e2e', saveSteps: 1000, onStep: ({ step, loss }) => console.log(step, loss) })
 * @throws {OptionError} for options out of range, a model without trainable parameters, and rows that do not fit the model.
 * @throws {NonFiniteError} when the loss is no longer finite; the last checkpoint is kept.
 * @see microsoft/LoRA `gpt2_ft.py`. It steps the schedule after every micro-batch, and so does this.
 */
export async function trainNlg(
  model: CausalLM,
  dataset: NlgDataset,
  options: NlgTrainOptions = {},
): Promise<NlgTrainResult> {
  checkOptions(OWNER, options, schemas.NlgTrainOptions)
  const settings = withRecipe(options)
  const run = checkRunOptions(OWNER, options, { evalSteps: 2000, saveSteps: 1000, evalBatchSize: 4 })
  const { validation } = options
  checkNlgFits(dataset, model)
  const rows = learnable(dataset)
  const { batchSize, gradientAccumulationSteps, maxGradNorm, seed, labelSmoothing } = settings
  const loader = new DataLoader<NlgSample, NlgBatch>(rows, {
    batchSize,
    shuffle: true,
    seed,
    dropLast: rows.length >= batchSize,
    collate: collateNlg,
  })
  const length = runLength(loader.length, settings)
  const { perEpoch, steps } = length
  const microBatches = Math.floor(steps / perEpoch) * loader.length + (steps % perEpoch) * gradientAccumulationSteps
  const optimizer = optimizerOf(model, settings)
  const schedule = scheduleOf(optimizer, settings, microBatches)
  let [tokens, hasBegun] = [0, false]
  const loss = (batch: NlgBatch, step: number) => {
    // The schedule steps before each micro-batch but the first of the run, so a checkpoint holds the rate of the last update.
    if (hasBegun || step > 0) schedule.step()
    hasBegun = true
    tokens += batch.tokens
    return nlgLoss(model, batch, labelSmoothing)
  }
  const onStep = async (report: StepReport) => {
    await options.onStep?.({ ...report, tokens })
    tokens = 0
  }
  async function* evaluate(progress: RunProgress): AsyncGenerator<NlgMeasured> {
    if (validation === undefined) return
    const { evalBatchSize: batchSize, signal } = run
    yield { ...progress, ...(await evaluateNlg(model, validation, { batchSize, signal })) }
  }
  const task = {
    ...{ model, optimizer, schedule, updateSchedule: null, loader, length },
    ...{ gradientAccumulationSteps, maxGradNorm, seed, loss, evaluate, onStep },
  }
  return runTraining(task, run)
}

type Settings = ReturnType<typeof withRecipe>

/** The settings of the E2E recipe where the options give none, but for its warm-up, which fits runs of its length. */
function withRecipe(options: NlgTrainSettings) {
  const { warmupSteps: _, ...recipe } = NLG_RECIPES.e2e.train
  return { ...recipe, ...definedOnly<NlgTrainSettings>(options) }
}

function optimizerOf(model: CausalLM, { lr, betas, eps, weightDecay, correctBias }: Settings): NlgAdamW {
  const parameters = model.parameters().filter((parameter) => parameter.requiresGrad)
  return new NlgAdamW(parameters, { lr, betas, eps, weightDecay, correctBias })
}

function scheduleOf(optimizer: NlgAdamW, settings: Settings, maxStep: number): NlgSchedule {
  const { scheduler: name, warmupSteps: warmup = defaultWarmup(maxStep), iSteps, iLrs } = settings
  if (name === 'cycle') {
    const schedule = new NlgSchedule(optimizer, { name, iSteps: iSteps ?? [], iLrs: iLrs ?? [] })
    warnOfPieces(OWNER, iSteps ?? [], iLrs ?? [], maxStep)
    return schedule
  }
  warnOfWarmup(OWNER, warmup, maxStep, 'micro-batches')
  return new NlgSchedule(optimizer, { name, warmup, maxStep })
}

/** The rows with at least one target: a row whose context fills `seqLen` has none. */
function learnable(dataset: NlgDataset): NlgDataset | Subset<NlgSample> {
  const all = Array.from({ length: dataset.length }, (_, id) => id)
  const kept = all.filter((id) => dataset.get(id).mask.includes(1))
  if (kept.length === all.length) return dataset
  if (kept.length === 0)
    throw bad(OWNER, 'dataset', 'rows with something to learn', `${all.length} rows cut before it`, 'raise seqLen')
  const text = `${all.length - kept.length} rows hold nothing to learn within seqLen ${dataset.seqLen}: left out`
  process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_ROWS_LEFT_OUT' })
  return new Subset<NlgSample>(dataset, kept)
}
