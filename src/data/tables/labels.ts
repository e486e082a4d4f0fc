// The labels of a table: names of classes, or numbers.
import { FormatError, OptionError } from '../../errors.js'
import { nearest, show } from '../../runtime/options.js'
import type { Cell, Table } from './table.js'

/** More different classes than this are taken for a mistake, such as a column of identifiers. */
const MOST_CLASSES = 1000

/**
 * The names of the classes in a column of labels, in order, or null for numbers (a regression).
 *
 * A column of floating numbers is a regression, as in the original: in csv and tsv files a column with a decimal point or an exponent, in parquet files
 * one of that type, in json files one with a number that is not whole. All other labels are classes; numbers are ordered as numbers, texts by their
 * code points.
 * @throws {FormatError} for a row without a label, naming it.
 */
export function labelsOf(table: Table, column: string): string[] | null {
  const cells = table.column(column)
  cells.forEach((cell, row) => {
    if (cell === null || cell === '') throw noLabel(table, row, column)
  })
  if (isFloating(table, column, cells)) return null
  const names = [...new Set(cells.map(String))]
  if (names.length > MOST_CLASSES) throw tooManyClasses(table, column, names)
  const numeric = names.every((name) => /^-?\d+$/.test(name))
  return numeric ? names.sort((a, b) => Number(a) - Number(b)) : names.sort(byCodePoint)
}

/** Turns cells into labels: the index of a class in `labels`, or the number itself where `labels` is null. */
export class LabelMap {
  readonly #numbers: ReadonlyMap<string, number> | null

  constructor(readonly labels: readonly string[] | null) {
    this.#numbers = labels && new Map(labels.map((name, i) => [name, i]))
  }

  /**
   * The label in a cell. `isPlain`: a whole number is the index of a class, as in files of the hub.
   * @throws {FormatError} naming the cell, for a label outside of the set and for one that is not a number.
   */
  read(table: Table, row: number, column: string, isPlain = false): number {
    const cell = table.column(column)[row]!
    if (cell === null || cell === '') throw noLabel(table, row, column)
    if (this.#numbers === null) {
      const value = typeof cell === 'string' && cell.trim() !== '' ? Number(cell) : cell
      if (typeof value === 'number' && Number.isFinite(value)) return value
      throw noNumber(table, row, column, cell)
    }
    if (isPlain && typeof cell === 'number' && cell >= 0 && cell < this.#numbers.size) return cell
    const number = this.#numbers.get(String(cell))
    if (number !== undefined) return number
    throw outside(table, row, column, cell, this.labels!)
  }
}

function isFloating(table: Table, column: string, cells: readonly Cell[]): boolean {
  if (table.floating.has(column)) return true
  if (cells.every((cell) => typeof cell === 'number')) return cells.some((cell) => !Number.isInteger(cell))
  const isNumber = (cell: Cell) => typeof cell === 'string' && /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(cell)
  return cells.every(isNumber) && cells.some((cell) => /[.e]/i.test(cell as string))
}

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function noLabel(table: Table, row: number, column: string): FormatError {
  return new FormatError({
    what: `${table.place(row, column)}: there is no label`,
    expected: 'a label in each row',
    received: 'an empty cell',
    fix: 'label the row or remove it; rows to predict belong in a test file',
  })
}

function noNumber(table: Table, row: number, column: string, cell: Cell): FormatError {
  return new FormatError({
    what: `${table.place(row, column)}: the label is not a number`,
    expected: 'a number: this task is a regression',
    received: show(cell),
    fix: 'correct the row; for classes give the names of the labels',
  })
}

function outside(table: Table, row: number, column: string, cell: Cell, labels: readonly string[]): FormatError {
  const near = nearest(String(cell), labels)
  return new FormatError({
    what: `${table.place(row, column)}: a label outside of the set`,
    expected: labels.length > 20 ? `one of ${labels.length} labels, such as ${show(labels[0])}` : show(labels),
    received: show(cell),
    fix: near === undefined ? 'correct the row, or pass labels with all names' : `write '${near}'`,
  })
}

function tooManyClasses(table: Table, column: string, names: readonly string[]): OptionError {
  return new OptionError({
    what: `${table.path}: column '${column}' does not look like labels`,
    expected: `at most ${MOST_CLASSES} classes, or numbers with a decimal point for a regression`,
    received: `${names.length} different values, such as ${show(names.slice(0, 3))}`,
    fix: 'name the column of the labels; pass labels if there are so many, or labels: null for a regression',
  })
}
