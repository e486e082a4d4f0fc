// The files of a revision in the cache, downloaded if they are missing.
import { join } from 'node:path'
import { HubError } from './errors.js'
import { blobInfo, fetchBlob } from './blob.js'
import type { BlobInfo } from './blob.js'
import { filesOf, isCommit, isFile, linkBlob, readRef, repoCache, writeRef } from './cache.js'
import type { RepoCache } from './cache.js'
import type { Need } from './files.js'
import { MOST_TRIES, badAnswer, getJson } from './http.js'
import { isPlainPath } from './options.js'
import type { Hub } from './options.js'

/** Files downloaded in parallel. */
const AT_ONCE = 4
const PROGRESS_EVERY_MS = 100
const MOST_LISTING_BYTES = 64 << 20

/** A repository and its folders in the cache. */
interface Repo {
  id: string
  cache: RepoCache
  hub: Hub
}

/**
 * The folder of a revision with the files that are needed. When the hub cannot be reached and the cache has them, the cache is used, with a warning.
 * @throws {HubError} when they cannot be downloaded.
 */
export async function snapshot(hub: Hub, id: string, need: Need): Promise<string> {
  const repo = { id, cache: repoCache(hub.cacheDir, id), hub }
  const cached = await cachedSnapshot(repo, need)
  if (cached !== null && isCommit(hub.revision)) return cached
  if (hub.offline) {
    if (cached !== null) return cached
    throw notCached(repo)
  }
  let listing: Listing
  try {
    listing = await listFiles(repo, cached === null ? MOST_TRIES : 1)
  } catch (error) {
    if (cached === null || !(error instanceof HubError) || !isTransient(error)) throw error
    warnOfCached(repo, error)
    return cached
  }
  const folder = join(repo.cache.snapshots, listing.commit)
  const files = need.choose(id, listing.files)
  const sizes = new Sizes(repo)
  await download(repo, folder, listing.commit, files, sizes)
  await download(repo, folder, listing.commit, await need.further(id, folder, files), sizes)
  // Last, so that an incomplete revision is not used offline.
  await writeRef(repo.cache, hub.revision, listing.commit)
  return folder
}

/** The folder of the revision in the cache, or null unless it has all files that are needed. */
async function cachedSnapshot({ id, cache, hub }: Repo, need: Need): Promise<string | null> {
  const commit = await readRef(cache, hub.revision)
  if (commit === null) return null
  const folder = join(cache.snapshots, commit)
  try {
    const files = need.choose(id, await filesOf(folder))
    const all = [...files, ...(await need.further(id, folder, files))]
    const present = await Promise.all(all.map((name) => isFile(join(folder, name))))
    return present.every(Boolean) ? folder : null
  } catch {
    return null // incomplete
  }
}

interface Listing {
  commit: string
  files: Set<string>
}

async function listFiles({ id, hub }: Repo, mostTries: number): Promise<Listing> {
  const url = address(hub, 'api', 'models', ...id.split('/'), 'revision', hub.revision)
  const subject = hub.revision === 'main' ? id : `${id} at ${hub.revision}`
  const answer = await getJson(hub, url, subject, { mostBytes: MOST_LISTING_BYTES, mostTries })
  const { sha, siblings } = (typeof answer === 'object' && answer !== null ? answer : {}) as Record<string, unknown>
  if (typeof sha !== 'string' || !isCommit(sha))
    throw badAnswer(subject, url, 'sha: a commit', String(sha).slice(0, 100))
  if (!Array.isArray(siblings)) throw badAnswer(subject, url, 'siblings: a list of files', typeof siblings)
  const names = siblings.map((file: unknown) => (file as { rfilename?: unknown } | null)?.rfilename)
  const isName = (name: unknown): name is string => typeof name === 'string' && isPlainPath(name)
  return { commit: sha, files: new Set(names.filter(isName)) }
}

