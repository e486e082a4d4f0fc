// Generated from src/data/tables/labels.ts by `npm run api`. Do not edit.

import type { Table } from './table.js'
/**
 * The names of the classes in a column of labels, in order, or null for numbers (a regression).
 *
 * A column of floating numbers is a regression, as in the original: in csv and tsv files a column with a decimal point or an exponent, in parquet files
 * one of that type, in json files one with a number that is not whole. All other labels are classes; numbers are ordered as numbers, texts by their
 * code points.
 * @throws {FormatError} for a row without a label, naming it.
 */
export declare function labelsOf(table: Table, column: string): string[] | null
/** Turns cells into labels: the index of a class in `labels`, or the number itself where `labels` is null. */
export declare class LabelMap {
  #private
  readonly labels: readonly string[] | null
  constructor(labels: readonly string[] | null)
  /**
   * The label in a cell. `isPlain`: a whole number is the index of a class, as in files of the hub.
   * @throws {FormatError} naming the cell, for a label outside of the set and for one that is not a number.
   */
  read(table: Table, row: number, column: string, isPlain?: boolean): number
}
