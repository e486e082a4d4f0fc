import { nameClass } from '../../runtime/check-options.js'
import { FormatError, OptionError } from '../../errors.js'
import { bad, nearest } from '../../runtime/options.js'

/** The value of a cell. Cells of csv and tsv files are strings; null is a missing cell. */
export type Cell = string | number | bigint | boolean | null

/** A table with the line of each row in its file, for messages. */
export class Table {
  /** The file that it was read from. */
  readonly path: string
  readonly columns: readonly string[]
  readonly #cells: ReadonlyMap<string, readonly Cell[]>
  readonly #lines: ArrayLike<number> | null
  /** Columns that the file declares as floating point, as parquet does. */
  readonly floating: ReadonlySet<string>

  constructor(
    path: string,
    cells: ReadonlyMap<string, readonly Cell[]>,
    options: { lines?: ArrayLike<number> | null; floating?: ReadonlySet<string> } = {},
  ) {
    this.path = path
    this.columns = [...cells.keys()]
    this.#cells = cells
    this.#lines = options.lines ?? null
    this.floating = options.floating ?? new Set()
  }

  /** Number of rows. */
  get length(): number {
    return this.#cells.get(this.columns[0] ?? '')?.length ?? 0
  }

  /**
   * The cells of a column, in the order of the rows.
   * @throws {OptionError} for an unknown column, naming the existing ones.
   */
  column(name: string): readonly Cell[] {
    const cells = this.#cells.get(name)
    if (cells !== undefined) return cells
    const near = nearest(name, this.columns)
    throw new OptionError({
      what: `${this.path}: there is no column '${name}'`,
      expected: `one of ${this.columns.map((column) => `'${column}'`).join(', ')}`,
      received: `'${name}'`,
      fix: near === undefined ? 'name a column of the file' : `write '${near}'`,
    })
  }

  /** Whether there is a column of this name. */
  has(name: string): boolean {
    return this.#cells.has(name)
  }

  /** A row as an object. */
  row(index: number): Record<string, Cell> {
    if (!Number.isInteger(index) || index < 0 || index >= this.length)
      throw bad('Table.row', 'index', `a whole number below ${this.length}`, index)
    return Object.fromEntries(this.columns.map((name) => [name, this.#cells.get(name)![index]!]))
  }

  /** The position of a row in its file, for messages: `train.csv, row 3 (line 5), column 'label'`. Rows count from 1, without the header. */
  place(index: number, column?: string): string {
    const line = this.#lines?.[index]
    const where = `${this.path}, row ${index + 1}${line === undefined ? '' : ` (line ${line})`}`
    return column === undefined ? where : `${where}, column '${column}'`
  }

  /** The rows that `isWanted` accepts. */
  filter(isWanted: (index: number) => boolean): Table {
    const kept = Array.from({ length: this.length }, (_, i) => i).filter(isWanted)
    const cells = new Map([...this.#cells].map(([name, column]) => [name, kept.map((i) => column[i]!)]))
    const lines = this.#lines
    return new Table(this.path, cells, { lines: lines && kept.map((i) => lines[i]!), floating: this.floating })
  }
}

nameClass('Table', Table)

/** Cells that any file may have, and how many more for each of its bytes. A cell that a row lacks takes memory, too, and none of the file. */
const FREE_CELLS = 4_000_000
const CELLS_PER_BYTE = 32

/** @throws {FormatError} when the rows and columns of a small file would fill the memory with missing cells. */
export function checkCells(path: string, cells: number, bytes: number): void {
  const most = FREE_CELLS + CELLS_PER_BYTE * bytes
  if (cells <= most) return
  throw new FormatError({
    what: `${path}: far more cells than the file has bytes`,
    expected: `at most ${most} cells, ${FREE_CELLS} and ${CELLS_PER_BYTE} for each byte`,
    received: `more than ${most}, most of them missing`,
    fix: 'give each row a value for each column; is the delimiter right?',
  })
}
