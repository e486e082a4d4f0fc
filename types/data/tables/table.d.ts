// Generated from src/data/tables/table.ts by `npm run api`. Do not edit.

/** The value of a cell. Cells of csv and tsv files are strings; null is a missing cell. */
export type Cell = string | number | bigint | boolean | null
/** A table with the line of each row in its file, for messages. */
export declare class Table {
  #private
  /** The file that it was read from. */
  readonly path: string
  readonly columns: readonly string[]
  /** Columns that the file declares as floating point, as parquet does. */
  readonly floating: ReadonlySet<string>
  constructor(
    path: string,
    cells: ReadonlyMap<string, readonly Cell[]>,
    options?: {
      lines?: ArrayLike<number> | null
      floating?: ReadonlySet<string>
    },
  )
  /** Number of rows. */
  get length(): number
  /**
   * The cells of a column, in the order of the rows.
   * @throws {OptionError} for an unknown column, naming the existing ones.
   */
  column(name: string): readonly Cell[]
  /** Whether there is a column of this name. */
  has(name: string): boolean
  /** A row as an object. */
  row(index: number): Record<string, Cell>
  /** The position of a row in its file, for messages: `train.csv, row 3 (line 5), column 'label'`. Rows count from 1, without the header. */
  place(index: number, column?: string): string
  /** The rows that `isWanted` accepts. */
  filter(isWanted: (index: number) => boolean): Table
}
