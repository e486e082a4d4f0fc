// The Trainer: from rows to a trained model, over the one run loop.
import { join } from 'node:path'
import { DataLoader } from '../data/loader/index.js'
import type { Dataset } from '../data/loader/index.js'
import { LengthGroupedBatches, PackedBatches } from '../data/loader/batch-samplers.js'
import type { Row } from '../data/rows/index.js'
import { OptionError, UnsupportedError } from '../errors.js'
import { load } from '../io/load.js'
import { CausalLM } from '../models/shared/causal-lm.js'
import { Module } from '../nn/module.js'
import { bad } from '../runtime/options.js'
import { checkOptions } from '../runtime/check-options.js'
import { throwIfAborted } from '../runtime/pace.js'
import { schemas } from '../runtime/tables.js'
import { copyAll } from '../tensor/copy.js'
import { trainedParameters, TRAINED } from './checkpoint-state.js'
import type { DataReport } from './data-report.js'
import type { StepReport } from './loop.js'
import { MetricsLog } from './metrics-log.js'
import { checkData, prepareData } from './prepare-data.js'
import type { PreparedData, TrainerData } from './prepare-data.js'
import { checkRunOptions } from './run-options.js'
import type { RunProgress } from './run-options.js'
import { runLength, runTraining } from './run.js'
import type { SequenceClassifier } from './tasks/classifier-data.js'
import { causalLM } from './tasks/causal-lm.js'
import { sequenceClassification } from './tasks/sequence-classification.js'
import type { StoredExample } from './tasks/example-store.js'
import { meanLoss } from './tasks/task.js'
import type { Measured, TaskBatch, TaskName, TrainTask } from './tasks/task.js'
import { completeConfig } from './trainer-config.js'
import type { CompleteConfig, TrainerOptions } from './trainer-config.js'
import { EventBus, checkCallbacks } from './trainer-events.js'
import type { TrainerBegin, TrainerEvaluation, TrainerEvent, TrainerResult } from './trainer-events.js'
import { baseOf, methodOf, optimizerOf, prepareModel, scheduleOf } from './trainer-model.js'

const OWNER = 'Trainer'
const MAX_LENGTH = 2048

/**
 * Trains a model on rows: it finds the task from the model and the columns, reads and encodes all rows once, adds a LoRA adapter where the model has none, and
 * makes updates with evaluations and checkpoints in between. The same seed gives the same bits, also when the run was stopped and resumed.
 *
 * @example
 * const model = await models.AutoModelForCausalLM.fromPretrained('models/base')
 * const tokenizer = await tokenizers.Tokenizer.fromPretrained('models/base')
 * const trainer = new train.Trainer({ model, tokenizer, data: 'rows.jsonl', config: { epochs: 1, dir: 'runs/first' } })
 * for await (const event of trainer.events()) if (event.type === 'step') console.log(event.step, event.loss)
 * await trainer.saveModel('adapter')
 * @see transformers `Trainer`, trl `SFTTrainer`
 */
export class Trainer<M extends Module = Module> {
  private readonly config: CompleteConfig
  private readonly data: TrainerData
  private readonly options: TrainerOptions<M>
  private readonly bus: EventBus
  private readonly ended = new AbortController()
  private trained: Module
  private prepared: Promise<PreparedData> | null = null
  private running: Promise<TrainerResult> | null = null
  private gate: { open: () => void; opened: Promise<void> } | null = null

  constructor(options: TrainerOptions<M>) {
    checkOptions(OWNER, options, schemas.TrainerOptions)
    const { model, data, config, callbacks = [] } = options
    this.config = completeConfig(OWNER, config)
    this.options = options
    if (!(model instanceof Module)) throw bad(OWNER, 'model', 'a model', model)
    this.data = checkData(data)
    this.trained = model
    this.bus = new EventBus(checkCallbacks(OWNER, callbacks))
    taskNameOf(model)
  }

