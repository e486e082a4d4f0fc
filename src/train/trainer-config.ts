// The options of the Trainer, checked and complete.
import type { LoraConfig } from '../peft/config.js'
import type { Module } from '../nn/module.js'
import type { RowSource } from '../data/rows/index.js'
import type { Tokenizer } from '../tokenizer/tokenizer.js'
import { checkOptions } from '../runtime/check-options.js'
import { bad } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import type { TrainerData } from './prepare-data.js'
import { definedOnly } from './run-options.js'
import type { Interval } from './run-options.js'
import type { Stateful } from './stateful.js'
import type { TrainOn } from './tasks/task.js'
import type { TrainerCallback } from './trainer-events.js'

/** What is trained: a fresh LoRA adapter, all weights, or the parameters that require gradients already. */
export type TrainingMethod = 'lora' | 'full' | 'marked'

/** Settings of a {@link Trainer}. Names are those of transformers, trl and PEFT. */
export interface TrainerConfig {
  /** What is trained: a fresh adapter (`lora`), all weights, or what requires gradients already. @default 'marked' for a model with adapters, else 'lora' */
  method?: TrainingMethod
  /** The adapter of method `lora`; `useDora` and `useRslora` are among its options. @default { r: 16, loraAlpha: 32, targetModules: 'all-linear' } */
  lora?: LoraConfig
  /** Which tokens are trained: what the assistant writes in all its turns, the completion (of a conversation its last answer) alone, or all. @default 'assistant' for messages, 'completion' for prompts with completions, else 'all' */
  trainOn?: TrainOn
  /** Put prompts and completions into the chat template, as a message of the user and the answer to it. @default whether the tokenizer has one */
  chat?: boolean
  /** Longest row in tokens; longer ones are cut at the end, and the report counts them. @integer @minimum 2 @default 2048, and at most what the model supports */
  maxLength?: number
  /** Make batches of as many rows as fit into `batchSize` times `maxLength` tokens. Padding is never computed and no row sees another, so this evens out steps. @default false */
  packing?: boolean
  /** Make batches of rows of similar length. @default false */
  groupByLength?: boolean
  /** Learning rate. @minimum 0 @default 2e-4; 2e-5 for method `full` */
  lr?: number
  /** The optimizer. @default 'adamw' */
  optimizer?: 'adamw' | 'adam' | 'sgd' | 'adafactor'
  /** Share of a weight taken off at each update, times `lr`; biases and norms are left out. @minimum 0 @default 0 */
  weightDecay?: number
  /** Decay of the moments of AdamW and Adam. @minimum 0 @exclusiveMaximum 1 @default [0.9, 0.999] */
  betas?: readonly [number, number]
  /** Added to the root of the second moment of AdamW and Adam. @minimum 0 @default 1e-8 */
  eps?: number
  /** Momentum of SGD. @minimum 0 @default 0 */
  momentum?: number
  /** How the rate goes on after the warm-up. @default 'linear' */
  scheduler?: 'linear' | 'cosine' | 'cosine_with_restarts' | 'polynomial' | 'constant' | 'inverse_sqrt'
  /** Updates in which the rate rises from 0; above 0 it counts and `warmupRatio` does not. @integer @minimum 0 @default 0 */
  warmupSteps?: number
  /** Share of the updates in which the rate rises from 0. @minimum 0 @maximum 1 @default 0.03 */
  warmupRatio?: number
  /** Passes over the rows; need not be whole. @exclusiveMinimum 0 @default 3 */
  epochs?: number
  /** Updates in the whole run. @integer @minimum 1 @default what `epochs` gives */
  maxSteps?: number
  /** Rows in a micro-batch. @integer @minimum 1 @default 8 */
  batchSize?: number
  /** Micro-batches in an update; each token that is trained counts the same, whichever micro-batch it is in. @integer @minimum 1 @default 1 */
  gradientAccumulationSteps?: number
  /** Scale the gradients down to this norm; 0 leaves them alone, and a norm that is not finite is then found only by the next loss. @minimum 0 @default 1 */
  maxGradNorm?: number
  /** Backward recomputes each block in place of keeping what it computed: less memory for about a third more time. @default false */
  gradientCheckpointing?: boolean
  /** Seed of a fresh adapter, of splits, of the order of the rows, and of dropout: the same seed gives the same bits. @integer @minimum 0 @default 42 */
  seed?: number
  /** Folder for checkpoints and `metrics.jsonl`. @minLength 1 @default nothing is written */
  dir?: string
  /** Continue from the newest whole checkpoint in `dir`, with the same bits as a run that was never stopped. Without one the run starts from the beginning. @default false */
  resume?: boolean
  /** Number of checkpoints to keep, the newest ones, besides that of the best evaluation. @integer @minimum 1 @default 3 */
  keep?: number
  /** When to write a checkpoint, besides at the end and at the best evaluation. @integer @minimum 1 @default 'epoch' */
  saveSteps?: 'epoch' | 'end' | number
  /** When to evaluate, besides at the end. @integer @minimum 1 @default 'epoch' */
  evalSteps?: 'epoch' | 'end' | number
  /** Rows in a batch of an evaluation. @integer @minimum 1 @default `batchSize` */
  evalBatchSize?: number
  /** The score that says which evaluation is best: `loss`, or one of the task. @minLength 1 @default 'loss' */
  metricForBestModel?: string
  /** Whether more is better in that score. @default false for `loss` and `perplexity`, else true */
  greaterIsBetter?: boolean
  /** At the end give the model the weights of its best evaluation; needs `dir`. @default false */
  loadBestModelAtEnd?: boolean
  /** End after this many evaluations in a row that were no better. @integer @minimum 1 @default never */
  earlyStoppingPatience?: number
  /** What counts as better: by more than this. @minimum 0 @default 0 */
  earlyStoppingThreshold?: number
  /** What else the run depends on and checkpoints must hold, by name. @default none */
  stateful?: Readonly<Record<string, Stateful>>
}

