// Training as the paper's NLG example does it, on the loop that all trainers share.
import { DataLoader, Subset } from '../data/loader/index.js'
import { NlgDataset, checkNlgFits, collateNlg } from '../data/nlg/index.js'
import type { NlgBatch, NlgSample } from '../data/nlg/index.js'
import type { CausalLM } from '../models/shared/causal-lm.js'
import { bad, checkBoolean, checkInteger, checkKeys, checkNumber, checkProbability } from '../runtime/options.js'
import { NlgAdamW } from '../optim/nlg-adamw.js'
import { NlgSchedule } from '../optim/schedule.js'
import { stream } from '../runtime/stream.js'
import { lastCheckpoint, loadCheckpoint, saveCheckpoint } from './checkpoint.js'
import { runLoop, stepsPerEpoch } from './loop.js'
import type { StepReport } from './loop.js'
import { evaluateNlg, nlgLoss } from './nlg-loss.js'
import type { NlgEvaluation } from './nlg-loss.js'
import { NLG_RECIPES } from './nlg-recipe.js'
import type { NlgTrainSettings } from './nlg-recipe.js'

/** What a run of {@link trainNlg} tells after each update. */
export interface NlgStepReport extends StepReport {
  /** Tokens of the rows of this update, without padding. */
  tokens: number
}

/** A measurement on the way. */
export interface NlgMeasured extends NlgEvaluation {
  /** Updates before it. */
  step: number
}

/** Options of {@link trainNlg}: settings of the recipe, and where the run goes. */
export interface NlgTrainOptions extends NlgTrainSettings {
  /** Folder for checkpoints: trained parameters (of LoRA the adapter alone), optimizer, place in the data. @default none are written */
  dir?: string
  /** Updates between two checkpoints; one is written at the end, too. @default 1000 */
  saveInterval?: number
  /** Checkpoints that are kept, the newest ones. @default all */
  keep?: number
  /** Go on from the newest checkpoint in `dir`, with the same bits as a run that was never stopped. Without one it begins anew. @default false */
  resume?: boolean
  /** Rows to measure on. @default none */
  validation?: NlgDataset
  /** Updates between two measurements; there is one at the end, too. @default 2000 */
  evalInterval?: number
  /** Rows measured at once. @default 4 */
  evalBatchSize?: number
  /**
   * Ends the run after the update under way: a checkpoint is written, and the result says `aborted`. A measurement under way is given up.
   */
  signal?: AbortSignal | undefined
  /** Called after each update; the run waits for what it returns. */
  onStep?: (report: NlgStepReport) => void | Promise<void>
  /** Called after each measurement. */
  onEvaluation?: (measured: NlgMeasured) => void | Promise<void>
  /** Called after each checkpoint, with its folder. */
  onSave?: (path: string, step: number) => void | Promise<void>
}

/** How a run of {@link trainNlg} ended. */
export interface NlgTrainResult {
  /** Updates made, those before a resumed start included. */
  step: number
  /** Updates in the whole run. */
  steps: number
  /** Whether the signal ended it. */
  aborted: boolean
  /** Folder of the last checkpoint; null where none are written. */
  checkpoint: string | null
  /** All measurements, those before a resumed start included. */
  evaluations: NlgMeasured[]
  /** The one with the lowest loss; null without any. */
  best: NlgMeasured | null
}

const OWNER = 'train.trainNlg'
const SETTINGS = ['lr', 'weightDecay', 'correctBias', 'betas', 'eps', 'scheduler', 'warmup', 'iSteps', 'iLrs', 'epochs', 'maxSteps', 'batchSize', 'gradAccumulation', 'clip', 'labelSmoothing', 'seed'] // prettier-ignore
const PLACES = ['dir', 'saveInterval', 'keep', 'resume', 'validation', 'evalInterval', 'evalBatchSize', 'signal', 'onStep', 'onEvaluation', 'onSave'] // prettier-ignore

