// Generated from src/train/tasks/evaluate-classifier.ts by `npm run api`. Do not edit.

import type { EncodedText } from '../../data/tables/encode-texts.js'
import type { SequenceClassifier } from './classifier-data.js'
/** Scores of predictions against labels, by name. */
export type ClassifierMetrics = (predictions: number[], labels: number[]) => Record<string, number>
/** Options of {@link predictClassifier} and {@link evaluateClassifier}. */
export interface ClassifierEvaluateOptions {
  /** Rows in a batch. @integer @minimum 1 @default 32 */
  batchSize?: number
  /** Stops before the next batch; the promise rejects with an `AbortedError` whose cause is the signal's reason. @default none */
  signal?: AbortSignal | undefined
  /** Called after each batch with the rows done so far. @default none */
  onProgress?: (rows: number) => void
}
/** The result of an evaluation. */
export interface ClassifierEvaluation {
  /** Mean loss of the rows. */
  loss: number
  /** Scores by name. */
  scores: Record<string, number>
  /** Predicted classes, or predicted numbers of a regression, in the order of the rows. */
  predictions: number[]
  samples: number
  timeMs: number
}
/**
 * The class of each row, or the number that a regression predicts, in the order of the rows. The model is in evaluation mode meanwhile and in its own
 * mode afterwards.
 */
export declare function predictClassifier(
  model: SequenceClassifier,
  rows: readonly EncodedText[],
  options?: ClassifierEvaluateOptions,
): Promise<number[]>
/** The mean loss on rows, and the scores of the model's predictions. */
export declare function evaluateClassifier(
  model: SequenceClassifier,
  rows: readonly EncodedText[],
  metrics: ClassifierMetrics,
  options?: ClassifierEvaluateOptions,
): Promise<ClassifierEvaluation>
