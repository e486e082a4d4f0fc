// Generated from src/hub/folder.ts by `npm run api`. Do not edit.

import type { HubOptions } from './options.js'
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
export declare function modelFolder(dirOrHubId: string, options?: HubOptions): Promise<string>
/** As {@link modelFolder}, for a tokenizer: `tokenizer.json` or the older files, and the settings beside them. */
export declare function tokenizerFolder(dirOrHubId: string, options?: HubOptions): Promise<string>
/**
 * Downloads one file of a model's repository, unless it is in the cache; returns its path.
 * @example
 * await lora.load(await hub.hfHubDownload('owner/name', 'adapter_model.safetensors'))
 * @throws as {@link modelFolder}
 */
export declare function hfHubDownload(repoId: string, filename: string, options?: HubOptions): Promise<string>
