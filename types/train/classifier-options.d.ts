// Generated from src/train/classifier-options.ts by `npm run api`. Do not edit.

import type { EncodedText } from '../data/tables/encode-texts.js'
import type { ClassifierEvaluation, ClassifierMetrics } from './tasks/evaluate-classifier.js'
import type { StepReport } from './loop.js'
import type { RunOptions, RunProgress } from './run-options.js'
/** Settings of a run: what a recipe holds. */
export interface ClassifierSettings {
  /** Learning rate. @minimum 0 @default 5e-5 */
  lr?: number
  /** Share of a weight taken off at each update, times `lr`; biases and norms are left out. @minimum 0 @default 0 */
  weightDecay?: number
  /** Decay of the moments of AdamW. @minimum 0 @exclusiveMaximum 1 @default [0.9, 0.999] */
  betas?: readonly [number, number]
  /** Added to the root of the second moment. @minimum 0 @default 1e-8 */
  eps?: number
  /** Passes over the rows; need not be whole. @exclusiveMinimum 0 @default 3 */
  epochs?: number
  /** Updates in the whole run. @integer @minimum 1 @default what `epochs` gives */
  maxSteps?: number
  /** Rows in a micro-batch. @integer @minimum 1 @default 8 */
  batchSize?: number
  /** Micro-batches in an update, whose gradients are averaged. @integer @minimum 1 @default 1 */
  gradientAccumulationSteps?: number
  /** Share of the updates in which the rate rises from 0. @minimum 0 @maximum 1 @default 0 */
  warmupRatio?: number
  /** Updates in which the rate rises from 0; above 0 it counts and `warmupRatio` does not. @integer @minimum 0 @default 0 */
  warmupSteps?: number
  /** How the rate continues after the warm-up: in a straight line to 0, along a cosine to 0, or constant. @default 'linear' */
  scheduler?: 'linear' | 'cosine' | 'constant'
  /** Scale the gradients down to this norm; 0 leaves them alone. @minimum 0 @default 1 */
  maxGradNorm?: number
  /** Seed of the order of the rows and of dropout: the same seed gives the same bits. @integer @minimum 0 @default 42 */
  seed?: number
  /** Weight of R-Drop's divergence between two forwards; 0 makes one forward. @minimum 0 @default 0 */
  regLossWeight?: number
  /** Share of the tokens hidden in the second forward (Cutoff). @minimum 0 @maximum 1 @default 0 */
  maskingProb?: number
}
/** Options of `trainClassifier`. */
export interface ClassifierTrainOptions extends ClassifierSettings, RunOptions<ClassifierMeasured, StepReport> {
  /** Rows to evaluate on, by name. @default none */
  validation?: Readonly<Record<string, readonly EncodedText[]>>
  /** Scores of an evaluation. @default none, only the loss */
  metrics?: ClassifierMetrics
  /** When to evaluate, besides at the end: at the end of each epoch, or after every so many updates. @integer @minimum 1 @default 'epoch' */
  evalSteps?: 'epoch' | 'end' | number
  /** When to write a checkpoint, besides at the end. @integer @minimum 1 @default 'epoch' */
  saveSteps?: 'epoch' | 'end' | number
  /** Rows in a batch of an evaluation. @integer @minimum 1 @default 32 */
  evalBatchSize?: number
  /** The token that replaces a hidden one, and those that are never hidden; needed with `maskingProb`. @default none */
  tokens?: {
    unkTokenId: number
    keepTokenIds: readonly number[]
  }
}
/** An evaluation during a run. */
export interface ClassifierMeasured extends RunProgress, Omit<ClassifierEvaluation, 'predictions'> {
  /** Name of the rows. */
  name: string
}
