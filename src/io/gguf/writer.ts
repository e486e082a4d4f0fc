// GGUF files, written tensor by tensor.
import { OptionError, ShapeError } from '../../errors.js'
import { GgufFile } from '../../native/files.js'
import { checkOptions } from '../../runtime/check-options.js'
import { bad, checkChoice, show } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'
import { dtypeNumber } from '../../native/record.js'
import { isBlocks, isFloat, dtypeForRows } from '../../tensor/dtype.js'
import { noGrad } from '../../tensor/scope.js'
import type { Dtype, Tensor } from '../../tensor/tensor.js'
import { checkTensors } from '../../tensor/named-tensors.js'
import { fieldsText } from './header.js'
import type { GgufField } from './header.js'

/** The dtypes that this library writes to GGUF files. */
export const GGUF_DTYPES = [
  ...(['f32', 'f16', 'bf16', 'f64', 'i64', 'q8_0', 'q4_0', 'q4_1', 'q5_0', 'q5_1'] as const),
  ...(['q2_k', 'q3_k', 'q4_k', 'q5_k', 'q6_k'] as const),
]

/** A dtype of a tensor in a GGUF file. */
export type GgufDtype =
  | 'f32'
  | 'f16'
  | 'bf16'
  | 'f64'
  | 'i64'
  | 'q8_0'
  | 'q4_0'
  | 'q4_1'
  | 'q5_0'
  | 'q5_1'
  | 'q2_k'
  | 'q3_k'
  | 'q4_k'
  | 'q5_k'
  | 'q6_k'

/** A tensor of a file that is to be written. */
export interface GgufTensorInfo {
  /** At most 63 bytes. */
  name: string
  /** Type in the file. */
  dtype: GgufDtype
  /** Row-major shape of at most four dimensions. */
  shape: readonly number[]
}

/** What a {@link GgufWriter} writes. */
export interface GgufWriterOptions {
  /** The tensors in the order of the file. */
  tensors: readonly GgufTensorInfo[]
  /** Fields by key, each with its type: `{ 'general.architecture': { type: 'string', value: 'llama' } }`. @default none */
  metadata?: Readonly<Record<string, GgufField>>
  /** Wait until the file is on the disk (fsync), as in `save`. @default true */
  sync?: boolean
}

/**
 * Writes a GGUF file tensor by tensor, so that no more than one of them is in memory. The file is written under another name and gets its own in
 * {@link GgufWriter.finish}: the path holds the previous file or the whole new one.
 *
 * @example
 * const tensors = [{ name: 'token_embd.weight', dtype: 'q8_0', shape: [1000, 64] }]
 * const writer = new lora.GgufWriter('model.gguf', { tensors, metadata: { 'general.architecture': { type: 'string', value: 'llama' } } })
 * for (let part = 0; part < 10; part++) await writer.write('token_embd.weight', lora.randn([100, 64])) // in parts of rows
 * await writer.finish()
 */
export class GgufWriter {
  readonly #file: GgufFile
  readonly #tensors: readonly GgufTensorInfo[]
  /** The tensor that comes next, and how many of its rows are written. */
  #next = 0
  #rows = 0
  #isClosed = false

  /** Lays the file out; the path must be one that can be written when the first tensor comes. */
  constructor(path: string, options: GgufWriterOptions) {
    checkOptions('GgufWriter', options, schemas.GgufWriterOptions)
    if (typeof path !== 'string' || path === '') throw bad('GgufWriter', 'path', 'the path of a file', path)
    const { tensors, metadata = {}, sync = true } = options
    for (const { name, dtype } of tensors) checkChoice('GgufWriter', `tensors: dtype of ${name}`, dtype, GGUF_DTYPES)
    this.#tensors = tensors.map((info) => ({ ...info, shape: [...info.shape] }))
    const layout = this.#tensors.map(({ name, dtype, shape }) => ({ name, dtype: dtypeNumber(dtype), shape }))
    this.#file = new GgufFile(path, fieldsText(metadata), layout, sync)
    this.#skipEmpty()
  }

