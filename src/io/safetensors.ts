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
   * Wait until the file is on the disk (fsync). Without it `save` ends when the system has taken the bytes, as in PyTorch: a crash of this process
   * still loses nothing, but if the whole system stops within the next half minute (power, kernel), the file may be empty, truncated or full of
   * zeros, and the previous file is lost. Set it to false for files that can be made again. @default true
   */
  sync?: boolean
}

/**
 * Writes tensors to a safetensors file, which Python can read. The values are those of this point in the queue. The file is written under another
 * name and then renamed, so the path holds the previous file or the whole new one.
 *
 * Tensors of a mapped file are written from the mapping; the others are copied first, and the copies are held until they are written.
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