  /** The model that is trained: the given one, or from the first update on one with an adapter around it, a `PeftModel`. */
  get model(): Module {
    return this.trained
  }

  /** Reads and encodes the rows, if that is not done. @returns what they look like @throws {FormatError} naming file and line of a row that does not fit. */
  async prepare(): Promise<DataReport> {
    return (await this.rows()).report
  }

  /** Trains; a second call gives the same result. @throws {NonFiniteError} naming the step and its rows; the model keeps the weights of the update before. */
  train(): Promise<TrainerResult> {
    return (this.running ??= this.run().finally(() => this.bus.close()))
  }

  /** Trains, if that has not begun, and yields what happens from now on. The run ends after the update in progress when the loop is left. */
  async *events(): AsyncGenerator<TrainerEvent, void, void> {
    const events = this.bus.events(() => this.stop())
    const run = this.train()
    // Thrown below, behind the events before it.
    run.catch(() => undefined)
    yield* events
    await run
  }

  /** Halts the run between two updates, until {@link resume}. */
  pause(): void {
    if (this.gate !== null) return
    let open = () => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    this.gate = { open, opened }
  }

  /** Goes on after {@link pause}. */
  resume(): void {
    this.gate?.open()
    this.gate = null
  }

  /** Ends the run after the update in progress, with a checkpoint. */
  stop(): void {
    this.ended.abort()
    this.resume()
  }

  /** Writes the adapter in PEFT's form, or the whole model where it has none. */
  async saveModel(dir: string): Promise<void> {
    const { savePretrained } = this.trained as Module & { savePretrained?: (dir: string) => Promise<void> }
    if (savePretrained === undefined) throw bad(OWNER, 'model', 'one with savePretrained', this.trained)
    await savePretrained.call(this.trained, dir)
  }

  private get signal(): AbortSignal {
    const { signal } = this.options
    return signal === undefined ? this.ended.signal : AbortSignal.any([signal, this.ended.signal])
  }

  private rows(): Promise<PreparedData> {
    const { seed } = this.config
    return (this.prepared ??= prepareData(this.data, {
      ...{ seed, maxLength: this.maxLength, signal: this.signal, vocabulary: vocabularyOf(this.options.model) },
      taskOf: (first, place) => this.taskOf(first, place),
    }))
  }

  private get maxLength(): number {
    const most = positionsOf(baseOf(this.options.model))
    const { maxLength = Math.min(MAX_LENGTH, most) } = this.config
    if (maxLength <= most) return maxLength
    throw bad(OWNER, 'maxLength', `at most ${most}, as the model supports`, maxLength)
  }

  private taskOf(first: Row, place: string): TrainTask {
    const { trainOn = null, chat = null } = this.config
    const { tokenizer = null } = this.options
    const { model } = this.options
    if (taskNameOf(model) === 'sequence-classification') {
      for (const name of ['trainOn', 'chat'] as const)
        if (this.config[name] !== undefined) throw bad(OWNER, name, 'left out for a classifier', this.config[name])
      const classifier = baseOf(model) as SequenceClassifier
      return sequenceClassification(first, place, { model: classifier, tokenizer, maxLength: this.maxLength })
    }
    return causalLM(first, place, { tokenizer, maxLength: this.maxLength, trainOn, chat })
  }

  private async run(): Promise<TrainerResult> {
    const data = await this.rows()
    try {
      throwIfAborted(this.signal)
      const result = await this.runOn(data)
      if (this.config.loadBestModelAtEnd && result.bestCheckpoint !== null)
        await this.loadWeights(result.bestCheckpoint)
      await this.bus.emit({ type: 'end', result })
      return result
    } finally {
      data.close()
    }
  }

