// Generated from src/hub/options.ts by `npm run api`. Do not edit.

/** The progress of a download. */
export interface DownloadProgress {
  /** The model's id. */
  repo: string
  /** The file of which bytes were received. */
  file: string
  /** Bytes of this file received so far. */
  fileLoadedBytes: number
  /** Size of this file in bytes. */
  fileTotalBytes: number
  /** Bytes received so far, of all files of this call. */
  loadedBytes: number
  /** Size of all these files in bytes. It grows when an index names further files. */
  totalBytes: number
}
/** Options of all functions that may download. Options and environment variables have the names of huggingface_hub. */
export interface HubOptions {
  /** Branch, tag or commit. @default 'main' */
  revision?: string
  /** The folder of downloads. @default `HF_HUB_CACHE`, else `hub` in `HF_HOME`, else `~/.cache/huggingface/hub` */
  cacheDir?: string
  /** The access token, sent to the endpoint and to no other server; false sends none. @default `HF_TOKEN`, else the file that `hf auth login` writes */
  token?: string | false
  /** The server. @default `HF_ENDPOINT`, else the public hub */
  endpoint?: string | URL
  /** Use only the cache, without any request. @default whether `HF_HUB_OFFLINE` is 1 */
  localFilesOnly?: boolean
  /** Called during the download, about ten times a second for each file, and once when a file is complete. @default none */
  onProgress?: (progress: DownloadProgress) => void
  /** Aborts the download with an {@link AbortedError}; the next one resumes. @default none */
  signal?: AbortSignal
}
