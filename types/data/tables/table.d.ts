// Generated from src/data/tables/table.ts by `npm run api`. Do not edit.

/** What a cell of a table may hold. Those of csv and tsv files are texts; null is a cell that is not there. */
export type Cell = string | number | bigint | boolean | null
/** A table with the place of each row in its file, for messages. */
export declare class Table {
  #private
  /** The file that it was read from. */
  readonly path: string
  readonly columns: readonly string[]
  /** Columns that the file itself declares to hold floating numbers, as parquet does. */
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
   * @throws {OptionError} for an unknown column, naming those that there are.
   */
  column(name: string): readonly Cell[]
  has(name: string): boolean
  /** A row as an object. */
  row(index: number): Record<string, Cell>
  /** Where a row stands, for messages: `train.csv, row 3 (line 5), column 'label'`. Rows count from 1, without the header. */
  place(index: number, column?: string): string
  /** The same rows without those that `isWanted` refuses. */
  filter(isWanted: (index: number) => boolean): Table
}
