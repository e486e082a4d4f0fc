// Parquet files. The reader is loaded only when one is read.
import { stat } from 'node:fs/promises'
import type { AsyncBuffer } from 'hyparquet'
import { FileError, FormatError, LoraError, UnsupportedError } from '../../errors.js'
import type { Cell } from './table.js'
import { checkCells, Table } from './table.js'

type Decompress = (input: Uint8Array, outputLength: number) => Uint8Array

type Zstd = (input: Uint8Array, options: { maxOutputLength: number }) => Uint8Array

/** Bytes of a page that is unpacked. Writers make pages of about one megabyte. */
const MOST_PAGE_BYTES = 1 << 26

/** What a page may unpack to: not more than its head says. */
const pageBytes = (claimed: number): number => Math.min(MOST_PAGE_BYTES, Math.max(1, claimed))

// Codecs that Node decompresses, and Snappy, which the reader brings along.
function compressors(snappy: (input: Uint8Array, output: Uint8Array) => void): Record<string, Decompress> {
  // At its first use: importing it takes a part of the package's start.
  const zlib = process.getBuiltinModule('node:zlib')
  const known: Record<string, Decompress> = {
    SNAPPY(input, outputLength) {
      // 64 bytes for three at most. The length stands in the file, and would be taken before anything is unpacked.
      if (outputLength > 64 + 24 * input.length) throw new Error(`a page that claims ${outputLength} bytes`)
      const output = new Uint8Array(outputLength)
      snappy(input, output)
      return output
    },
    GZIP: (input, maxOutputLength) => zlib.gunzipSync(input, { maxOutputLength: pageBytes(maxOutputLength) }),
    BROTLI: (input, maxOutputLength) =>
      zlib.brotliDecompressSync(input, { maxOutputLength: pageBytes(maxOutputLength) }),
  }
  const { zstdDecompressSync: zstd } = zlib as { zstdDecompressSync?: Zstd } // Node 22.15
  if (zstd) known['ZSTD'] = (input, maxOutputLength) => zstd(input, { maxOutputLength: pageBytes(maxOutputLength) })
  return known
}

/** What reading a file needs. */
async function opened(path: string) {
  await stat(path).catch((cause: Error) => {
    const fix = 'check the path'
    throw new FileError({ what: `${path} cannot be read`, expected: 'a file', received: cause.message, fix, cause })
  })
  const { snappyUncompress, ...hyparquet } = await import('hyparquet')
  const { file, abandon } = patient(await hyparquet.asyncBufferFromFile(path))
  return { ...hyparquet, file, abandon, compressors: compressors(snappyUncompress) }
}

/** @throws {FormatError} when it is not a parquet file. @throws {UnsupportedError} for nested columns. */
export async function readParquet(path: string, most: number): Promise<Table> {
  const { parquetMetadataAsync, parquetRead, parquetSchema, file, abandon, ...rest } = await opened(path)
  try {
    const metadata = await parquetMetadataAsync(file)
    const fields = parquetSchema(metadata).children
    const nested = fields.find((field) => field.children.length > 0)
    if (nested) throw nestedColumn(path, nested.element.name)
    const rows = Math.min(Number(metadata.num_rows), most)
    checkCells(path, rows * fields.length, file.byteLength)
    const cells = new Map(fields.map(({ element }) => [element.name, new Array<Cell>(rows).fill(null)]))
    let strange: Error | undefined
    const onChunk = ({
      columnName,
      columnData,
      rowStart,
    }: {
      columnName: string
      columnData: ArrayLike<unknown>
      rowStart: number
    }) => {
      const column = cells.get(columnName)
      // An error thrown here would be nobody's.
      if (column === undefined || !(rowStart >= 0)) strange ??= new Error(`rows of the column ${columnName}`)
      if (column === undefined || strange !== undefined) return
      const end = Math.min(columnData.length, rows - rowStart)
      for (let i = 0; i < end; i++) column[rowStart + i] = plain(columnData[i])
    }
    await parquetRead({ file, metadata, rowEnd: rows, compressors: rest.compressors, onChunk })
    if (strange !== undefined) throw strange
    const floating = fields.filter(({ element }) => element.type === 'FLOAT' || element.type === 'DOUBLE')
    return new Table(path, cells, { floating: new Set(floating.map(({ element }) => element.name)) })
  } catch (cause) {
    abandon()
    throw unreadable(path, cause)
  }
}

/** The rows of a file, a row group at a time; nested columns are lists and objects. @throws {FormatError} when it is not a parquet file. */
export async function* parquetRows(path: string): AsyncGenerator<Record<string, unknown>> {
  const { parquetMetadataAsync, parquetReadObjects, file, abandon, ...rest } = await opened(path)
  try {
    const metadata = await parquetMetadataAsync(file)
    let rowStart = 0
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows)
      checkCells(path, (rowEnd - rowStart) * group.columns.length, file.byteLength)
      const rows = await parquetReadObjects({ file, metadata, rowStart, rowEnd, compressors: rest.compressors })
      for (const row of rows) yield deep(row) as Record<string, unknown>
      rowStart = rowEnd
    }
  } catch (cause) {
    abandon()
    throw unreadable(path, cause)
  }
}

/** Lists and objects of plain values. */
function deep(value: unknown): unknown {
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value as unknown[], deep)
  if (typeof value !== 'object' || value === null || value instanceof Date) return plain(value)
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, deep(each)]))
}

function unreadable(path: string, cause: unknown): LoraError {
  if (cause instanceof LoraError) return cause
  return new FormatError({
    what: `${path} cannot be read as parquet`,
    expected: 'a parquet file, plain or compressed with Snappy, GZip, Brotli or (from Node 22.15) Zstandard',
    received: cause instanceof Error ? cause.message : String(cause),
    fix: 'check that the file was downloaded completely; write others with compression "snappy"',
    cause,
  })
}

/**
 * A file that gives its bytes a turn of the event loop later. The reader starts with all columns before it waits for any of them: when it fails in between,
 * those that have begun must not fail after it, where nobody waits for them and Node ends the process.
 */
function patient(file: AsyncBuffer): { file: AsyncBuffer; abandon: () => void } {
  let abandoned = false
  const slice = async (start: number, end?: number): Promise<ArrayBuffer> => {
    const bytes = await file.slice(start, end)
    await new Promise((resolve) => setImmediate(resolve))
    return abandoned ? new Promise<never>(() => {}) : bytes
  }
  return { file: { byteLength: file.byteLength, slice }, abandon: () => (abandoned = true) }
}

function plain(value: unknown): Cell {
  if (value === undefined || value === null) return null
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  return value instanceof Date ? value.toISOString() : String(value)
}

function nestedColumn(path: string, name: string): UnsupportedError {
  return new UnsupportedError({
    what: `${path}: column '${name}' is nested`,
    expected: 'columns of plain values',
    received: 'a list, map or struct',
    fix: 'flatten it before writing the file',
  })
}
