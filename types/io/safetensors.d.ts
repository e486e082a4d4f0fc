// Generated from src/io/safetensors.ts by `npm run api`. Do not edit.

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
export declare function save(dict: StateDict, path: string, options?: SaveFileOptions): Promise<void>
