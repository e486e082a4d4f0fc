// csv and tsv files.
import { setImmediate } from 'node:timers/promises'
import { FormatError } from '../../errors.js'
import { throwIfAborted } from '../../runtime/pace.js'
import { checkCells, Table } from './table.js'

/** How cells are written. */
export interface Delimited {
  delimiter: ',' | '\t'
  /** Whether `"` quotes a cell. */
  quotes: boolean
  /** Names of the columns; null takes the first row. */
  columns: readonly string[] | null
  most: number
  /** Called with the line of a row that has too many cells, instead of an error. */
  onMalformed: ((line: number) => void) | null
  signal: AbortSignal | undefined
}

/** Characters that are parsed at once; the event loop runs in between. */
const CHUNK = 1 << 18

/** A row with fewer cells than columns ends in nulls; one with more is an error. */
export async function readDelimited(path: string, text: string, options: Delimited): Promise<Table> {
  const rows: string[][] = []
  const lines: number[] = []
  let header = options.columns
  for await (const { cells, line } of records(path, chunksOf(text), options)) {
    if (header === null) header = checkHeader(path, cells)
    else if (cells.length > header.length) {
      if (options.onMalformed === null) throw tooManyCells(path, rows.length, line, cells, header)
      options.onMalformed(line)
    } else {
      rows.push(cells)
      lines.push(line)
    }
    if (rows.length >= options.most) break
  }
  checkCells(path, (header ?? []).length * rows.length, text.length)
  const columns = (header ?? []).map((name, i) => [name, rows.map((row) => row[i] ?? null)] as const)
  return new Table(path, new Map(columns), { lines })
}

/** The rows of a text that comes in pieces, each with its first line. */
export async function* records(
  path: string,
  pieces: AsyncIterable<string>,
  { delimiter, quotes, signal }: Pick<Delimited, 'delimiter' | 'quotes' | 'signal'>,
): AsyncGenerator<{ cells: string[]; line: number }> {
  const { CsvError, parse: parser } = await import('csv-parse')
  // At its first use: importing it takes a part of the package's start.
  const { Readable, pipeline } = process.getBuiltinModule('node:stream')
  const stream = parser({
    delimiter,
    quote: quotes ? '"' : null,
    escape: quotes ? '"' : null,
    record_delimiter: ['\n', '\r'],
    relax_column_count: true,
    skip_empty_lines: true,
    info: true,
  })
  let before = 0
  // What fails in it fails below, where the rows are read.
  pipeline(Readable.from(pieces), stream, () => {})
  try {
    for await (const { record, info } of stream as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      throwIfAborted(signal)
      // The parser counts line ends it has passed: a row begins on the line after the end of the row before.
      const line = Math.max(before + 1, info.lines - lineEndsIn(record))
      before = info.lines
      yield { cells: record, line }
    }
  } catch (error) {
    throw error instanceof CsvError ? misquoted(path, error) : error
  }
}

async function* chunksOf(text: string): AsyncGenerator<string> {
  for (let start = 0; start < text.length; start += CHUNK) {
    yield text.slice(start, start + CHUNK)
    await setImmediate()
  }
}

function lineEndsIn(cells: readonly string[]): number {
  return cells.reduce((n, cell) => n + (cell.match(/[\n\r]/g)?.length ?? 0), 0)
}

/** @throws {FormatError} for a name that occurs twice. */
export function checkHeader(path: string, cells: readonly string[]): readonly string[] {
  const seen = new Set<string>()
  const twice = cells.find((name) => seen.size === seen.add(name).size)
  if (twice === undefined) return cells
  throw new FormatError({
    what: `${path}: two columns are named '${twice}'`,
    expected: 'a first row with a name for each column',
    received: cells.join(', '),
    fix: 'rename one; if the file has no header, pass columns',
  })
}

/** The error for a row that is too long. */
export function tooManyCells(
  path: string,
  row: number,
  line: number,
  cells: string[],
  header: readonly string[],
): FormatError {
  const extra = cells[header.length]!
  return new FormatError({
    what: `${path}, row ${row + 1} (line ${line}): more cells than columns`,
    expected: `${header.length} cells: ${header.join(', ')}`,
    received: `${cells.length} cells; after the last column comes '${extra.slice(0, 40)}'`,
    fix: 'quote texts that hold the delimiter, "like, this"; for a file with tabs pass format: \'tsv\'',
  })
}

function misquoted(path: string, error: Error & { lines?: number }): FormatError {
  return new FormatError({
    what: `${path}, line ${error.lines ?? '?'}: malformed row`,
    expected: 'quotes only around whole cells, each closed, and doubled inside',
    received: error.message,
    fix: 'correct the quotes; if " is a plain character in this file, pass quotes: false',
    cause: error,
  })
}
