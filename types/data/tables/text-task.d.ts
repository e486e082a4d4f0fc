// Generated from src/data/tables/text-task.ts by `npm run api`. Do not edit.

import type { ReadTableOptions } from './read-table.js'
/** A text, or two, with a label. */
export interface TextExample {
  text: string
  /** The second text; null in tasks with one. */
  pair: string | null
  /** Index of the class, or the number to predict; null where it is unknown. */
  label: number | null
}
/** Texts to train, evaluate and predict on. */
export interface TextTask {
  /** Names of the classes in order; null for a regression. */
  labels: readonly string[] | null
  train: TextExample[]
  /** Sets to evaluate on, by their names in results: one, or two for MNLI. */
  validation: Record<string, TextExample[]>
  /** Sets to predict. */
  test: Record<string, TextExample[]>
}
/** Options of {@link readTextTask}. */
export interface TextTaskOptions extends Pick<ReadTableOptions, 'format' | 'quotes' | 'signal'> {
  train: string
  validation?: string
  test?: string
  /** The column of the labels. @default 'label' */
  label?: string
  /**
   * The columns of the texts, one or two. @default `sentence1` and `sentence2` where both exist, else the first two columns without the label, or the only one
   */
  texts?: readonly [string] | readonly [string, string]
  /** Names of the classes in their order; null for a regression. @default from the training file */
  labels?: readonly string[] | null
  /** The name of the sets in results. @default 'custom' */
  name?: string
  /** Use only this many rows of each set. @default all */
  maxTrainSamples?: number
  maxValidationSamples?: number
  maxTestSamples?: number
}
/**
 * Reads files of texts with labels: csv, tsv, json, jsonl or parquet, a row for each example. The column of labels of the training file decides
 * whether it is a classification or a regression, see {@link labelsOf}.
 * @example
 * const task = await data.readTextTask({ train: 'train.csv', validation: 'dev.csv' })
 * task.labels                                   // ['ham', 'spam']
 * @throws {OptionError} for an unknown column. @throws {FormatError} with file, row and column, for a row without text or label and for a label
 * that the training file lacks.
 */
export declare function readTextTask(options: TextTaskOptions): Promise<TextTask>