/**
 * Trains a language model as the paper's NLG example does: the loss over the targets of each row with label smoothing, the example's AdamW and
 * schedules, accumulation, clipping, measurements and checkpoints on the way. Settings that are not given are those of the E2E recipe.
 *
 * What it trains is what requires gradients: call {@link adaptForNlg} before, or mark parameters yourself. It runs in a stream of its own, from whose
 * generator dropout draws: the same seed and the same start give the same bits, also when the run was stopped and resumed. The event loop stays free.
 *
 * @example
 * const model = await models.GPT2LMHeadModel.fromPretrained('gpt2', { config: { embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 } })
 * train.adaptForNlg(model, { loraDim: 4, loraAlpha: 32, loraDropout: 0.1 })
 * const dataset = new data.NlgDataset(await data.readEncoded('train.jsonl'), { seqLen: 512 })
 * await train.trainNlg(model, dataset, { dir: 'runs/e2e', saveInterval: 1000, onStep: ({ step, loss }) => console.log(step, loss) })
 * @throws {OptionError} for options out of range, a model without trainable parameters, and rows that do not fit the model.
 * @throws {NonFiniteError} when the loss is no number any more; the last checkpoint is still there.
 * @see microsoft/LoRA `gpt2_ft.py`. It steps the schedule after every micro-batch, and so does this.
 */
export async function trainNlg(
  model: CausalLM,
  dataset: NlgDataset,
  options: NlgTrainOptions = {},
): Promise<NlgTrainResult> {
  checkKeys(OWNER, options, [...SETTINGS, ...PLACES])
  const settings = checkSettings(options)
  const places = checkPlaces(options)
  checkNlgFits(dataset, model)
  const rows = learnable(dataset)
  const { batchSize, gradAccumulation: accumulate, seed, clip, labelSmoothing } = settings
  const loader = new DataLoader<NlgSample, NlgBatch>(rows, {
    batchSize,
    shuffle: true,
    seed,
    dropLast: rows.length >= batchSize,
    collate: collateNlg,
  })
  const perEpoch = stepsPerEpoch(loader.length, accumulate)
  const steps = settings.maxSteps ?? Math.ceil(settings.epochs * perEpoch)
  const microBatches = Math.floor(steps / perEpoch) * loader.length + (steps % perEpoch) * accumulate
  const optimizer = optimizerOf(model, settings)
  const schedule = scheduleOf(optimizer, settings, microBatches)
  const run = { model, optimizer, schedule, loader }
  const trip = new Trip(model, places, steps, (step, notes) =>
    saveCheckpoint(places.dir!, run, { step, notes }, places.keep),
  )
  let [tokens, isFirst] = [0, true]
  const loss = (batch: NlgBatch) => {
    // The rate of a micro-batch is set when the one before is done with.
    if (!isFirst) schedule.step()
    isFirst = false
    tokens += batch.tokens
    return nlgLoss(model, batch, labelSmoothing)
  }
  const onStep = async (report: StepReport) => {
    await options.onStep?.({ ...report, tokens })
    tokens = 0
    await trip.after(report.step)
  }
  const { signal } = options
  const mode = model.training
  const own = stream({ seed })
  try {
    return await own.run(async () => {
      const found = places.resume ? await lastCheckpoint(places.dir!) : null
      if (found !== null) trip.goOn(found, await loadCheckpoint(found, run))
      isFirst = trip.step === 0
      model.train()
      const startStep = trip.step
      await runLoop({ loader, loss, optimizer, steps, startStep, accumulate, maxGradNorm: clip, signal, onStep })
      return await trip.end()
    })
  } finally {
    own.close()
    model.train(mode)
  }
}

/** What happens between updates: measurements and checkpoints. */
class Trip {
  step = 0
  private evaluations: NlgMeasured[] = []
  private checkpoint: string | null = null
  private savedAt = -1
  private measuredAt = -1

  constructor(
    private readonly model: CausalLM,
    private readonly places: Places,
    private readonly steps: number,
    private readonly write: (step: number, notes: Record<string, unknown>) => Promise<string>,
  ) {}

  goOn(path: string, { step, notes }: { step: number; notes: Record<string, unknown> }): void {
    this.step = this.savedAt = step
    this.checkpoint = path
    this.evaluations = (notes['evaluations'] ?? []) as NlgMeasured[]
    this.measuredAt = this.evaluations.at(-1)?.step ?? -1
  }

  async after(step: number): Promise<void> {
    this.step = step
    const { evalInterval, saveInterval } = this.places
    if (step % evalInterval === 0) await this.measure()
    if (step % saveInterval === 0) await this.save()
  }

