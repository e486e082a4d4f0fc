// Generated from src/io/gguf/writer.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
import type { GgufField } from './header.js'
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
export declare class GgufWriter {
  #private
  /** Lays the file out; the path must be one that can be written when the first tensor comes. */
  constructor(path: string, options: GgufWriterOptions)
  /**
   * Writes a tensor, or the next rows of it. Tensors come in the order of the file; the values are those of this point in the queue. Floats are converted
   * to the type that the file has for the tensor. Resolves when the rows are written, so that awaiting it bounds the memory.
   * @throws {OptionError} for another tensor than the next. @throws {ShapeError} for rows of another length, or too many.
   */
  write(name: string, rows: Tensor): Promise<void>
  /**
   * Gives the file its name. The writer is of no use afterwards.
   * @throws {OptionError} when tensors are missing; the writing is ended then, and the path keeps what it had.
   */
  finish(): Promise<void>
  /** Ends the writing: the path keeps what it had. Without effect after {@link GgufWriter.finish}. */
  abort(): Promise<void>
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
export declare function saveGguf(
  tensors: Readonly<Record<string, Tensor>>,
  path: string,
  options?: SaveGgufOptions,
): Promise<Record<string, GgufDtype>>
