// Generated from src/train/glue-recipes.ts by `npm run api`. Do not edit.

import type { AdapterType } from '../adapters/inject.js'
import type { GlueTask } from '../data/tables/glue-tasks.js'
import type { ClassifierSettings } from './classifier-options.js'
/** A run: what is adapted, and how it is trained. */
export interface GlueRecipe extends ClassifierSettings {
  /** Longest row in tokens. */
  maxLength: number
  /** Low-rank factors on queries and values; null in runs without them. */
  lora: {
    r: number
    loraAlpha: number
  } | null
  /** Bottleneck adapters; null in runs without them. */
  adapters: {
    type: AdapterType
    size: number
  } | null
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
/** Models with recipes. */
export declare const GLUE_MODELS: readonly GlueModel[]
/**
 * The settings of a run of the paper, from its script for this task and model.
 * @example
 * const { lora: update, adapters, clsDropout, startFrom, maxLength, ...settings } = train.glueRecipe('mrpc', 'roberta-base')
 * @throws {OptionError} when there is no such run, naming the ones that exist.
 */
export declare function glueRecipe(task: GlueTask, model: GlueModel): GlueRecipe
