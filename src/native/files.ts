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

  /** Opens one: safetensors, torch, or an index of shards. A mapped one (a base) stays in place and must not be rewritten while it is used. */
  static async open(path: string, mapped: boolean): Promise<WeightsFile> {
    return new WeightsFile(await callAsync(() => native.openWeights(path, mapped)))
  }

  /** `{tensors: [{name, dtype, shape}], metadata: {…}}` of a safetensors file in the order of the file, as JSON; null for other files. */
  header(): string | null {
    return call(() => this.#file.header())
  }

  /** What the file holds: nodes, inner ones first, and the root, as JSON. Tensors stand in it by number. */
  object(): string {
    return call(() => this.#file.object())
  }

  /** Makes tensor number `index` of the file; returns its id. A window of the mapping for a base, a copy else. */
  tensor(index: number): number {
    return call(() => this.#file.tensor(index))
  }

  /** Lets go of the file; tensors that lie in it keep what they need. Without this its bytes would stay until a collection. */
  close(): void {
    this.#file.close()
  }
}

/**
 * Writes a snapshot of tensors, taken at this place of the queue, as a safetensors file. `metadata` is a flat list of pairs; without `sync` nothing
 * waits for the disk.
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
