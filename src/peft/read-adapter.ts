// An adapter in any form that is known. What it is, its content says.
import { stat } from 'node:fs/promises'
import { ADAPTER, ADAPTER_CONFIG } from '../hub/files.js'
import { folderOf } from '../hub/folder.js'
import type { HubOptions } from '../hub/options.js'
import { namedGguf, onlyGguf } from '../models/gguf/find.js'
import { readAdapterConfig, readPeft } from './files.js'
import type { AdapterForm } from './adapter-form.js'
import { readLoralib } from './loralib-file.js'
import type { LoralibFacts } from './loralib-file.js'
import { isGgufFile, readGgufAdapter } from './gguf.js'
import type { BaseConfig } from './gguf.js'
import { isMlxConfig, readMlx } from './mlx.js'

/** The forms of an adapter on disk. */
export type AdapterFormat = 'peft' | 'mlx' | 'loralib' | 'gguf'

/** What a reader is told beside the path. */
export interface ReadOptions {
  hub?: HubOptions
  /** Name of a GGUF file in the folder or the repository. */
  ggufFile?: string | undefined
  loralib?: LoralibFacts | undefined
  /** Whether a path is that of an embedding. @default by its name */
  isEmbedding?: (path: string) => boolean
  /** Configuration of the base model; null where it is not known. */
  base: BaseConfig | null
}

/** Reads a folder of PEFT or mlx-lm or with one GGUF file, of a hub too, a GGUF file, or a file of loralib's factors. Its tensors belong to the caller. */
export async function readAdapter(
  owner: string,
  path: string,
  { hub = {}, ggufFile, loralib, isEmbedding, base }: ReadOptions,
): Promise<AdapterForm & { format: AdapterFormat }> {
  const gguf = async (file: string) => ({ ...(await readGgufAdapter(owner, file, base)), format: 'gguf' as const })
  if (ggufFile !== undefined) return gguf(await namedGguf(owner, path, ggufFile, hub))
  const found = typeof path === 'string' ? await stat(path).catch(() => null) : null
  if (found?.isFile() && (await isGgufFile(path))) return gguf(path)
  if (found?.isFile()) return { ...(await readLoralib(owner, path, loralib, isEmbedding)), format: 'loralib' }
  const dir = await folderOf(owner, path, hub, ADAPTER)
  const only = await onlyGguf(dir, [ADAPTER_CONFIG])
  if (only !== null) return gguf(only)
  const json = await readAdapterConfig(owner, dir)
  if (isMlxConfig(json)) return { ...(await readMlx(dir, json)), format: 'mlx' }
  return { ...(await readPeft(owner, dir, json)), format: 'peft' }
}
