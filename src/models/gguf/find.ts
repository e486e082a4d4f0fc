// Where a model is: a folder in the Hugging Face layout, or a GGUF file.
import { access, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { FileError } from '../../errors.js'
import { MODEL, WEIGHT_FILES } from '../../hub/files.js'
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
  const found = typeof where === 'string' ? await stat(where).catch(() => null) : null
  if (ggufFile !== undefined) {
    if (found?.isFile()) throw bad(owner, 'ggufFile', `left out: ${where} is a file itself`, ggufFile)
    const path = found === null ? await hfHubDownload(where, ggufFile, hub) : join(where, ggufFile)
    return { path, isGguf: true }
  }
  if (found?.isFile()) return { path: where, isGguf: true }
  if (found?.isDirectory() && !(await hasModel(where))) {
    const names = (await readdir(where)).filter((name) => /\.gguf$/i.test(name)).sort()
    if (names.length > 1) throw several(where, names)
    if (names.length === 1) return { path: join(where, names[0]!), isGguf: true }
  }
  return { path: await folderOf(owner, where, hub, MODEL), isGguf: false }
}

/** `model_type` of the model in a GGUF file. */
export async function modelTypeOfFile(path: string): Promise<string> {
  return familyOfFile(path, await loadGgufHeader(path)).modelType
}

async function hasModel(dir: string): Promise<boolean> {
  for (const name of WEIGHT_FILES) if (await exists(join(dir, name))) return true
  return false
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

function several(dir: string, names: readonly string[]): FileError {
  return new FileError({
    what: `${dir} holds several GGUF files`,
    expected: 'one, or the option ggufFile',
    received: names.slice(0, 8).join(', '),
    fix: `name one: { ggufFile: '${names[0]!}' }`,
  })
}
