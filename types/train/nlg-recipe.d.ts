// Generated from src/train/nlg-recipe.ts by `npm run api`. Do not edit.

import type { NlgObjective } from '../data/nlg/index.js'
import type { NlgScheduleName } from '../optim/schedule.js'
/** How the example adapts GPT-2. */
export interface NlgLoraSettings {
  /** Rank, `--lora_dim`; 0 trains all weights. @integer @minimum 0 @default 4 */
  loraDim?: number
  /** `--lora_alpha`. @default 32 */
  loraAlpha?: number
  /** Dropout on the input of the low-rank path, `--lora_dropout`. @minimum 0 @maximum 1 @default 0.1 */
  loraDropout?: number
}
/** How the example trains. The names in parentheses are the options of its command line. */
export interface NlgTrainSettings {
  /** Learning rate (`lr`). @minimum 0 @default 2e-4 */
  lr?: number
  /** Share of a parameter taken off after each update, times `lr` (`weight_decay`). @minimum 0 @default 0.01 */
  weightDecay?: number
  /** Correct the bias of the moments towards 0 in the first updates (`correct_bias`). @default true */
  correctBias?: boolean
  /** Decay of the moments (`adam_beta1`, `adam_beta2`). @minimum 0 @exclusiveMaximum 1 @default [0.9, 0.999] */
  betas?: readonly [number, number]
  /** Added to the root of the second moment (`adam_epislon`). @minimum 0 @default 1e-6 */
  eps?: number
  /** Shape of the learning rate (`scheduler`). @default 'linear' */
  scheduler?: NlgScheduleName
  /** Steps of the schedule in which the rate rises from 0; this schedule makes a step per micro-batch (`warmup_step`). Not for `cycle`. @integer @minimum 0 @default 500, and at most a tenth of the run */
  warmupSteps?: number
  /** Steps at which the pieces of `cycle` begin and end (`i_steps`). @integer @minimum 0 @minItems 1 @default none: `cycle` needs it */
  iSteps?: number[]
  /** Rates at those steps (`i_lrs`). @minimum 0 @default none: `cycle` needs it */
  iLrs?: number[]
  /** Passes over the data (`max_epoch`). @exclusiveMinimum 0 @default 5 */
  epochs?: number
  /** Updates in the whole run, over which the schedule runs (`max_step`, which counts micro-batches). @integer @minimum 1 @default what `epochs` gives */
  maxSteps?: number
  /** Rows in a micro-batch (`train_batch_size`). @integer @minimum 1 @default 8 */
  batchSize?: number
  /** Micro-batches in an update (`grad_acc`). @integer @minimum 1 @default 1 */
  gradientAccumulationSteps?: number
  /** Scale gradients down to this norm; 0 leaves them alone (`clip`). @minimum 0 @default 0 */
  maxGradNorm?: number
  /** Share of each target that is spread over the vocabulary (`label_smooth`); up to 1e-4 it counts as 0, as upstream. @minimum 0 @maximum 1 @default 0.1 */
  labelSmoothing?: number
  /** Seed of the order of the rows and of dropout (`random_seed`). @integer @minimum 0 @default 110 */
  seed?: number
}
/** A recipe: adapter, data, training, and beam search. */
export interface NlgRecipe {
  lora: Required<NlgLoraSettings>
  data: {
    seqLen: number
    objective: NlgObjective
  }
  train: Required<Omit<NlgTrainSettings, 'iSteps' | 'iLrs' | 'maxSteps'>>
  /** Options of `generate` in addition to `beamRules: 'nlg'`. GPT-2's token 628 is an empty line. */
  beam: {
    numBeams: number
    lengthPenalty: number
    noRepeatNgramSize: number
    repetitionPenalty: number
    maxNewTokens: number
    eosTokenId: readonly number[]
  }
}
/**
 * The recipes of the paper's NLG example by data set: E2E as in the README of `examples/NLG`, WebNLG and DART as in the paper's table of
 * hyper-parameters (Hu et al. 2021, appendix D), which gives E2E a length penalty of 0.9.
 */
export declare const NLG_RECIPES: Readonly<Record<'e2e' | 'webnlg' | 'dart', NlgRecipe>>
