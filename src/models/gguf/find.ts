// Where a model is: a folder in the Hugging Face layout, or a GGUF file.
import { access, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MODEL, WEIGHT_FILES, severalGguf } from '../../hub/files.js'
import { folderOf, hfHubDownload } from '../../hub/folder.js'
import { pickHubOptions } from '../../hub/options.js'
import type { HubOptions } from '../../hub/options.js'
import { loadGgufHeader } from '../../io/gguf/header.js'
import { bad } from '../../runtime/options.js'
import { familyOfFile } from './family.js'

/** A model on the disk: the path of its folder, or of its GGUF file. */
export interface ModelSource {
  readonly path: string
  readonly isGguf: boolean
}

/** Options that say where a model is. */
export interface SourceOptions extends HubOptions {
  /** Name of a GGUF file in the folder or the repository, as transformers' `gguf_file`. @default none; a folder that holds nothing else is read by its one GGUF file */
  ggufFile?: string
}

/**
 * Finds a model: a GGUF file, a folder with one, a folder in the Hugging Face layout, or a hub id, which is downloaded.
 * @throws {FileError} for a folder with several GGUF files and no other weights.
 */
export async function modelSource(owner: string, where: string, options: SourceOptions): Promise<ModelSource> {
  const { ggufFile } = options
  const hub = pickHubOptions(options)
  if (ggufFile !== undefined) return { path: await namedGguf(owner, where, ggufFile, hub), isGguf: true }
  const found = typeof where === 'string' ? await stat(where).catch(() => null) : null
  if (found?.isFile()) return { path: where, isGguf: true }
  const path = await folderOf(owner, where, hub, MODEL)
  const gguf = await onlyGguf(path, WEIGHT_FILES)
  return { path: gguf ?? path, isGguf: gguf !== null }
}

/** The GGUF file of this name in a folder or a repository. */
export async function namedGguf(owner: string, where: string, ggufFile: string, hub: HubOptions): Promise<string> {
  const found = typeof where === 'string' ? await stat(where).catch(() => null) : null
  if (found?.isFile()) throw bad(owner, 'ggufFile', `left out: ${where} is a file itself`, ggufFile)
  return found === null ? hfHubDownload(where, ggufFile, hub) : join(where, ggufFile)
}

/** The one GGUF file of a folder without any of the files that are read before it; null for none. @throws {FileError} for several. */
export async function onlyGguf(dir: string, before: readonly string[]): Promise<string | null> {
  const names = await readdir(dir).catch(() => [])
  if (names.some((name) => before.includes(name))) return null
  const found = names.filter((name) => /\.gguf$/i.test(name)).sort()
  if (found.length > 1) throw severalGguf(dir, found)
  return found.length === 1 ? join(dir, found[0]!) : null
}

/** `model_type` of the model in a GGUF file. */
export async function modelTypeOfFile(path: string): Promise<string> {
  return familyOfFile(path, await loadGgufHeader(path)).modelType
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
