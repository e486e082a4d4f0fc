// The rows of one file, whatever its format, without holding the file in memory.
import { open } from 'node:fs/promises'
import { extname } from 'node:path'
import { FileError } from '../../errors.js'
import { streamLines, streamText } from '../../io/line-stream.js'
import { readTextFile } from '../../io/text-file.js'
import { bad } from '../../runtime/options.js'
import { checkHeader, records, tooManyCells } from '../tables/delimited.js'
import { elements, rowFrom } from '../tables/json.js'
import { parquetRows } from '../tables/parquet.js'

/** A row: values by the names of their columns. */
export type Row = Readonly<Record<string, unknown>>

/** A row, and where it is from. */
export interface PlacedRow {
  row: Row
  /** The file; null for rows from memory. */
  file: string | null
  /** Its line in the file, its number in a parquet file and among rows from memory; from 1. */
  line: number
}

/** File formats of {@link readRows}. */
export type RowsFormat = 'jsonl' | 'json' | 'csv' | 'tsv' | 'parquet' | 'text'

/** What a row of a text file is, as in the `text` loader of Hugging Face datasets. */
export type TextUnit = 'line' | 'paragraph' | 'document'

const ENDINGS: Readonly<Record<string, RowsFormat>> = {
  ...{ '.jsonl': 'jsonl', '.ndjson': 'jsonl', '.json': 'json', '.csv': 'csv', '.tsv': 'tsv' },
  ...{ '.parquet': 'parquet', '.pq': 'parquet', '.txt': 'text', '.md': 'text' },
}

/** The format of a file by the end of its name; null for others. */
export const formatOf = (path: string): RowsFormat | null => ENDINGS[extname(path).toLowerCase()] ?? null

/** How files are read. */
export interface FileOptions {
  format: RowsFormat | null
  sampleBy: TextUnit
  signal: AbortSignal | undefined
}

/** The rows of a file. @throws {FileError} {FormatError} naming file and line. @throws {OptionError} for a name of no known format. */
export async function* rowsOfFile(file: string, { format, sampleBy, signal }: FileOptions): AsyncGenerator<PlacedRow> {
  const known = format ?? formatOf(file)
  if (known === null)
    throw bad('data.readRows', 'format', `given: the name ends in none of ${Object.keys(ENDINGS).join(', ')}`, file)
  if (known === 'parquet') {
    let line = 0
    for await (const row of parquetRows(file)) yield { row, file, line: ++line }
  } else if (known === 'text') yield* texts(file, sampleBy)
  else if (known === 'csv' || known === 'tsv') yield* delimited(file, known, signal)
  else if (known === 'json' && (await firstCharacter(file)) === '[') yield* array(file)
  else {
    for await (const { line, text } of streamLines(file))
      if (text.trim() !== '') yield { row: rowFrom(text, `${file}, line ${line}`), file, line }
  }
}

async function* delimited(file: string, format: 'csv' | 'tsv', signal: AbortSignal | undefined) {
  const isCsv = format === 'csv'
  let header: readonly string[] | null = null
  let rows = 0
  const options = { delimiter: isCsv ? (',' as const) : ('\t' as const), quotes: isCsv, signal }
  for await (const { cells, line } of records(file, streamText(file), options)) {
    if (header === null) {
      header = checkHeader(file, cells)
      continue
    }
    if (cells.length > header.length) throw tooManyCells(file, rows, line, cells, header)
    rows++
    yield { row: Object.fromEntries(header.map((name, i) => [name, cells[i] ?? null])), file, line }
  }
}

/** An array of objects is read as a whole: only its brackets say where a row ends. */
async function* array(file: string): AsyncGenerator<PlacedRow> {
  const text = await readTextFile(file)
  for (const { start, end, line } of elements(file, text, text.search(/\S/)))
    yield { row: rowFrom(text.slice(start, end), `${file}, line ${line}`), file, line }
}

/** Rows `{ text }`. Blank lines are no rows; they separate paragraphs. */
async function* texts(file: string, sampleBy: TextUnit): AsyncGenerator<PlacedRow> {
  let [lines, first]: [string[], number] = [[], 1]
  for await (const { line, text } of streamLines(file)) {
    const isBlank = text.trim() === ''
    if (sampleBy === 'line') {
      if (!isBlank) yield { row: { text }, file, line }
      continue
    }
    const ends = sampleBy === 'paragraph' && isBlank
    if (ends && lines.length > 0) yield { row: { text: lines.join('\n') }, file, line: first }
    if (ends) lines = []
    else if (lines.length > 0 || !isBlank) {
      if (lines.length === 0) first = line
      lines.push(text)
    }
  }
  if (lines.length > 0) yield { row: { text: lines.join('\n').trimEnd() }, file, line: first }
}

async function firstCharacter(path: string): Promise<string | undefined> {
  const file = await open(path).catch((cause: Error) => {
    throw new FileError({ what: `${path} cannot be read`, expected: 'a file', received: cause.message, fix: 'check the path', cause }) // prettier-ignore
  })
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1 << 12), 0, 1 << 12, 0)
    return buffer
      .toString('utf8', 0, bytesRead)
      .replace(/^\uFEFF/, '')
      .trimStart()[0]
  } finally {
    await file.close()
  }
}
