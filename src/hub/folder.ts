// Files of a model on a hub, downloaded into the cache of Python's huggingface_hub.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { bad } from '../runtime/options.js'
import { MODEL, TOKENIZER, oneFile } from './files.js'
import type { Need } from './files.js'
import { hubSettings, isPlainPath } from './options.js'
import type { HubOptions } from './options.js'
import { snapshot } from './snapshot.js'

/**
 * The folder of a model: the given path if it is a folder, else the download of a hub id such as `openai-community/gpt2`. Only `config.json` and the
 * weights (safetensors if available, else `pytorch_model.bin`) are downloaded, and only files that are not in the cache; an interrupted transfer is
 * resumed, and the hash of every file is checked. The cache is that of Python's huggingface_hub.
 *
 * @example
 * const folder = await hub.modelFolder('openai-community/gpt2', { onProgress: ({ loadedBytes, totalBytes }) => bar.update(loadedBytes / totalBytes) })
 * @throws {HubError} when it cannot be downloaded: no such model, no access, no network. {@link FormatError} when a downloaded file has another hash.
 * @throws {AbortedError} when the signal is aborted.
 */
export function modelFolder(dirOrHubId: string, options: HubOptions = {}): Promise<string> {
  return folderOf('modelFolder', dirOrHubId, options, MODEL)
}

/** As {@link modelFolder}, for a tokenizer: `tokenizer.json` or the older files, and the settings beside them. */
export function tokenizerFolder(dirOrHubId: string, options: HubOptions = {}): Promise<string> {
  return folderOf('tokenizerFolder', dirOrHubId, options, TOKENIZER)
}

/**
 * Downloads one file of a model's repository, unless it is in the cache; returns its path.
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

/** Whether a text can be the id of a repository. Ids without an owner are those of the first models, such as `gpt2`. */
function isRepoId(text: unknown): text is string {
  if (typeof text !== 'string' || text.length > 200 || /--|\.\.|\.git$/.test(text)) return false
  return /^(?:\w(?:[\w.-]*\w)?\/)?\w(?:[\w.-]*\w)?$/.test(text)
}

/** {@link modelFolder} and {@link tokenizerFolder}; `owner` is the caller that errors name. */
export async function folderOf(owner: string, dirOrHubId: string, options: HubOptions, need: Need): Promise<string> {
  if (typeof dirOrHubId !== 'string' || dirOrHubId === '' || dirOrHubId.includes('\0'))
    throw bad(owner, 'dirOrHubId', 'a folder, or an id such as owner/name', dirOrHubId)
  const hub = await hubSettings(owner, options)
  const found = await stat(dirOrHubId).catch(() => null)
  // A text that is not an id can only be a folder; reading it reports what is wrong with it.
  if (found === null && isRepoId(dirOrHubId)) return snapshot(hub, dirOrHubId, need)
  if (options.revision === undefined) return dirOrHubId
  throw bad(owner, 'revision', 'left out for a folder', options.revision, `leave it out: ${dirOrHubId} is a path`)
}
