// Weight files.
import type { NativeWeights } from './binding.js'
import { call, callAsync } from './call.js'
import { native } from './load.js'

/** An open weight file, or an index with its shards. */
export class WeightsFile {
  readonly #file: NativeWeights

  private constructor(file: NativeWeights) {
    this.#file = file
  }

  /** Opens a file: safetensors, torch, or an index of shards. A mapped one (a base) is not copied and must not be rewritten while it is used. */
  static async open(path: string, mapped: boolean): Promise<WeightsFile> {
    return new WeightsFile(await callAsync(() => native.openWeights(path, mapped)))
  }

  /** `{tensors: [{name, dtype, shape}], metadata: {…}}` of a safetensors file in the order of the file, as JSON; null for other files. */
  header(): string | null {
    return call(() => this.#file.header())
  }

  /** The content of the file as JSON: nodes, inner ones first, and the root. Tensors are given by number. */
  object(): string {
    return call(() => this.#file.object())
  }

  /** Makes tensor number `index` of the file; returns its id. A view of the mapping when the file is mapped, else a copy. */
  tensor(index: number): number {
    return call(() => this.#file.tensor(index))
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
