// The settings of the paper's GLUE runs, as the scripts of microsoft/LoRA `examples/NLU` have them.
import type { AdapterType } from '../adapters/inject.js'
import type { GlueTask } from '../data/tables/glue-tasks.js'
import { OptionError } from '../errors.js'
import { nearest } from '../runtime/options.js'
import type { ClassifierSettings } from './classifier-options.js'

/** A run: what is adapted, and how it is trained. */
export interface GlueRecipe extends ClassifierSettings {
  /** Longest row in tokens. */
  maxLength: number
  /** Low-rank factors on queries and values; null in runs without them. */
  lora: { r: number; loraAlpha: number } | null
  /** Bottleneck adapters; null in runs without them. */
  adapters: { type: AdapterType; size: number } | null
  /** Dropout of the head; null for the model's own. */
  clsDropout: number | null
  /** When to evaluate and to write a checkpoint: after every so many updates, or after each epoch. */
  evalSteps: number | 'epoch'
  /** The task whose LoRA weights the run starts from; null for fresh ones. */
  startFrom: GlueTask | null
}

/** Models of the scripts; the last four are variants of a script. */
export type GlueModel =
  | 'roberta-base'
  | 'roberta-large'
  | 'deberta-v2-xxlarge'
  | 'roberta-large-houlsby'
  | 'roberta-large-pfeiffer'
  | 'deberta-v2-xxlarge-rdrop'
  | 'deberta-v2-xxlarge-cutoff'

type Rows = Partial<Record<GlueTask, Partial<GlueRecipe>>>

// `batchSize` rows on each of 8 devices (CoLA with RoBERTa-base: 2): here they are accumulated one after the other.
const on = (batchSize: number, devices = 8) => ({ batchSize, gradientAccumulationSteps: devices })
const plain = {
  lora: null,
  adapters: null,
  clsDropout: null,
  startFrom: null,
  seed: 0,
  evalSteps: 'epoch',
} as const
const fromMnli = { startFrom: 'mnli' } as const

