// Generated from src/data/tables/text-task.ts by `npm run api`. Do not edit.

import type { ReadTableOptions } from './read-table.js'
/** A text, or two, with a label. */
export interface TextExample {
  text: string
  /** The second text; null in tasks with one. */
  pair: string | null
  /** Number of the class, or the number to predict; null where nobody knows it. */
  label: number | null
}
/** Texts to train, evaluate and predict on. */
export interface TextTask {
  /** Names of the classes by their numbers; null for a regression. */
  labels: readonly string[] | null
  train: TextExample[]
  /** Sets to evaluate on, by the names that results are written under: one, or two for MNLI. */
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
   * The columns of the texts, one or two. @default `sentence1` and `sentence2` where both are there, else the first two columns that hold no label, or the only one
   */
  texts?: readonly [string] | readonly [string, string]
  /** Names of the classes in their order; null for a regression. @default by what the training file holds */
  labels?: readonly string[] | null
  /** What the sets are called in results. @default 'custom' */
  name?: string
  /** Use only so many rows of each set. @default all */
  maxTrainSamples?: number
  maxValidationSamples?: number
  maxTestSamples?: number
}
/**
 * Reads files of texts with labels: csv, tsv, json, jsonl or parquet, a row for each example. Whether it is a classification or a regression is said by the
 * column of labels of the training file, as {@link labelsOf} describes.
 * @example
 * const task = await data.readTextTask({ train: 'train.csv', validation: 'dev.csv' })
 * task.labels                                   // ['ham', 'spam']
 * @throws {OptionError} for an unknown column. @throws {FormatError} with file, row and column, for a row without text or label and for a label
 * that the training file lacks.
 */
export declare function readTextTask(options: TextTaskOptions): Promise<TextTask>
