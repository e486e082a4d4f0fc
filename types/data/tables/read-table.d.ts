// Generated from src/data/tables/read-table.ts by `npm run api`. Do not edit.

import type { Table } from './table.js'
/** File formats of {@link readTable}. */
export type TableFormat = 'csv' | 'tsv' | 'json' | 'jsonl' | 'parquet'
/** Options of {@link readTable}. */
export interface ReadTableOptions {
  /** @default by the end of the file's name; `.json` may hold an array or lines */
  format?: TableFormat
  /** Names of the columns of a csv or tsv file without a header. @default the first row */
  columns?: readonly string[]
  /** Whether `"` quotes cells in a csv or tsv file; the GLUE files use it as a plain character. @default true for csv, false for tsv */
  quotes?: boolean
  /** Read this many rows at most. @default all */
  maxRows?: number
  /** Is told the line of each row of a csv or tsv file with more cells than columns, which is then left out. @default they are errors */
  onMalformed?: (line: number) => void
  /** Stops reading. */
  signal?: AbortSignal | undefined
}
/**
 * Reads a table from a csv, tsv, json (an array of objects, or an object in each line), jsonl or parquet file. The event loop stays free while it does.
 *
 * A byte order mark and Windows line ends are left out, with one warning; empty lines are passed over. The parquet reader is loaded when it is needed.
 * @throws {FileError} when the file cannot be read. @throws {FormatError} for an empty file and for what the format does not allow, with row and line.
 */
export declare function readTable(path: string, options?: ReadTableOptions): Promise<Table>
