// Generated from src/data/rows/rows.ts by `npm run api`. Do not edit.

import type { PlacedRow, Row, RowsFormat, TextUnit } from './files.js'
/**
 * Where rows are from: the path of a file or of a folder of files, several paths, a list of rows, an iterable or async iterable of rows, or a function that
 * makes one each time.
 */
export type RowSource =
  string | readonly string[] | Iterable<Row> | AsyncIterable<Row> | (() => Iterable<Row> | AsyncIterable<Row>)
/** Options of {@link readRows}. */
export interface RowsOptions {
  /** The format of the files; `.json` may hold an array or an object in each line. @default by the end of each name */
  format?: RowsFormat
  /** What a row of a text file is: a line, the lines between blank ones, or the file. @default 'line' */
  sampleBy?: TextUnit
  /** Other names of columns, as `{ prompt: 'question' }`: the name here, then that of the source. Columns that are not named keep theirs. @default none */
  columns?: Readonly<Record<string, string>>
  /** Read at most this many rows. @integer @minimum 1 @default all */
  maxRows?: number
  /** Stops reading; the loop rejects with an `AbortedError` whose cause is the signal's reason. @default none */
  signal?: AbortSignal | undefined
}
/** Rows that are read while they are iterated; those of files can be iterated again. */
export interface Rows extends AsyncIterable<Row> {
  /** The rows with their files and lines. */
  placed(): AsyncGenerator<PlacedRow>
}
/**
 * Rows of JSONL, JSON, CSV, TSV, Parquet and text files, of folders of those, of lists and of iterators, one at a time: files may be larger than memory (but for
 * a JSON array, which is read as a whole). Text files give rows `{ text }`.
 * @example
 * for await (const row of data.readRows('questions.csv', { columns: { prompt: 'question' } })) console.log(row.prompt)
 * @throws {OptionError} for another source. While they are iterated: {@link FileError} and {@link FormatError} naming file and line.
 */
export declare function readRows(source: RowSource, options?: RowsOptions): Rows
