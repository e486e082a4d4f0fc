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
/** How many rows are used at most, for a quick try. */
export interface SampleLimits {
  /** Use only the first rows of the set to train on. @integer @minimum 1 @default all */
  maxTrainSamples?: number
  /** Use only the first rows of each set to evaluate on. @integer @minimum 1 @default all */
  maxValidationSamples?: number
  /** Use only the first rows of each set to predict. @integer @minimum 1 @default all */
  maxTestSamples?: number
}
/** Options of {@link readTextTask}. */
export interface TextTaskOptions extends SampleLimits, Pick<ReadTableOptions, 'format' | 'quotes' | 'signal'> {
  /** Path of the file to train on. */
  train: string
  /** Path of a file to evaluate on. @default none */
  validation?: string
  /** Path of a file to predict, with labels or without. @default none */
  test?: string
  /** The column of the labels. @default 'label' */
  label?: string
  /**
   * The columns of the texts, one or two. @default `sentence1` and `sentence2` where both exist, else the first two columns without the label, or the only one
   * @expected the names of one or two columns
   */
  texts?: readonly [string] | readonly [string, string]
  /** Names of the classes in their order; null for a regression. @default from the training file */
  labels?: readonly string[] | null
  /** The name of the sets in results. @default 'custom' */
  name?: string
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
