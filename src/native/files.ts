// Weight files.
import type { NativeGgufWriter, NativeWeights } from './binding.js'
import { call, callAsync } from './call.js'
import { native } from './load.js'

/** An open weight file, or an index with its shards. */
export class WeightsFile {
  readonly #file: NativeWeights

  private constructor(file: NativeWeights) {
    this.#file = file
  }

  /** Opens a file: safetensors, torch, GGUF, or an index of shards. A mapped one (a base) is not copied and must not be rewritten while it is used. */
  static async open(path: string, mapped: boolean): Promise<WeightsFile> {
    return new WeightsFile(await callAsync(() => native.openWeights(path, mapped)))
  }

  /** `{tensors: [{name, dtype, shape}], metadata: {…}}` of a safetensors file in the order of the file, as JSON; null for other files. */
  header(): string | null {
    return call(() => this.#file.header())
  }

  /** Version, alignment, tensors and typed metadata of a GGUF file as JSON; null for other files. */
  gguf(): string | null {
    return call(() => this.#file.gguf())
  }

  /** The content of the file as JSON: nodes, inner ones first, and the root. Tensors are given by number. */
  object(): string {
    return call(() => this.#file.object())
  }

  /** Makes tensor number `index` of the file; returns its id. A view of the mapping when the file is mapped, else a copy. */
  tensor(index: number): number {
    return call(() => this.#file.tensor(index))
  }

  /** The same of the projection of queries or keys of so many heads, its rows in the order of Hugging Face: a copy. */
  headRows(index: number, heads: number): number {
    return call(() => this.#file.headRows(index, heads))
  }

  /** Releases the file; tensors in its mapping keep what they need. Without this call its bytes would stay until a collection. */
  close(): void {
    this.#file.close()
  }
}

/**
 * Writes a snapshot of tensors, taken at this point in the queue, as a safetensors file. `metadata` is a flat list of pairs; without `sync` it does
 * not wait for the disk.
 */
export function saveWeights(
  path: string,
  names: string[],
  ids: Float64Array,
  metadata: string[],
  sync: boolean,
): Promise<void> {
  return callAsync(() => native.saveWeights(path, names, ids, metadata, sync))
}

/** A GGUF file that is being written. */
export class GgufFile {
  readonly #writer: NativeGgufWriter

  /** Lays it out: `fields` is a JSON list of keys, types and values. */
  constructor(
    path: string,
    fields: string,
    tensors: readonly { name: string; dtype: number; shape: readonly number[] }[],
    sync: boolean,
  ) {
    const names = tensors.map(({ name }) => name)
    const dtypes = Float64Array.from(tensors, ({ dtype }) => dtype)
    const shapes = Float64Array.from(tensors.flatMap(({ shape }) => [shape.length, ...shape]))
    this.#writer = call(() => native.NativeGgufWriter.create(path, fields, names, dtypes, shapes, sync))
  }

  /**
   * Writes the bytes of a tensor, as they are at this point in the queue; resolves when they are written. With a number of `heads` it is a projection of queries or
   * keys, whose rows llama.cpp has in another order; 0 for none.
   */
  write(id: number, heads: number): Promise<void> {
    return callAsync(() => this.#writer.write(id, heads))
  }

  /** Gives the file its name. */
  finish(): Promise<void> {
    return callAsync(() => this.#writer.finish())
  }

  /** Ends the writing; resolves when nothing is left of it. */
  abort(): Promise<void> {
    return callAsync(() => this.#writer.abort())
  }
}

/** The number of a dtype in `general.file_type`; null where there is none. */
export function ggufFileType(dtype: number): number | null {
  return call(() => native.ggufFileType(dtype))
}
