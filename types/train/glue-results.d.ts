// Generated from src/train/glue-results.ts by `npm run api`. Do not edit.

import type { ClassifierMeasured } from './classifier-options.js'
/**
 * Writes `eval_results_TASK.json`, the scores of an evaluation under the names that transformers gives them: `eval_loss`, `eval_accuracy`, …, `eval_samples`,
 * `eval_runtime` in seconds, `epoch`. MNLI's second set is named `mnli-mm` and so has a file of its own.
 * @returns the path.
 */
export declare function writeEvalResults(dir: string, measured: ClassifierMeasured): Promise<string>
/**
 * Writes `test_results_TASK.txt`: a line `index<tab>prediction` for each row, with the names of classes, or with three decimals for a regression
 * (`labels` null).
 * @returns the path.
 */
export declare function writeTestResults(
  dir: string,
  name: string,
  predictions: readonly number[],
  labels: readonly string[] | null,
): Promise<string>
