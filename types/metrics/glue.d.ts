// Generated from src/metrics/glue.ts by `npm run api`. Do not edit.

import type { Values } from './classification.js'
/** The tasks of GLUE. MNLI's two development sets are scored separately: `mnli` (or `mnli_matched`) and `mnli_mismatched`. */
export declare const GLUE_TASKS: readonly [
  'cola',
  'sst2',
  'mrpc',
  'qqp',
  'stsb',
  'mnli',
  'mnli_matched',
  'mnli_mismatched',
  'qnli',
  'rte',
  'wnli',
]
/** A task of GLUE. */
export type GlueTask = (typeof GLUE_TASKS)[number]
/** Scores by the names of the GLUE metric. The task decides which ones there are. */
export interface GlueScores {
  /** cola. */
  matthews_correlation?: number
  /** All tasks but cola and stsb. */
  accuracy?: number
  /** mrpc, qqp: of class 1. */
  f1?: number
  /** stsb. */
  pearson?: number
  /** stsb. */
  spearmanr?: number
  /** mrpc, qqp, stsb: the mean of the two. */
  combined?: number
}
/**
 * The scores of a GLUE task, equal to scikit-learn's and scipy's.
 *
 * | task | scores |
 * |---|---|
 * | cola | `matthews_correlation` |
 * | mrpc, qqp | `accuracy`, `f1`, `combined` |
 * | stsb | `pearson`, `spearmanr`, `combined` (labels are numbers, not classes) |
 * | sst2, mnli, qnli, rte, wnli | `accuracy` |
 * @param predictions classes, or numbers for stsb; the caller takes the argmax of the logits
 * @example metrics.glue('mrpc', [1, 0, 1], [1, 0, 0])   // { accuracy: 0.667, f1: 0.667, combined: 0.667 }
 * @throws {OptionError} `ERR_LORA_OPTION` for an unknown task, lists of different lengths, or a label that the task does not have.
 */
export declare function glue(task: GlueTask, predictions: Values, labels: Values): GlueScores