  private async runOn(data: PreparedData): Promise<TrainerResult> {
    const { config, signal } = this
    const { gradientAccumulationSteps, maxGradNorm, seed, dir } = config
    const method = methodOf(this.options.model, config)
    const model = (this.trained = prepareModel(OWNER, this.options.model, config))
    const loader = loaderOf(data, config)
    const length = runLength(loader.length, config)
    const optimizer = optimizerOf(model, config, method)
    const schedule = scheduleOf(OWNER, optimizer, config, length.steps)
    const log = dir === undefined ? null : new MetricsLog(join(dir, 'metrics.jsonl'))
    const begin: TrainerBegin = {
      ...{ data: data.report, steps: length.steps, stepsPerEpoch: length.perEpoch },
      trainable: countOf(model),
    }
    await this.bus.emit({ type: 'begin', ...begin })
    let tokens = 0
    const options = checkRunOptions<TrainerEvaluation, StepReport>(
      OWNER,
      {
        ...(dir !== undefined && { dir }),
        ...{ keep: config.keep, resume: config.resume, signal, evalSteps: config.evalSteps, saveSteps: config.saveSteps }, // prettier-ignore
        stateful: { ...config.stateful, ...(log && { metrics: log }), rows: sameRows(data) },
        onEvaluation: async (measured) => {
          const { timeMs: _, ...line } = measured
          log?.write({ type: 'evaluation', ...line })
          await this.bus.emit({ type: 'evaluation', ...measured })
        },
        onSave: (path, step) => this.bus.emit({ type: 'save', path, step }),
      },
      { evalSteps: 'epoch', saveSteps: 'epoch', evalBatchSize: config.batchSize },
    )
    const task = {
      ...{ model, optimizer, schedule, updateSchedule: schedule, loader, length },
      ...{ gradientAccumulationSteps, maxGradNorm, seed, best: bestRule(config) },
      loss: (batch: TaskBatch) => {
        tokens += batch.tokens
        return data.task.loss(model, batch)
      },
      weight: ({ weight }: TaskBatch) => weight,
      describe: ({ rows }: TaskBatch) => rows.map((row) => data.place(row)).join(', '),
      evaluate: (progress: RunProgress) => this.evaluate(data, model, progress),
      onStep: async (report: StepReport) => {
        const step = { ...report, tokens, tokensPerSecond: (1000 * tokens) / report.timeMs }
        const { timeMs: _, tokensPerSecond: __, isEpochEnd: ___, ...line } = step
        tokens = 0
        log?.write({ type: 'step', ...line })
        await this.bus.emit({ type: 'step', ...step })
        await this.gate?.opened
      },
    }
    return runTraining(task, options)
  }

  private async *evaluate(
    { task, validation }: PreparedData,
    model: Module,
    progress: RunProgress,
  ): AsyncGenerator<TrainerEvaluation> {
    if (validation === null) return
    const start = performance.now()
    const batchSize = this.config.evalBatchSize ?? this.config.batchSize
    const collate = (some: StoredExample[]) => task.collate(some)
    const loader = new DataLoader<StoredExample, TaskBatch>(validation, { batchSize, collate, seed: 0 })
    const measured: Measured[] = []
    const wasTraining = model.training
    model.eval()
    try {
      for await (const batch of loader) {
        throwIfAborted(this.signal)
        measured.push(await task.measure(model, batch))
      }
    } finally {
      model.train(wasTraining)
    }
    const [loss, scores] = [meanLoss(measured), task.scores(measured)]
    checkMetric(this.config.metricForBestModel, scores)
    yield { ...progress, loss, scores, rows: validation.length, timeMs: performance.now() - start }
  }

  private async loadWeights(checkpoint: string): Promise<void> {
    const saved = await load(join(checkpoint, TRAINED))
    copyAll(Object.entries(trainedParameters(this.trained)).map(([name, tensor]) => [tensor, saved[name]!]))
    for (const tensor of Object.values(saved)) tensor.dispose()
  }
}

