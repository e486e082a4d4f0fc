// Rows to train on: from files, folders, lists and iterators.
import { stat } from 'node:fs/promises'
import { FileError, FormatError } from '../../errors.js'
import { checkOptions } from '../../runtime/check-options.js'
import { bad, nearest } from '../../runtime/options.js'
import { throwIfAborted } from '../../runtime/pace.js'
import { schemas } from '../../runtime/tables.js'
import { rowsOfFile } from './files.js'
import type { PlacedRow, Row, RowsFormat, TextUnit } from './files.js'
import { splitFiles } from './splits.js'

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

const OWNER = 'data.readRows'

/**
 * Rows of JSONL, JSON, CSV, TSV, Parquet and text files, of folders of those, of lists and of iterators, one at a time: files may be larger than memory (but for
 * a JSON array, which is read as a whole). Text files give rows `{ text }`.
 * @example
 * for await (const row of data.readRows('questions.csv', { columns: { prompt: 'question' } })) console.log(row.prompt)
 * @throws {OptionError} for another source. While they are iterated: {@link FileError} and {@link FormatError} naming file and line.
 */
export function readRows(source: RowSource, options: RowsOptions = {}): Rows {
  checkOptions(OWNER, options, schemas.RowsOptions)
  checkSource(OWNER, 'source', source)
  const placed = () => renamed(source, options)
  return {
    placed,
    async *[Symbol.asyncIterator]() {
      for await (const { row } of placed()) yield row
    },
  }
}

/** Where a row is from, for messages: `train.jsonl, line 3`, or `row 3`. */
export function placeOf({ file, line }: Pick<PlacedRow, 'file' | 'line'>): string {
  return file === null ? `row ${line}` : `${file}, line ${line}`
}

/** @throws {OptionError} for what is no source. @throws {FormatError} for a list in which something is no row. */
export function checkSource(owner: string, name: string, source: unknown): void {
  if (Array.isArray(source)) {
    const list: readonly unknown[] = source
    if (!isPaths(list)) for (const [i, row] of list.entries()) checkRow(i + 1, row)
    return
  }
  const isPath = typeof source === 'string' ? source !== '' : typeof source === 'function'
  const { [Symbol.iterator]: sync, [Symbol.asyncIterator]: asynchronous } = Object(source) as Partial<
    Iterable<Row> & AsyncIterable<Row>
  >
  if (isPath || (typeof source === 'object' && (sync ?? asynchronous) !== undefined)) return
  throw bad(owner, name, 'a path, paths, rows, or an iterable of rows', source)
}

function checkRow(line: number, row: unknown): void {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) throw noRow(line, row)
}

async function* renamed(source: RowSource, { columns, maxRows = Infinity, ...options }: RowsOptions) {
  let count = 0
  for await (const placed of rowsOf(source, options)) {
    throwIfAborted(options.signal)
    yield columns === undefined ? placed : { ...placed, row: withNames(placed, columns) }
    if (++count >= maxRows) return
  }
}

async function* rowsOf(source: RowSource, options: RowsOptions): AsyncGenerator<PlacedRow> {
  const { format = null, sampleBy = 'line', signal } = options
  const paths = typeof source === 'string' ? [source] : isPaths(source) ? source : null
  if (paths !== null) {
    for (const path of paths)
      for (const file of await filesAt(path)) yield* rowsOfFile(file, { format, sampleBy, signal })
    return
  }
  const rows = typeof source === 'function' ? source() : (source as Iterable<Row> | AsyncIterable<Row> | Rows)
  if ('placed' in rows && typeof rows.placed === 'function') return yield* (rows as Rows).placed()
  let line = 0
  for await (const row of rows) {
    line++
    checkRow(line, row)
    yield { row, file: null, line }
  }
}

function isPaths(source: unknown): source is readonly string[] {
  return Array.isArray(source) && source.length > 0 && source.every((each) => typeof each === 'string')
}

async function filesAt(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const received = cause.code === 'ENOENT' ? 'there is no such file or folder' : cause.message
    throw new FileError({ what: `${path} cannot be read`, expected: 'rows', received, fix: 'check the path', cause })
  })
  return found.isDirectory() ? (await splitFiles(path)).train : [path]
}

function withNames(placed: PlacedRow, columns: Readonly<Record<string, string>>): Row {
  const { row } = placed
  const taken = new Set(Object.values(columns))
  const rest = Object.entries(row).filter(([name]) => !taken.has(name) && !(name in columns))
  const named = Object.entries(columns).map(([name, theirs]) => {
    if (theirs in row) return [name, row[theirs]]
    const near = nearest(theirs, Object.keys(row))
    throw new FormatError({
      what: `${placeOf(placed)}: there is no column '${theirs}'`,
      expected: `'${theirs}', as columns.${name} says`,
      received: Object.keys(row).join(', ') || 'a row without columns',
      fix: near === undefined ? 'name a column of the rows' : `write '${near}'`,
    })
  })
  return Object.fromEntries([...rest, ...named])
}

function noRow(line: number, received: unknown): FormatError {
  return new FormatError({
    what: `row ${line} is no object`,
    expected: "rows such as { prompt: '…', completion: '…' }",
    received: Array.isArray(received) ? 'a list' : `${typeof received}`,
    fix: 'give each row its columns by name',
  })
}
