// Texts with labels, from the user's own files.
import { FormatError } from '../../errors.js'
import { checkOptions } from '../../runtime/check-options.js'
import { bad } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'
import { LabelMap, labelsOf } from './labels.js'
import { readTable } from './read-table.js'
import type { ReadTableOptions } from './read-table.js'
import type { Table } from './table.js'

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

const OWNER = 'data.readTextTask'

/**
 * Reads files of texts with labels: csv, tsv, json, jsonl or parquet, a row for each example. The column of labels of the training file decides
 * whether it is a classification or a regression, see {@link labelsOf}.
 * @example
 * const task = await data.readTextTask({ train: 'train.csv', validation: 'dev.csv' })
 * task.labels                                   // ['ham', 'spam']
 * @throws {OptionError} for an unknown column. @throws {FormatError} with file, row and column, for a row without text or label and for a label
 * that the training file lacks.
 */
export async function readTextTask(options: TextTaskOptions): Promise<TextTask> {
  checkOptions(OWNER, options, schemas.TextTaskOptions)
  const { label = 'label', name = 'custom' } = options
  const table = await read(options, options.train, options.maxTrainSamples)
  const labels = options.labels === undefined ? labelsOf(table, label) : options.labels
  const texts = options.texts ?? textColumns(table, label)
  const map = new LabelMap(labels)
  const train = examplesOf(table, texts, { column: label, map })
  const set = async (path: string | undefined, most: number | undefined, labelled: boolean) => {
    if (path === undefined) return {}
    const rows = await read(options, path, most)
    const known = labelled || rows.has(label)
    return { [name]: examplesOf(rows, texts, known ? { column: label, map, optional: !labelled } : null) }
  }
  return {
    labels,
    train,
    validation: await set(options.validation, options.maxValidationSamples, true),
    test: await set(options.test, options.maxTestSamples, false),
  }
}

/** The column of the labels and their meaning. */
export interface LabelColumn {
  column: string
  map: LabelMap
  /** Rows without a label, or with -1, are allowed, as in test files. */
  optional?: boolean
  /** Whole numbers are indices of classes. */
  isPlain?: boolean
}

/**
 * The rows of a table as examples.
 * @throws {FormatError} naming the cell, for a row without text and for a bad label.
 */
export function examplesOf(table: Table, texts: readonly string[], labels: LabelColumn | null): TextExample[] {
  const [first, second] = texts.map((name) => table.column(name))
  if (first === undefined || texts.length > 2) throw bad(OWNER, 'texts', 'one or two columns', texts)
  return Array.from({ length: table.length }, (_, row) => ({
    text: textOf(table, row, texts[0]!, first[row]!),
    pair: second ? textOf(table, row, texts[1]!, second[row]!) : null,
    label:
      labels === null || isUnknown(table, row, labels)
        ? null
        : labels.map.read(table, row, labels.column, labels.isPlain),
  }))
}

function isUnknown(table: Table, row: number, { column, optional }: LabelColumn): boolean {
  if (!optional) return false
  const cell = table.column(column)[row]
  return cell === null || cell === '' || String(cell) === '-1'
}

function textOf(table: Table, row: number, column: string, cell: unknown): string {
  if (typeof cell === 'string') return cell
  if (typeof cell === 'number' || typeof cell === 'boolean' || typeof cell === 'bigint') return String(cell)
  throw new FormatError({
    what: `${table.place(row, column)}: there is no text`,
    expected: 'a text in each row',
    received: 'a missing cell',
    fix: 'correct the row or remove it',
  })
}

function textColumns(table: Table, label: string): readonly string[] {
  if (table.has('sentence1') && table.has('sentence2')) return ['sentence1', 'sentence2']
  const others = table.columns.filter((name) => name !== label)
  if (others.length === 0) throw bad(OWNER, 'texts', 'a column besides that of the labels', table.columns)
  return others.slice(0, 2)
}

function read(options: TextTaskOptions, path: string, maxRows: number | undefined): Promise<Table> {
  const { format, quotes, signal } = options
  return readTable(path, {
    ...(format !== undefined && { format }),
    ...(quotes !== undefined && { quotes }),
    ...(maxRows !== undefined && { maxRows }),
    signal,
  })
}
