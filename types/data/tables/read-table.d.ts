// Generated from src/data/tables/read-table.ts by `npm run api`. Do not edit.

import type { Table } from './table.js'
/** File formats of {@link readTable}. */
export type TableFormat = 'csv' | 'tsv' | 'json' | 'jsonl' | 'parquet'
/** Options of {@link readTable}. */
export interface ReadTableOptions {
  /** The format of the file; `.json` may hold an array or lines. @default by the end of the file's name */
  format?: TableFormat
  /** Names of the columns of a csv or tsv file without a header. @default the first row */
  columns?: readonly string[]
  /** Whether `"` quotes cells in a csv or tsv file; in the GLUE files it is an ordinary character. @default true for csv, false for tsv */
  quotes?: boolean
  /** Read at most this many rows. @integer @minimum 1 @default all */
  maxRows?: number
  /** Called with the line of each row of a csv or tsv file that has more cells than columns; the row is then skipped. @default such rows are errors */
  onMalformed?: (line: number) => void
  /** Stops reading; the promise rejects with an `AbortedError` whose cause is the signal's reason. @default none */
  signal?: AbortSignal | undefined
}
/**
 * Reads a table from a csv, tsv, json (an array of objects, or an object in each line), jsonl or parquet file. The event loop stays free meanwhile.
 *
 * A byte order mark and Windows line ends are removed, with one warning; empty lines are skipped. The parquet reader is loaded when it is needed.
 * @throws {FileError} when the file cannot be read. @throws {FormatError} for an empty file and for malformed content, with row and line.
 */
export declare function readTable(path: string, options?: ReadTableOptions): Promise<Table>
