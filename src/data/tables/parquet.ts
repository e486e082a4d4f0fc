// Parquet files. The reader is loaded only when one is read.
import { stat } from 'node:fs/promises'
import { FileError, FormatError, UnsupportedError } from '../../errors.js'
import type { Cell } from './table.js'
import { Table } from './table.js'

type Decompress = (input: Uint8Array, outputLength: number) => Uint8Array

// Codecs that Node decompresses; the reader itself has Snappy, which most files use.
function compressors(): Record<string, Decompress> {
  // At its first use: importing it takes a part of the package's start.
  const zlib = process.getBuiltinModule('node:zlib')
  const known: Record<string, Decompress> = {
    GZIP: (input) => zlib.gunzipSync(input),
    BROTLI: (input) => zlib.brotliDecompressSync(input),
  }
  const zstd = (zlib as { zstdDecompressSync?: (input: Uint8Array) => Uint8Array }).zstdDecompressSync // Node 22.15
  if (zstd) known['ZSTD'] = (input) => zstd(input)
  return known
}

/** @throws {FormatError} when it is not a parquet file. @throws {UnsupportedError} for nested columns. */
export async function readParquet(path: string, most: number): Promise<Table> {
  await stat(path).catch((cause: Error) => {
    const fix = 'check the path'
    throw new FileError({ what: `${path} cannot be read`, expected: 'a file', received: cause.message, fix, cause })
  })
  const { asyncBufferFromFile, parquetMetadataAsync, parquetRead, parquetSchema } = await import('hyparquet')
  const file = await asyncBufferFromFile(path)
  try {
    const metadata = await parquetMetadataAsync(file)
    const fields = parquetSchema(metadata).children
    const nested = fields.find((field) => field.children.length > 0)
    if (nested) throw nestedColumn(path, nested.element.name)
    const rows = Math.min(Number(metadata.num_rows), most)
    const cells = new Map(fields.map(({ element }) => [element.name, new Array<Cell>(rows).fill(null)]))
    const onChunk = ({
      columnName,
      columnData,
      rowStart,
    }: {
      columnName: string
      columnData: ArrayLike<unknown>
      rowStart: number
    }) => {
      const column = cells.get(columnName)!
      const end = Math.min(columnData.length, rows - rowStart)
      for (let i = 0; i < end; i++) column[rowStart + i] = plain(columnData[i])
    }
    await parquetRead({ file, metadata, rowEnd: rows, compressors: compressors(), onChunk })
    const floating = fields.filter(({ element }) => element.type === 'FLOAT' || element.type === 'DOUBLE')
    return new Table(path, cells, { floating: new Set(floating.map(({ element }) => element.name)) })
  } catch (cause) {
    if (cause instanceof UnsupportedError) throw cause
    throw new FormatError({
      what: `${path} cannot be read as parquet`,
      expected: 'a parquet file, plain or compressed with Snappy, GZip, Brotli or (from Node 22.15) Zstandard',
      received: cause instanceof Error ? cause.message : String(cause),
      fix: 'check that the file was downloaded completely; write others with compression "snappy"',
      cause,
    })
  }
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