  async end(): Promise<NlgTrainResult> {
    const aborted = this.step < this.steps
    if (!aborted) await this.measure()
    await this.save()
    const { step, steps, checkpoint, evaluations } = this
    const best = evaluations.reduce<NlgMeasured | null>((a, b) => (a === null || b.loss < a.loss ? b : a), null)
    return { step, steps, aborted, checkpoint, evaluations, best }
  }

  private async measure(): Promise<void> {
    const { validation, evalBatchSize: batchSize, signal, onEvaluation } = this.places
    if (validation === undefined || this.measuredAt === this.step) return
    try {
      const measured = { step: this.step, ...(await evaluateNlg(this.model, validation, { batchSize, signal })) }
      this.measuredAt = this.step
      this.evaluations.push(measured)
      await onEvaluation?.(measured)
    } catch (error) {
      // The loop ends at the next update and saves what was learnt.
      if (!signal?.aborted || error !== signal.reason) throw error
    }
  }

  private async save(): Promise<void> {
    if (this.places.dir === undefined || this.step === 0 || this.savedAt === this.step) return
    this.checkpoint = await this.write(this.step, { evaluations: this.evaluations })
    this.savedAt = this.step
    await this.places.onSave?.(this.checkpoint, this.step)
  }
}

type Settings = ReturnType<typeof checkSettings>
type Places = ReturnType<typeof checkPlaces>

function checkSettings(options: NlgTrainOptions) {
  const recipe = NLG_RECIPES.e2e.train
  const entries = SETTINGS.map((key) => [key, Reflect.get(options, key) as unknown] as const)
  const given = Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as NlgTrainSettings
  const settings = { ...recipe, ...given } as typeof recipe & NlgTrainSettings
  checkNumber(OWNER, 'lr', settings.lr, 0)
  checkNumber(OWNER, 'epochs', settings.epochs, 0, true)
  if (settings.maxSteps !== undefined) checkInteger(OWNER, 'maxSteps', settings.maxSteps, 1)
  checkInteger(OWNER, 'batchSize', settings.batchSize, 1)
  checkInteger(OWNER, 'gradAccumulation', settings.gradAccumulation, 1)
  checkNumber(OWNER, 'clip', settings.clip, 0)
  checkProbability(OWNER, 'labelSmoothing', settings.labelSmoothing)
  return settings
}

function checkPlaces(options: NlgTrainOptions) {
  const { dir, validation, signal, onEvaluation, onSave } = options
  const resume = checkBoolean(OWNER, 'resume', options.resume ?? false)
  if (dir !== undefined && (typeof dir !== 'string' || dir === '')) throw bad(OWNER, 'dir', 'a folder', dir)
  if (resume && dir === undefined) throw bad(OWNER, 'dir', 'the folder of the run that goes on', dir)
  if (validation !== undefined && !(validation instanceof NlgDataset))
    throw bad(OWNER, 'validation', 'an NlgDataset', validation)
  return {
    ...{ dir, resume, validation, signal, onEvaluation, onSave },
    saveInterval: checkInteger(OWNER, 'saveInterval', options.saveInterval ?? 1000, 1),
    evalInterval: checkInteger(OWNER, 'evalInterval', options.evalInterval ?? 2000, 1),
    evalBatchSize: checkInteger(OWNER, 'evalBatchSize', options.evalBatchSize ?? 4, 1),
    keep: options.keep === undefined ? Infinity : checkInteger(OWNER, 'keep', options.keep, 1),
  }
}

function optimizerOf(model: CausalLM, { lr, betas, eps, weightDecay, correctBias }: Settings): NlgAdamW {
  const parameters = model.parameters().filter((parameter) => parameter.requiresGrad)
  return new NlgAdamW(parameters, { lr, betas, eps, weightDecay, correctBias })
}

function scheduleOf(optimizer: NlgAdamW, settings: Settings, maxStep: number): NlgSchedule {
  const { scheduler: name, warmup, iSteps, iLrs } = settings
  if (name === 'cycle') return new NlgSchedule(optimizer, { name, iSteps: iSteps ?? [], iLrs: iLrs ?? [] })
  return new NlgSchedule(optimizer, { name, warmup, maxStep })
}

/** The rows in which something is learnt: in a row whose context alone is too long nothing is. */
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