/** Batches in the order that the seed gives. */
function loaderOf(
  { train, task, lengths, report }: PreparedData,
  config: CompleteConfig,
): DataLoader<StoredExample, TaskBatch> {
  const { batchSize, seed, packing, groupByLength } = config
  const collate = (some: StoredExample[]) => task.collate(some)
  if (packing) {
    const longest = config.maxLength ?? report.lengths.max
    return new DataLoader(train, { batchSampler: new PackedBatches(lengths, batchSize * longest, seed), collate, seed })
  }
  if (groupByLength)
    return new DataLoader(train, { batchSampler: new LengthGroupedBatches(lengths, batchSize, seed), collate, seed })
  return new DataLoader(train as Dataset<StoredExample>, { batchSize, shuffle: true, collate, seed })
}

/** Holds a check value of the rows: a resumed run must have the same ones. */
function sameRows({ lengths, report }: PreparedData) {
  const { examples, trained, form } = report
  const { createHash } = process.getBuiltinModule('node:crypto')
  const sum = createHash('sha256').update(JSON.stringify([lengths, examples.map(({ text }) => text), trained, form])).digest('hex') // prettier-ignore
  return {
    stateDict: () => ({ sum }),
    loadStateDict(state: unknown) {
      if ((state as { sum?: string }).sum === sum) return
      throw new OptionError({
        what: `${OWNER}: the rows are others than those of the checkpoint`,
        expected: 'the rows of the run that is resumed, in the same order and form',
        received: `${lengths.length} rows that differ`,
        fix: 'pass the same data, or train into a new folder',
      })
    },
  }
}

function bestRule(config: CompleteConfig) {
  const { metricForBestModel: name, earlyStoppingPatience, earlyStoppingThreshold: threshold, dir } = config
  const isBetter = config.greaterIsBetter ?? !['loss', 'perplexity'].includes(name)
  const value = ({ loss, scores }: TrainerEvaluation) => (name === 'loss' ? loss : (scores[name] ?? NaN))
  return {
    rank: (evaluation: TrainerEvaluation) => (isBetter ? -value(evaluation) : value(evaluation)),
    isKept: dir !== undefined,
    ...{ patience: earlyStoppingPatience ?? Infinity, threshold: threshold ?? 0 },
  }
}

function checkMetric(name: string, scores: Record<string, number>): void {
  if (name === 'loss' || name in scores) return
  throw bad(OWNER, 'metricForBestModel', ['loss', ...Object.keys(scores)].join(' or '), name)
}

function countOf(model: Module): TrainerBegin['trainable'] {
  const all = model.parameters()
  const count = (some: typeof all) => some.reduce((sum, { numel }) => sum + numel, 0)
  return { trainable: count(all.filter((tensor) => tensor.requiresGrad)), all: count(all) }
}

function vocabularyOf(model: Module): number {
  const { vocab_size } = (baseOf(model) as unknown as { config: { vocab_size?: unknown } }).config
  return typeof vocab_size === 'number' ? vocab_size : Infinity
}

/** The task that a model is for. @throws {UnsupportedError} for others. */
function taskNameOf(model: Module): TaskName {
  const base = baseOf(model)
  if (base instanceof CausalLM) return 'causal-lm'
  if (base.constructor.name.endsWith('ForSequenceClassification')) return 'sequence-classification'
  throw noTask(model)
}

/** Most tokens of a row. RoBERTa's positions begin behind its padding. */
function positionsOf(model: Module): number {
  const { maxPositions, config } = model as Module & { maxPositions?: number; config: Record<string, unknown> }
  if (maxPositions !== undefined) return maxPositions
  const most = config['max_position_embeddings'] ?? config['n_positions']
  if (typeof most !== 'number') return Infinity
  return config['model_type'] === 'roberta' ? most - Number(config['pad_token_id'] ?? 1) - 1 : most
}

function noTask(model: Module): UnsupportedError {
  return new UnsupportedError({
    what: `${OWNER}: there is no task for this model`,
    expected: 'a language model, or one that labels texts (…ForSequenceClassification)',
    received: baseOf(model).constructor.name,
    fix: 'train it with train.trainClassifier, or with train.runLoop and a loss of your own',
  })
}
