// Tables from files: the reader of each format.
import { extname } from 'node:path'
import { FormatError } from '../../errors.js'
import { checkOptions } from '../../runtime/check-options.js'
import { bad } from '../../runtime/options.js'
import { throwIfAborted } from '../../runtime/pace.js'
import { schemas } from '../../runtime/tables.js'
import { readTextFile } from '../../io/text-file.js'
import { readDelimited } from './delimited.js'
import { readJson, readJsonLines } from './json.js'
import { readParquet } from './parquet.js'
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

const OWNER = 'data.readTable'
const FORMATS = ['csv', 'tsv', 'json', 'jsonl', 'parquet'] as const
const ENDINGS: Record<string, TableFormat> = { '.ndjson': 'jsonl', '.txt': 'tsv', '.pq': 'parquet' }

/**
 * Reads a table from a csv, tsv, json (an array of objects, or an object in each line), jsonl or parquet file. The event loop stays free meanwhile.
 *
 * A byte order mark and Windows line ends are removed, with one warning; empty lines are skipped. The parquet reader is loaded when it is needed.
 * @throws {FileError} when the file cannot be read. @throws {FormatError} for an empty file and for malformed content, with row and line.
 */
export async function readTable(path: string, options: ReadTableOptions = {}): Promise<Table> {
  checkOptions(OWNER, options, schemas.ReadTableOptions)
  const format = options.format ?? formatOf(path)
  const quotes = options.quotes ?? format === 'csv'
  const most = options.maxRows ?? Infinity
  const { columns = null, onMalformed = null, signal } = options
  if (columns !== null && format !== 'csv' && format !== 'tsv')
    throw bad(OWNER, 'columns', 'left out: this format names its columns', columns)
  throwIfAborted(signal)
  if (format === 'parquet') return checkNotEmpty(await readParquet(path, most))
  const text = await readTextFile(path)
  if (format === 'json') return checkNotEmpty(await readJson(path, text, most, signal))
  if (format === 'jsonl') return checkNotEmpty(await readJsonLines(path, text, most, signal))
  const delimiter = format === 'csv' ? ',' : '\t'
  return checkNotEmpty(await readDelimited(path, text, { delimiter, quotes, columns, most, onMalformed, signal }))
}

function formatOf(path: string): TableFormat {
  const ending = extname(path).toLowerCase()
  const format = ENDINGS[ending] ?? FORMATS.find((name) => ending === `.${name}`)
  if (format !== undefined) return format
  throw bad(OWNER, 'path', `a name that ends in ${FORMATS.map((name) => `.${name}`).join(', ')}`, path, 'pass format')
}

function checkNotEmpty(table: Table): Table {
  if (table.length > 0) return table
  throw new FormatError({
    what: `${table.path} is empty`,
    expected: 'at least one row',
    received: table.columns.length > 0 ? `a header (${table.columns.join(', ')}) and no row` : 'no row',
    fix: 'check that the file was downloaded or written to its end',
  })
}
