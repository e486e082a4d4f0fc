// The options of downloads, with defaults from the environment.
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { hubEnv } from '../native/env.js'
import { checkOptions, optionNames, pickOptions } from '../runtime/check-options.js'
import { bad } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'

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

/** The options, checked and complete. */
export interface Hub {
  readonly owner: string
  readonly revision: string
  readonly cacheDir: string
  readonly token: string | null
  readonly endpoint: URL
  readonly offline: boolean
  readonly answerTimeoutMs: number
  readonly stallTimeoutMs: number
  readonly onProgress: ((progress: DownloadProgress) => void) | undefined
  readonly signal: AbortSignal | undefined
}

const PUBLIC_HUB = 'https://huggingface.co'

/**
 * Checks the options of a download and fills in the defaults.
 * @throws {OptionError} for an invalid option or environment variable.
 */
export async function hubSettings(owner: string, options: HubOptions): Promise<Hub> {
  checkOptions(owner, options, schemas.HubOptions)
  const env = hubEnv()
  const { onProgress, signal } = options
  const home = resolve(env.home ?? join(env.xdgCache ?? join(homedir(), '.cache'), 'huggingface'))
  return {
    owner,
    revision: checkRevision(owner, options.revision ?? 'main'),
    cacheDir: resolve(checkText(owner, 'cacheDir', options.cacheDir ?? env.cache ?? join(home, 'hub'))),
    token: await tokenOf(owner, options.token, env, home),
    endpoint: checkEndpoint(owner, options.endpoint ?? env.endpoint ?? PUBLIC_HUB),
    offline: options.localFilesOnly ?? env.offline,
    answerTimeoutMs: env.answerTimeoutMs,
    stallTimeoutMs: env.stallTimeoutMs,
    onProgress,
    signal,
  }
}

/** Only the options of a download. */
export function pickHubOptions(options: HubOptions): HubOptions {
  return pickOptions(options, schemas.HubOptions)
}

/** All options but those of a download. */
export function withoutHubOptions<T extends HubOptions>(options: T): Omit<T, keyof HubOptions> {
  const names = optionNames(schemas.HubOptions)
  return Object.fromEntries(Object.entries(options).filter(([key]) => !names.includes(key))) as Omit<
    T,
    keyof HubOptions
  >
}

/** Whether a text is a valid path below a folder, on any system: without `..`, drives and empty parts. */
export function isPlainPath(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (text.length > 1000 || /[\0-\x1f\\:*?"<>|]/.test(text)) return false
  return text.split('/').every((part) => part !== '' && !/^\.+$/.test(part) && !/[. ]$/.test(part))
}

function checkRevision(owner: string, revision: unknown): string {
  // The revision becomes a file name below refs/.
  if (typeof revision === 'string' && isPlainPath(revision)) return revision
  throw bad(owner, 'revision', 'a branch, a tag or a commit', revision)
}

function checkText(owner: string, name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value
  throw bad(owner, name, 'a path', value)
}

function checkEndpoint(owner: string, endpoint: unknown): URL {
  if (endpoint instanceof URL || (typeof endpoint === 'string' && URL.canParse(endpoint))) {
    const url = new URL(endpoint)
    if (/^https?:$/.test(url.protocol)) return url
  }
  throw bad(owner, 'endpoint', 'an address such as https://huggingface.co', endpoint, 'correct it, or HF_ENDPOINT')
}

async function tokenOf(
  owner: string,
  given: unknown,
  env: ReturnType<typeof hubEnv>,
  home: string,
): Promise<string | null> {
  if (given === false) return null
  if (given !== undefined) return checkToken(owner, given)
  if (env.withoutToken) return null
  const found = env.token ?? (await readFile(env.tokenPath ?? join(home, 'token'), 'utf8').catch(() => ''))
  return found.trim() === '' ? null : checkToken(owner, found.trim())
}

function checkToken(owner: string, token: unknown): string {
  if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return token
  // The value is not shown: it is a secret.
  throw bad(
    owner,
    'token',
    'a token of the hub, or false',
    typeof token === 'string' ? 'other characters' : typeof token,
  )
}