async function download(repo: Repo, folder: string, commit: string, files: string[], sizes: Sizes): Promise<void> {
  const present = await Promise.all(files.map((name) => isFile(join(folder, name))))
  const missing = files.filter((_, i) => !present[i])
  const infos = await inParallel(repo.hub, missing, (hub, name) => {
    const url = address(hub, ...repo.id.split('/'), 'resolve', commit, ...name.split('/'))
    return blobInfo(hub, url, `${repo.id}/${name}`, commit)
  })
  for (const [i, info] of infos.entries()) sizes.add(missing[i]!, info)
  await inParallel(repo.hub, missing, async (hub, name, i) => {
    const blob = await fetchBlob(hub, repo.cache, infos[i]!, (bytes) => sizes.report(name, bytes))
    await linkBlob(blob, join(folder, name))
  })
}

/** Runs `work` for each item, {@link AT_ONCE} at a time. The first failure aborts the others, and is thrown when all have ended. */
async function inParallel<T, R>(
  hub: Hub,
  items: T[],
  work: (hub: Hub, item: T, i: number) => Promise<R>,
): Promise<R[]> {
  const failed = new AbortController()
  const signal = hub.signal === undefined ? failed.signal : AbortSignal.any([hub.signal, failed.signal])
  const results: R[] = []
  const failures: unknown[] = []
  let next = 0
  const worker = async () => {
    while (next < items.length && failures.length === 0) {
      const i = next++
      try {
        results[i] = await work({ ...hub, signal }, items[i]!, i)
      } catch (error) {
        failures.push(error)
        failed.abort(error)
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  if (failures.length > 0) throw failures[0]
  return results
}

/** Sizes and progress of all files of a call. */
class Sizes {
  readonly #repo: Repo
  readonly #files = new Map<string, { loaded: number; total: number; reportedAt: number; isReported: boolean }>()

  constructor(repo: Repo) {
    this.#repo = repo
  }

  add(file: string, info: BlobInfo): void {
    this.#files.set(file, { loaded: 0, total: info.sizeBytes, reportedAt: 0, isReported: false })
  }

  report(file: string, bytes: number): void {
    const entry = this.#files.get(file)!
    const [isWhole, now] = [bytes === entry.total, performance.now()]
    entry.loaded = bytes
    if (isWhole ? entry.isReported : now - entry.reportedAt < PROGRESS_EVERY_MS) return
    entry.reportedAt = now
    entry.isReported = isWhole
    const all = [...this.#files.values()]
    this.#repo.hub.onProgress?.({
      repo: this.#repo.id,
      file,
      fileLoadedBytes: bytes,
      fileTotalBytes: entry.total,
      loadedBytes: all.reduce((sum, { loaded }) => sum + loaded, 0),
      totalBytes: all.reduce((sum, { total }) => sum + total, 0),
    })
  }
}

/** An address below the endpoint; each part is escaped, so that none can lead elsewhere. */
function address(hub: Hub, ...parts: string[]): URL {
  const url = new URL(hub.endpoint)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${parts.map(encodeURIComponent).join('/')}`
  return url
}

/** Whether the cache may be used instead: without a response, or with a status that may change. */
function isTransient({ status }: HubError): boolean {
  return status === undefined || status === 408 || status === 429 || status >= 500
}

function warnOfCached({ id, hub }: Repo, error: HubError): void {
  const text = `${id} is read from the cache, as of its last download: ${error.message.split('\n')[0]}`
  process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_HUB_CACHED', detail: `endpoint ${hub.endpoint.origin}` })
}

function notCached({ id, hub }: Repo): HubError {
  return new HubError({
    what: `${id} is neither a folder nor in the cache, and no download is allowed`,
    expected: `${id} at ${hub.revision}, complete, in ${hub.cacheDir}`,
    received: 'HF_HUB_OFFLINE=1 or localFilesOnly: true',
    fix: 'check the path, or download it once with the network allowed',
  })
}
