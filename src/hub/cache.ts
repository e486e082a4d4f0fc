// The cache of huggingface_hub, shared with Python: contents by their hash, revisions by name, and a folder of links for each commit.
//
//   models--owner--name/blobs/<hash>               a file's bytes
//                      /refs/<revision>            the commit that a branch or tag was at
//                      /snapshots/<commit>/<file>  link to ../../blobs/<hash>
import { copyFile, mkdir, readFile, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { FileError } from '../errors.js'

/** Folders of one repository in the cache. */
export interface RepoCache {
  readonly blobs: string
  readonly refs: string
  readonly snapshots: string
  /** Lock files lie beside the repositories, so that deleting one of these leaves no lock behind. */
  readonly locks: string
}

/** The folders of a repository; nothing is made yet. */
export function repoCache(cacheDir: string, repo: string): RepoCache {
  const folder = `models--${repo.replaceAll('/', '--')}`
  const root = join(cacheDir, folder)
  return {
    blobs: join(root, 'blobs'),
    refs: join(root, 'refs'),
    snapshots: join(root, 'snapshots'),
    locks: join(cacheDir, '.locks', folder),
  }
}

/** Whether a revision is a whole commit, which never changes. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision)
}

/** The commit that a revision was at when it was last downloaded, or null. */
export async function readRef(cache: RepoCache, revision: string): Promise<string | null> {
  if (isCommit(revision)) return revision
  const text = (await readFile(join(cache.refs, revision), 'utf8').catch(() => '')).trim()
  return isCommit(text) ? text : null
}

/** Notes the commit of a revision. */
export async function writeRef(cache: RepoCache, revision: string, commit: string): Promise<void> {
  if (isCommit(revision)) return
  await replaceFile(join(cache.refs, revision), (partial) => writeFile(partial, commit))
}

/** Names of the files at the top of a snapshot whose contents are there. */
export async function filesOf(folder: string): Promise<Set<string>> {
  const names = await readdir(folder).catch(() => [])
  const there = await Promise.all(names.map((name) => isFile(join(folder, name))))
  return new Set(names.filter((_, i) => there[i]))
}

/** Whether a path leads to a file. */
export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}

/** How a link is made; tests give one that the system refuses. */
export type MakeLink = (target: string, path: string) => Promise<void>

/**
 * Puts a blob under its name into a snapshot: as a link, or as a copy where the file system or the account may have no links.
 * @throws {FileError} when neither can be written.
 */
export async function placeBlob(blob: string, pointer: string, makeLink: MakeLink = symlink): Promise<void> {
  await replaceFile(pointer, async (partial) => {
    try {
      await makeLink(relative(dirname(pointer), blob), partial)
    } catch (error) {
      if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error
      await copyFile(blob, partial)
    }
  })
}

const NO_LINKS: ReadonlySet<string> = new Set([
  'EPERM',
  'EACCES',
  'ENOSYS',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EINVAL',
  'UNKNOWN',
])

let made = 0

/** Writes a file under another name first, so that nobody ever sees half of it. */
async function replaceFile(path: string, write: (partial: string) => Promise<void>): Promise<void> {
  const partial = `${path}.${process.pid}-${++made}.partial`
  await inCache(path, async () => {
    await mkdir(dirname(path), { recursive: true })
    try {
      await write(partial)
      await rename(partial, path)
    } catch (error) {
      await rm(partial, { force: true })
      throw error
    }
  })
}

/** Runs work on the cache; an error of the system becomes ours. */
export async function inCache<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === undefined || !/^E[A-Z]+$/.test(code)) throw cause
    const full = code === 'ENOSPC' || code === 'EDQUOT'
    throw new FileError({
      what: `${path} cannot be written`,
      expected: 'a cache folder with room in it',
      received: (cause as Error).message,
      fix: full
        ? 'free some space, or set HF_HUB_CACHE to a folder on another disk'
        : 'set HF_HUB_CACHE to another folder',
      cause,
    })
  }
}
