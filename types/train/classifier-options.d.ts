// Generated from src/train/classifier-options.ts by `npm run api`. Do not edit.

import type { EncodedText } from '../data/tables/encode-texts.js'
import type { ClassifierEvaluation, ClassifierMetrics } from './evaluate-classifier.js'
import type { StepReport } from './loop.js'
/** Settings of a run: what a recipe holds. */
export interface ClassifierSettings {
  /** Learning rate. @default 5e-5 */
  lr?: number
  /** Share of a weight taken off at each update, times `lr`; biases and norms are left out. @default 0 */
  weightDecay?: number
  /** @default [0.9, 0.999] */
  betas?: [number, number]
  /** @default 1e-8 */
  eps?: number
  /** Passes over the rows; may be broken. @default 3 */
  epochs?: number
  /** Updates, instead of `epochs`. */
  maxSteps?: number
  /** Rows in a micro-batch. @default 8 */
  batchSize?: number
  /** Micro-batches in an update. @default 1 */
  accumulate?: number
  /** Share of the updates in which the rate rises from 0. @default 0 */
  warmupRatio?: number
  /** Updates in which the rate rises from 0, instead of `warmupRatio`. @default 0: by `warmupRatio` */
  warmupSteps?: number
  /** How the rate goes on: in a straight line to 0, along a cosine to 0, or not at all. @default 'linear' */
  scheduler?: 'linear' | 'cosine' | 'constant'
  /** Scale the gradients down to this norm; 0 leaves them alone. @default 1 */
  clip?: number
  /** Seed of the order of the rows and of dropout: the same seed gives the same bits. @default 42 */
  seed?: number
  /** Weight of R-Drop's divergence between two forwards; 0 makes one forward. @default 0 */
  regLossWeight?: number
  /** Share of the tokens hidden in the second forward (Cutoff). @default 0 */
  maskingProb?: number
}
/** Options of `trainClassifier`. */
export interface ClassifierTrainOptions extends ClassifierSettings {
  /** Rows to evaluate on, by name. @default none */
  validation?: Readonly<Record<string, readonly EncodedText[]>>
  /** Scores of an evaluation. @default none, only the loss */
  metrics?: ClassifierMetrics
  /** When to evaluate, besides at the end: after each epoch, or after so many updates. @default 'epoch' */
  evaluateEvery?: 'epoch' | 'end' | number
  /** Rows evaluated at once. @default 32 */
  evalBatchSize?: number
  /** Folder for checkpoints: trained parameters (LoRA and head alone), optimizer, place in the data. @default none are written */
  dir?: string
  /** When to write one, besides at the end. @default 'epoch' */
  saveEvery?: 'epoch' | 'end' | number
  /** Checkpoints that are kept, the newest ones. @default all */
  keep?: number
  /** Go on from the newest checkpoint in `dir`, with the same bits as a run that was never stopped; without one begin anew. @default false */
  resume?: boolean
  /** What stands for a hidden token, and which are never hidden; needed with `maskingProb`. */
  tokens?: {
    unkTokenId: number
    keepTokenIds: readonly number[]
  }
  /** Ends the run after the update under way: a checkpoint is written, and the result says `aborted`. */
  signal?: AbortSignal | undefined
  /** Called after each update; the run waits for what it returns. */
  onStep?: (report: StepReport) => void | Promise<void>
  /** Called after each evaluation. */
  onEvaluation?: (measured: ClassifierMeasured) => void | Promise<void>
  /** Called after each checkpoint, with its folder. */
  onSave?: (path: string, step: number) => void | Promise<void>
}
/** An evaluation on the way. */
export interface ClassifierMeasured extends Omit<ClassifierEvaluation, 'predictions'> {
  /** Name of the rows. */
  name: string
  step: number
  epoch: number
}