/** What a {@link Trainer} is made of. */
export interface TrainerOptions<M extends Module = Module> {
  /** A language model, or one that labels texts; plain or with adapters (`PeftModel`). */
  model: M
  /** The rows: anything that `data.readRows` reads, or `{ train, validation, columns, … }`. @expected a path, rows, or an object with train */
  data: RowSource | TrainerData
  /** The tokenizer of the model; rows of token ids need none. @default none */
  tokenizer?: Tokenizer
  /** How it trains. @default all defaults */
  config?: TrainerConfig
  /** What is called as the run goes on. @default none @expected an object of callbacks, or a list of them */
  callbacks?: TrainerCallback | readonly TrainerCallback[]
  /** Ends the run after the update in progress: a checkpoint is written, and the result says `aborted`. @default none */
  signal?: AbortSignal | undefined
}

const DEFAULTS = {
  ...{ optimizer: 'adamw' as const, weightDecay: 0, betas: [0.9, 0.999] as const, eps: 1e-8, momentum: 0 },
  ...{ scheduler: 'linear' as const, warmupSteps: 0, warmupRatio: 0.03 },
  ...{ epochs: 3, batchSize: 8, gradientAccumulationSteps: 1, maxGradNorm: 1, seed: 42 },
  ...{ packing: false, groupByLength: false, gradientCheckpointing: false },
  ...{ resume: false, keep: 3, saveSteps: 'epoch' as Interval, evalSteps: 'epoch' as Interval },
  ...{
    metricForBestModel: 'loss',
    loadBestModelAtEnd: false,
    earlyStoppingPatience: Infinity,
    earlyStoppingThreshold: 0,
  },
}

/** A configuration with its defaults, but for those that depend on the model. */
export type CompleteConfig = TrainerConfig & Required<Pick<TrainerConfig, keyof typeof DEFAULTS>>

/** @throws {OptionError} for options that are unknown, out of range, or do not fit each other. */
export function completeConfig(owner: string, given: TrainerConfig = {}): CompleteConfig {
  checkOptions(`${owner}.config`, given, schemas.TrainerConfig)
  const config = { ...DEFAULTS, ...definedOnly(given) } as CompleteConfig
  const { packing, groupByLength, dir, resume, loadBestModelAtEnd, lora, method } = config
  if (packing && groupByLength) throw bad(owner, 'groupByLength', 'false with packing', true)
  if (resume && dir === undefined) throw bad(owner, 'dir', 'the folder of the run to resume', dir)
  if (loadBestModelAtEnd && dir === undefined) throw bad(owner, 'dir', 'a folder, with loadBestModelAtEnd', dir)
  if (lora !== undefined && method !== undefined && method !== 'lora')
    throw bad(owner, 'lora', `left out with method: '${method}'`, lora)
  return config
}
