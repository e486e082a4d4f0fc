// Encoded rows: in memory while they are few, in a file beyond. Any of them can be read, so that data larger than memory is shuffled and resumed, too.
import { closeSync, mkdtempSync, openSync, read, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Dataset } from '../../data/loader/index.js'
import type { PlacedRow } from '../../data/rows/index.js'
import { placeOf } from '../../data/rows/rows.js'

/** A row as a task trains on it. */
export interface Example {
  inputIds: readonly number[]
  /** A label for each token, −100 for none; or those of the row. */
  labels: readonly number[]
  /** 0 for the first text and 1 for the second one; null where the task has one. */
  tokenTypeIds: readonly number[] | null
}

/** An example with its number. */
export interface StoredExample extends Example {
  index: number
}

/** Bytes that stay in memory. */
const IN_MEMORY = 1 << 28

export class ExampleStore implements Dataset<StoredExample> {
  /** Tokens of each row. */
  readonly lengths: number[] = []
  /** What each row trains: tokens, or 1. */
  readonly weights: number[] = []
  private readonly sizes: [labels: number, types: number][] = []
  private readonly rows: (Buffer | number)[] = []
  private readonly places: Pick<PlacedRow, 'file' | 'line'>[] = []
  private bytes = 0
  private file: { fd: number; dir: string; end: number } | null = null

  constructor(private readonly inMemory = IN_MEMORY) {}

  get length(): number {
    return this.rows.length
  }

  add(
    { inputIds, labels, tokenTypeIds }: Example,
    { file, line }: Pick<PlacedRow, 'file' | 'line'>,
    weight: number,
  ): void {
    const numbers = Float64Array.from([...labels, ...inputIds, ...(tokenTypeIds ?? [])])
    const row = Buffer.from(numbers.buffer)
    this.lengths.push(inputIds.length)
    this.weights.push(weight)
    this.sizes.push([labels.length, tokenTypeIds?.length ?? 0])
    this.places.push({ file, line })
    this.bytes += row.length
    this.rows.push(this.bytes > this.inMemory ? this.write(row) : row)
  }

  get(index: number): StoredExample | Promise<StoredExample> {
    const row = this.rows[index]!
    return typeof row === 'number' ? this.read(index, row) : this.exampleOf(index, row)
  }

  /** Where a row is from, for messages. */
  place(index: number): string {
    return placeOf(this.places[index]!)
  }

  /** Removes the file. The store is not to be read afterwards. */
  close(): void {
    if (this.file === null) return
    closeSync(this.file.fd)
    rmSync(this.file.dir, { recursive: true, force: true })
    this.file = null
  }

  private write(row: Buffer): number {
    if (this.file === null) {
      const dir = mkdtempSync(join(tmpdir(), 'loralib-rows-'))
      this.file = { fd: openSync(join(dir, 'rows'), 'w+'), dir, end: 0 }
      // So that nothing is left behind, even by a process that is killed. Windows removes no open file.
      if (process.platform !== 'win32') rmSync(dir, { recursive: true })
    }
    const at = this.file.end
    writeSync(this.file.fd, row, 0, row.length, at)
    this.file.end += row.length
    return at
  }

  private async read(index: number, at: number): Promise<StoredExample> {
    const [labels, types] = this.sizes[index]!
    const row = Buffer.alloc(8 * (labels + types + this.lengths[index]!))
    await promisify(read)(this.file!.fd, row, 0, row.length, at)
    return this.exampleOf(index, row)
  }

  private exampleOf(index: number, row: Buffer): StoredExample {
    const [labels, types] = this.sizes[index]!
    const numbers = Array.from(new Float64Array(row.buffer, row.byteOffset, row.length / 8))
    const end = labels + this.lengths[index]!
    const tokenTypeIds = types > 0 ? numbers.slice(end) : null
    return { index, labels: numbers.slice(0, labels), inputIds: numbers.slice(labels, end), tokenTypeIds }
  }
}