  /**
   * Writes a tensor, or the next rows of it. Tensors come in the order of the file; the values are those of this point in the queue. Floats are converted
   * to the type that the file has for the tensor. Resolves when the rows are written, so that awaiting it bounds the memory.
   * @throws {OptionError} for another tensor than the next. @throws {ShapeError} for rows of another length, or too many.
   */
  async write(name: string, rows: Tensor): Promise<void> {
    return this.writeRows(name, rows, 0)
  }

  /**
   * The same; with a number of `heads` the rows, a whole projection of queries or keys, are put into llama.cpp's order.
   * @internal
   */
  async writeRows(name: string, rows: Tensor, heads: number): Promise<void> {
    this.#checkOpen('write')
    checkTensors('GgufWriter.write', { rows })
    const info = this.#tensors[this.#next]
    if (info === undefined || info.name !== name) throw wrongTensor(name, info?.name)
    const count = checkRows(info, rows, this.#rows)
    const convert = rows.dtype !== info.dtype
    if (convert && !(isFloat(rows.dtype) || isBlocks(rows.dtype))) throw noFloats(info, rows)
    const stored = convert ? noGrad(() => converted(rows, info.dtype)) : rows
    this.#rows += count
    if (this.#rows === rowsOf(info.shape)) {
      this.#next++
      this.#rows = 0
      this.#skipEmpty()
    }
    const written = stored.numel === 0 ? Promise.resolve() : this.#file.write(stored.id, heads)
    if (convert) stored.dispose()
    return written
  }

  /**
   * Gives the file its name. The writer is of no use afterwards.
   * @throws {OptionError} when tensors are missing; the writing is ended then, and the path keeps what it had.
   */
  async finish(): Promise<void> {
    this.#checkOpen('finish')
    this.#isClosed = true
    const missing = this.#tensors.slice(this.#next).map(({ name }) => name)
    if (missing.length === 0) return this.#file.finish()
    await this.#file.abort()
    throw new OptionError({
      what: `GgufWriter.finish: ${missing.length} of ${this.#tensors.length} tensors are missing`,
      expected: 'every tensor, all of its rows',
      received: `not ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ', …' : ''}`,
      fix: 'write them before finish()',
    })
  }

  /** Ends the writing: the path keeps what it had. Without effect after {@link GgufWriter.finish}. */
  async abort(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#file.abort()
  }

  // A tensor without rows has no bytes to wait for.
  #skipEmpty(): void {
    while (this.#tensors[this.#next]?.shape.includes(0)) this.#next++
  }

  #checkOpen(method: string): void {
    if (!this.#isClosed) return
    throw new OptionError({
      what: `GgufWriter.${method}: the file is closed`,
      expected: 'a writer before finish() and abort()',
      received: 'one that has ended',
      fix: 'make another writer',
    })
  }
}

/** Options of {@link saveGguf}. */
export interface SaveGgufOptions {
  /** Fields by key, each with its type. @default none */
  metadata?: Readonly<Record<string, GgufField>>
  /**
   * Type in the file of tensors of floats: one for all matrices (vectors are f32 then), or one for each name. Where rows are no whole blocks, llama.cpp's
   * fallback is taken (`q5_0` for `q4_k`, `q5_1` for `q5_k`, `q8_0` for `q6_k`, `q4_0` for `q2_k` and `q3_k`), and f16 where no block fits.
   * @default each tensor's own
   */
  dtype?: GgufDtype | Readonly<Record<string, GgufDtype>>
  /** Wait until the file is on the disk (fsync), as in `save`. @default true */
  sync?: boolean
}

/**
 * Writes tensors to a GGUF file, one after the other, and returns the type of each in the file. The tensors must not be changed before it resolves.
 * A model goes into a file that llama.cpp reads with `models.saveGguf`, which knows names, layouts and metadata.
 *
 * @example
 * const types = await lora.saveGguf({ 'a.weight': lora.randn([64, 96]) }, 'a.gguf', { dtype: 'q4_k' }) // { 'a.weight': 'q5_0' }
 * @throws {FileError} when it cannot be written. @throws {OptionError} for a tensor that was changed meanwhile.
 */
export async function saveGguf(
  tensors: Readonly<Record<string, Tensor>>,
  path: string,
  options: SaveGgufOptions = {},
): Promise<Record<string, GgufDtype>> {
  checkOptions('saveGguf', options, schemas.SaveGgufOptions)
  checkTensors('saveGguf', tensors)
  const { dtype, metadata = {}, sync = true } = options
  const entries = Object.entries(tensors)
  const infos = entries.map(([name, tensor]) => ({
    name,
    shape: tensor.shape,
    dtype: fileDtype(name, tensor, typeof dtype === 'object' ? (dtype[name] ?? null) : (dtype ?? null)),
  }))
  const sources = entries.map(([name, tensor]) => unchanged(name, tensor))
  await writeGguf(path, { tensors: infos, metadata, sync }, sources)
  return Object.fromEntries(infos.map(({ name, dtype }) => [name, dtype]))
}

/** A tensor that must be at its turn what it was at the call. */
export function unchanged(name: string, tensor: Tensor): () => Tensor {
  const { version } = tensor
  return () => {
    if (tensor.version === version) return tensor
    throw new OptionError({
      what: `saveGguf: ${name} was changed while the file was being written`,
      expected: 'tensors that stay as they are until the promise resolves',
      received: `${tensor.version - version} changes in place`,
      fix: 'await saveGguf before the next step, or save a copy: tensor.clone()',
    })
  }
}

/** Writes a file whose tensors are made one after the other; `heads` of each as in {@link GgufWriter.writeRows}. */
export async function writeGguf(
  path: string,
  options: GgufWriterOptions,
  sources: readonly (() => Tensor)[],
  heads: readonly number[] = [],
): Promise<void> {
  const writer = new GgufWriter(path, options)
  try {
    for (const [i, { name }] of options.tensors.entries()) await writer.writeRows(name, sources[i]!(), heads[i] ?? 0)
    await writer.finish()
  } catch (error) {
    await writer.abort()
    throw error
  }
}

/** The type that a tensor gets in a file where `wanted` is asked for; null for its own. */
export function fileDtype(
  name: string,
  { dtype, shape }: { dtype: Dtype; shape: readonly number[] },
  wanted: GgufDtype | null,
): GgufDtype {
  const isNumber = isFloat(dtype) || isBlocks(dtype)
  if (wanted === null || !isNumber) return checkChoice('saveGguf', `dtype of ${name}`, dtype as GgufDtype, GGUF_DTYPES)
  if (shape.length < 2) return 'f32'
  if (!isBlocks(wanted)) return wanted
  return dtypeForRows(wanted, shape.at(-1)!) ?? 'f16'
}

function converted(rows: Tensor, dtype: GgufDtype): Tensor {
  if (!isBlocks(rows.dtype) || dtype === 'f32') return rows.to(dtype)
  const wide = rows.to('f32')
  const result = wide.to(dtype)
  wide.dispose()
  return result
}

const rowsOf = (shape: readonly number[]) => shape[0] ?? 1

function checkRows({ name, shape }: GgufTensorInfo, rows: Tensor, before: number): number {
  const count = rowsOf(rows.shape)
  const fits =
    rows.shape.length === shape.length &&
    rows.shape.slice(1).join() === shape.slice(1).join() &&
    before + count <= rowsOf(shape)
  if (fits) return count
  const left = rowsOf(shape) - before
  throw new ShapeError({
    what: `GgufWriter.write: these are no rows of ${name}`,
    expected: shape.length === 0 ? 'one number' : `(${[`up to ${left}`, ...shape.slice(1)].join(', ')})`,
    received: show(rows),
    fix:
      before > 0
        ? `${before} of ${rowsOf(shape)} rows are written: give the rest`
        : 'give the tensor in the shape that was announced',
  })
}

function wrongTensor(name: string, next: string | undefined): OptionError {
  return new OptionError({
    what: `GgufWriter.write: ${show(name)} is not the next tensor of the file`,
    expected: next === undefined ? 'finish(): all tensors are written' : next,
    received: show(name),
    fix: 'write the tensors in the order in which they were announced',
  })
}

function noFloats({ name, dtype }: GgufTensorInfo, rows: Tensor): OptionError {
  return new OptionError({
    what: `GgufWriter.write: ${name} was announced as ${dtype}, which integers are not converted to`,
    expected: `${dtype}, or another type of floats`,
    received: show(rows),
    fix: `convert it first, with .to('${dtype}')`,
  })
}
