// Generated from src/train/glue-recipes.ts by `npm run api`. Do not edit.

import type { AdapterType } from '../adapters/inject.js'
import type { GlueTask } from '../data/tables/glue-tasks.js'
import type { ClassifierSettings } from './classifier-options.js'
/** A run: what is adapted, and how it is trained. */
export interface GlueRecipe extends ClassifierSettings {
  /** Tokens in a row at most. */
  maxLength: number
  /** Low-rank factors on queries and values; null in runs without. */
  lora: {
    r: number
    loraAlpha: number
  } | null
  /** Bottleneck adapters; null in runs without. */
  adapters: {
    type: AdapterType
    size: number
  } | null
  /** Dropout of the head; null is the model's own. */
  clsDropout: number | null
  /** When to evaluate and to write a checkpoint: after so many updates, or after each epoch. */
  evaluateEvery: number | 'epoch'
  /** The task whose LoRA the run begins with; null begins anew. */
  startFrom: GlueTask | null
}
/** Models of the scripts; the last ones are variants of a script. */
export type GlueModel =
  | 'roberta-base'
  | 'roberta-large'
  | 'deberta-v2-xxlarge'
  | 'roberta-large-houlsby'
  | 'roberta-large-pfeiffer'
  | 'deberta-v2-xxlarge-rdrop'
  | 'deberta-v2-xxlarge-cutoff'
/** Models that there are recipes for. */
export declare const GLUE_MODELS: readonly GlueModel[]
/**
 * The settings of a run of the paper: what its script says for this task and model.
 * @example
 * const { lora: update, adapters, clsDropout, startFrom, maxLength, ...settings } = train.glueRecipe('mrpc', 'roberta-base')
 * @throws {OptionError} when there is no such run, naming those that there are.
 */
export declare function glueRecipe(task: GlueTask, model: GlueModel): GlueRecipe
