// Files of a hub by the id of a model: downloaded into the cache that Python's huggingface_hub uses.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { bad } from '../runtime/options.js'
import { MODEL, TOKENIZER, oneFile } from './files.js'
import type { Need } from './files.js'
import { hubSettings, isPlainPath } from './options.js'
import type { HubOptions } from './options.js'
import { snapshot } from './snapshot.js'

/**
 * The folder of a model: a path that is one, else the download of a hub id such as `openai-community/gpt2`. Only `config.json` and the weights
 * (safetensors where there are any, else `pytorch_model.bin`) are downloaded, and only what the cache lacks; a transfer that was cut goes on where it was,
 * and every file is compared with its hash. Python's huggingface_hub shares the cache.
 *
 * @example
 * const folder = await hub.modelFolder('openai-community/gpt2', { onProgress: ({ loadedBytes, totalBytes }) => bar.update(loadedBytes / totalBytes) })
 * @throws {HubError} when it cannot be had: no such model, no access, no network. {@link FormatError} when what comes has another hash.
 * @throws {AbortedError} when the signal is aborted.
 */
export function modelFolder(dirOrHubId: string, options: HubOptions = {}): Promise<string> {
  return folderOf('modelFolder', dirOrHubId, options, MODEL)
}

/** The same for a tokenizer: `tokenizer.json` or the older files, and what stands beside them. */
export function tokenizerFolder(dirOrHubId: string, options: HubOptions = {}): Promise<string> {
  return folderOf('tokenizerFolder', dirOrHubId, options, TOKENIZER)
}

/**
 * Downloads one file of a model's repository, unless the cache has it; gives its path.
 * @example
 * await lora.load(await hub.hfHubDownload('owner/name', 'adapter_model.safetensors'))
 * @throws as {@link modelFolder}
 */
export async function hfHubDownload(repoId: string, filename: string, options: HubOptions = {}): Promise<string> {
  const owner = 'hfHubDownload'
  if (!isRepoId(repoId)) throw bad(owner, 'repoId', 'owner/name', repoId)
  if (typeof filename !== 'string' || !isPlainPath(filename)) throw bad(owner, 'filename', 'a name or a/path', filename)
  return join(await snapshot(await hubSettings(owner, options), repoId, oneFile(filename)), ...filename.split('/'))
}

/** Whether a text can be the id of a repository. Names of one part are those of the first models, such as `gpt2`. */
function isRepoId(text: unknown): text is string {
  if (typeof text !== 'string' || text.length > 200 || /--|\.\.|\.git$/.test(text)) return false
  return /^(?:\w(?:[\w.-]*\w)?\/)?\w(?:[\w.-]*\w)?$/.test(text)
}

/** {@link modelFolder} and {@link tokenizerFolder}, for whoever `owner` is. */
export async function folderOf(owner: string, dirOrHubId: string, options: HubOptions, need: Need): Promise<string> {
  if (typeof dirOrHubId !== 'string' || dirOrHubId === '' || dirOrHubId.includes('\0'))
    throw bad(owner, 'dirOrHubId', 'a folder, or an id such as owner/name', dirOrHubId)
  const hub = await hubSettings(owner, options)
  const found = await stat(dirOrHubId).catch(() => null)
  // What is no id can only be a folder; whoever reads it says what is wrong with it.
  if (found === null && isRepoId(dirOrHubId)) return snapshot(hub, dirOrHubId, need)
  if (options.revision === undefined) return dirOrHubId
  throw bad(owner, 'revision', 'left out for a folder', options.revision, `leave it out: ${dirOrHubId} is a path`)
}
