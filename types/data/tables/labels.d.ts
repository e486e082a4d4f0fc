// Generated from src/data/tables/labels.ts by `npm run api`. Do not edit.

import type { Table } from './table.js'
/**
 * What a column of labels says: the names of the classes in their order, or null for numbers (a regression).
 *
 * A column of floating numbers is a regression, as in the original: in csv and tsv files one with a decimal point or an exponent in a number, in parquet files
 * one of that type, in json files one with a number that is not whole. Everything else are classes; numbers are ordered as numbers, texts by their
 * code points.
 * @throws {FormatError} for a row without a label, with its place.
 */
export declare function labelsOf(table: Table, column: string): string[] | null
/** Labels by their numbers or names: numbers of classes, in the order of `labels`; numbers themselves for null. */
export declare class LabelMap {
  #private
  readonly labels: readonly string[] | null
  constructor(labels: readonly string[] | null)
  /**
   * The label in a cell. `isPlain` says that a whole number is the number of a class itself, as in files of the hub.
   * @throws {FormatError} with the place, for a label outside of the set and for what is no number.
   */
  read(table: Table, row: number, column: string, isPlain?: boolean): number
}
