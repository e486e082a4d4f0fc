// Generated from src/hub/options.ts by `npm run api`. Do not edit.

/** How far a download is. */
export interface DownloadProgress {
  /** The model's id. */
  repo: string
  /** The file that has moved on. */
  file: string
  /** Bytes of this file that are there. */
  fileLoadedBytes: number
  /** Bytes of this file. */
  fileTotalBytes: number
  /** Bytes that are there, of all files that this call has begun with. */
  loadedBytes: number
  /** Bytes of all these files. It grows when an index names further ones. */
  totalBytes: number
}
/** Options of everything that may download. The names are those of huggingface_hub, and so are the variables. */
export interface HubOptions {
  /** Branch, tag or commit. @default 'main' */
  revision?: string
  /** Where downloads lie. @default `HF_HUB_CACHE`, else `hub` in `HF_HOME`, else `~/.cache/huggingface/hub` */
  cacheDir?: string
  /** Sent to the endpoint, and to no other server; false sends none. @default `HF_TOKEN`, else the file that `hf auth login` writes */
  token?: string | false
  /** The server. @default `HF_ENDPOINT`, else the public hub */
  endpoint?: string | URL
  /** Use what the cache holds, without any request. @default whether `HF_HUB_OFFLINE` is 1 */
  localFilesOnly?: boolean
  /** Called while files come, some ten times a second for each, and once when each is whole. @default none */
  onProgress?: (progress: DownloadProgress) => void
  /** Ends the download with an {@link AbortedError}; the next one goes on where it was. @default none */
  signal?: AbortSignal
}