// One line for each run.
// prettier-ignore
const TABLE: Record<GlueModel, { all: Partial<GlueRecipe>; tasks: Rows }> = {
  'roberta-base': {
    all: { ...plain, lora: { r: 8, loraAlpha: 16 }, weightDecay: 0.1, warmupRatio: 0.06, maxLength: 512 },
    tasks: {
      mnli: { lr: 5e-4, ...on(16), epochs: 30 },
      sst2: { lr: 5e-4, ...on(16), epochs: 60 },
      mrpc: { lr: 4e-4, ...on(16), epochs: 30, ...fromMnli },
      cola: { lr: 4e-4, ...on(32, 2), epochs: 80 },
      qnli: { lr: 4e-4, ...on(32), epochs: 25 },
      qqp:  { lr: 5e-4, ...on(16), epochs: 25 },
      rte:  { lr: 5e-4, ...on(32), epochs: 80, ...fromMnli },
      stsb: { lr: 4e-4, ...on(16), epochs: 40, ...fromMnli },
    },
  },
  'roberta-large': {
    all: { ...plain, lora: { r: 8, loraAlpha: 16 }, weightDecay: 0.1, warmupRatio: 0.06 },
    tasks: {
      mnli: { lr: 3e-4, ...on(4), epochs: 10, maxLength: 128 },
      sst2: { lr: 4e-4, ...on(8), epochs: 10, maxLength: 512 },
      mrpc: { lr: 3e-4, ...on(4), epochs: 20, maxLength: 512, ...fromMnli },
      cola: { lr: 3e-4, ...on(4), epochs: 20, maxLength: 128 },
      qnli: { lr: 2e-4, ...on(4), epochs: 10, maxLength: 512 },
      qqp:  { lr: 3e-4, ...on(4), epochs: 20, maxLength: 512 },
      rte:  { lr: 4e-4, ...on(8), epochs: 20, maxLength: 512, ...fromMnli },
      stsb: { lr: 3e-4, ...on(4), epochs: 10, maxLength: 128, ...fromMnli },
    },
  },
  'deberta-v2-xxlarge': {
    all: { ...plain, lora: { r: 16, loraAlpha: 32 } },
    tasks: {
      mnli: { lr: 1e-4,   ...on(8),  epochs: 5,  maxLength: 256, warmupSteps: 1000,  clsDropout: 0.15, weightDecay: 0, evalSteps: 500 },
      sst2: { lr: 6e-5,   ...on(8),  epochs: 16, maxLength: 128, warmupSteps: 1000,  clsDropout: 0,    weightDecay: 0.01, evalSteps: 100 },
      mrpc: { lr: 2e-4,   ...on(32), epochs: 30, maxLength: 128, warmupRatio: 0.1,   clsDropout: 0,    weightDecay: 0.01, evalSteps: 10, ...fromMnli },
      cola: { lr: 1.3e-4, ...on(4),  epochs: 10, maxLength: 64,  warmupSteps: 100,   clsDropout: 0.1,  weightDecay: 0, evalSteps: 20 },
      qnli: { lr: 1e-4,   ...on(6),  epochs: 8,  maxLength: 512, warmupSteps: 500,   clsDropout: 0.1,  weightDecay: 0.01, evalSteps: 500 },
      qqp:  { lr: 1e-4,   ...on(8),  epochs: 11, maxLength: 320, warmupSteps: 10000, clsDropout: 0.2,  weightDecay: 0.01, evalSteps: 500 },
      rte:  { lr: 2.6e-4, ...on(4),  epochs: 11, maxLength: 320, warmupSteps: 50,    clsDropout: 0.2,  weightDecay: 0.01, evalSteps: 20, ...fromMnli },
      stsb: { lr: 2e-4,   ...on(4),  epochs: 10, maxLength: 128, warmupSteps: 100,   clsDropout: 0.2,  weightDecay: 0.1, evalSteps: 50, ...fromMnli },
    },
  },
  'roberta-large-houlsby': {
    all: { ...plain, adapters: { type: 'houlsby', size: 8 }, warmupRatio: 0.1 },
    tasks: { mnli: { lr: 3e-4, ...on(32), epochs: 5, maxLength: 128 } },
  },
  'roberta-large-pfeiffer': {
    all: { ...plain, adapters: { type: 'pfeiffer', size: 16 }, warmupRatio: 0.1 },
    tasks: { mnli: { lr: 3e-4, ...on(32), epochs: 5, maxLength: 128 } },
  },
  'deberta-v2-xxlarge-rdrop': {
    all: { ...plain, lora: { r: 16, loraAlpha: 32 }, regLossWeight: 1, seed: 42 },
    tasks: { mnli: { lr: 1e-4, ...on(8), epochs: 5, maxLength: 256, warmupSteps: 1000, clsDropout: 0.15, weightDecay: 0, evalSteps: 500 } },
  },
  'deberta-v2-xxlarge-cutoff': {
    all: { ...plain, lora: { r: 16, loraAlpha: 32 }, regLossWeight: 1, maskingProb: 0.1, seed: 42 },
    tasks: { mnli: { lr: 1e-4, ...on(8), epochs: 5, maxLength: 256, warmupSteps: 1000, clsDropout: 0.15, weightDecay: 0, evalSteps: 500 } },
  },
}

/** Models with recipes. */
export const GLUE_MODELS = Object.keys(TABLE) as readonly GlueModel[]

/**
 * The settings of a run of the paper, from its script for this task and model.
 * @example
 * const { lora: update, adapters, clsDropout, startFrom, maxLength, ...settings } = train.glueRecipe('mrpc', 'roberta-base')
 * @throws {OptionError} when there is no such run, naming the ones that exist.
 */
export function glueRecipe(task: GlueTask, model: GlueModel): GlueRecipe {
  const of = TABLE[model]
  if (of === undefined) throw noRecipe('model', model, GLUE_MODELS)
  const row = of.tasks[task]
  if (row === undefined) throw noRecipe('task', task, Object.keys(of.tasks))
  return { ...of.all, ...row } as GlueRecipe
}

function noRecipe(what: string, received: string, known: readonly string[]): OptionError {
  const near = nearest(received, known)
  return new OptionError({
    what: `train.glueRecipe: there is no recipe for the ${what} '${received}'`,
    expected: known.join(', '),
    received: `'${received}'`,
    fix: near === undefined ? 'take one of these and change what you like' : `write '${near}'`,
  })
}
