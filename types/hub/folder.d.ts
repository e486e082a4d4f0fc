// Generated from src/hub/folder.ts by `npm run api`. Do not edit.

import type { HubOptions } from './options.js'
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
export declare function modelFolder(dirOrHubId: string, options?: HubOptions): Promise<string>
/** The same for a tokenizer: `tokenizer.json` or the older files, and what stands beside them. */
export declare function tokenizerFolder(dirOrHubId: string, options?: HubOptions): Promise<string>
/**
 * Downloads one file of a model's repository, unless the cache has it; gives its path.
 * @example
 * await lora.load(await hub.hfHubDownload('owner/name', 'adapter_model.safetensors'))
 * @throws as {@link modelFolder}
 */
export declare function hfHubDownload(repoId: string, filename: string, options?: HubOptions): Promise<string>
