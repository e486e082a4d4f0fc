// What a task is: data that the one run loop trains on.
import type { Row } from '../../data/rows/index.js'
import type { Module } from '../../nn/module.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { Example, StoredExample } from './example-store.js'

/** Names of the tasks. */
export type TaskName = 'causal-lm' | 'sequence-classification'

/** Which tokens of a row are trained: what the assistant writes in all its turns, the completion (of a conversation its last answer) alone, or all. */
export type TrainOn = 'assistant' | 'completion' | 'all'

/** An encoded row, or why it holds nothing to train on; `cut` tokens did not fit. */
export interface Encoded {
  example: Example
  cut: number
}

/** A batch as models take it. */
export interface TaskBatch {
  /** Numbers of the rows. */
  rows: readonly number[]
  inputIds: readonly (readonly number[])[]
  attentionMask: readonly (readonly number[])[] | null
  tokenTypeIds: readonly (readonly number[])[] | null
  labels: readonly (readonly number[])[]
  /** What the batch counts for in its update: the tokens that are trained, or its rows. */
  weight: number
  /** Tokens without padding. */
  tokens: number
}

/** Rows of one task: how they are encoded, batched, scored and shown. */
export interface TrainTask {
  readonly name: TaskName
  /** The columns that were found, in words. */
  readonly form: string
  readonly trainOn: TrainOn | null
  encode: (row: Row, place: string) => Encoded | Promise<Encoded>
  /** Called after the last row: what depends on all of them, such as the set of labels. */
  finish: () => void
  collate: (examples: readonly StoredExample[]) => TaskBatch
  loss: (model: Module, batch: TaskBatch) => Tensor
  /** Tokens, or rows, that an example trains; 0 where it holds nothing to train on. */
  weigh: (example: Example) => number
  /** Adds up what evaluation needs of a batch. */
  measure: (model: Module, batch: TaskBatch) => Promise<Measured>
  scores: (measured: readonly Measured[]) => Record<string, number>
  /** How often each label occurs; null for tasks without classes. */
  labelsOf: (examples: readonly Example[]) => Record<string, number> | null
  /** An example as text, its trained part between ⟦ and ⟧. */
  show: (example: Example) => string
}

/** What a batch gives to an evaluation. */
export interface Measured {
  loss: number
  weight: number
  predictions?: number[][]
  labels?: number[][]
}

/** The mean over all that batches trained. */
export function meanLoss(measured: readonly Measured[]): number {
  const weight = measured.reduce((sum, each) => sum + each.weight, 0)
  return measured.reduce((sum, each) => sum + each.loss * each.weight, 0) / weight
}
