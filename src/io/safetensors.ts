import { checkOptions } from '../runtime/check-options.js'
import * as schemas from '../generated/options.js'
import { saveWeights } from '../native/files.js'
import { checkTensors } from '../tensor/named-tensors.js'
import type { StateDict } from '../nn/module.js'

/** Options of {@link save}. */
export interface SaveFileOptions {
  /** Strings for the header of the file. @default only `format: 'pt'` */
  metadata?: Record<string, string>
  /**
   * Wait until the disk has the file. Without it `save` ends when the system has taken the bytes, as that of PyTorch does: a crash of this process
   * still loses nothing, but when the whole system stops within the next half a minute (power, kernel), the file may be found empty, cut or full of
   * zeros, and what was there before is gone. Set it to false for files that can be made again. @default true
   */
  sync?: boolean
}

/**
 * Writes tensors to a safetensors file that Python's readers take. The values are those of this moment in the queue; the file appears whole or
 * not at all, and what was there before is lost only then.
 *
 * Tensors of a mapped file are written from there; of the others it holds a copy until they are written.
 * @throws {FileError} when it cannot be written.
 */
export async function save(dict: StateDict, path: string, options: SaveFileOptions = {}): Promise<void> {
  checkOptions('save', options, schemas.SaveFileOptions)
  const { sync = true } = options
  checkTensors('save', dict)
  const entries = Object.entries(dict)
  const names = entries.map(([name]) => name)
  const ids = Float64Array.from(entries, ([, tensor]) => tensor.id)
  const metadata = Object.entries({ format: 'pt', ...options.metadata }).flat()
  await saveWeights(path, names, ids, metadata, sync)
}
