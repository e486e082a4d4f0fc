// The cache of huggingface_hub, shared with Python: file contents by hash, revisions by name, and a folder of links for each commit.
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
  /** Lock files are kept outside of the repository's folder, as huggingface_hub does. */
  readonly locks: string
}

/** The paths of a repository's folders, which need not exist. */
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

/** Whether a revision is a full commit hash, whose files never change. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision)
}

/** The commit of a revision when it was last downloaded, or null. */
export async function readRef(cache: RepoCache, revision: string): Promise<string | null> {
  if (isCommit(revision)) return revision
  const text = (await readFile(join(cache.refs, revision), 'utf8').catch(() => '')).trim()
  return isCommit(text) ? text : null
}

/** Stores the commit of a revision. */
export async function writeRef(cache: RepoCache, revision: string, commit: string): Promise<void> {
  if (isCommit(revision)) return
  await replaceFile(join(cache.refs, revision), (partial) => writeFile(partial, commit))
}

/** Names of the files at the top level of a snapshot whose contents are present. */
export async function filesOf(folder: string): Promise<Set<string>> {
  const names = await readdir(folder).catch(() => [])
  const present = await Promise.all(names.map((name) => isFile(join(folder, name))))
  return new Set(names.filter((_, i) => present[i]))
}

/** Whether a path leads to a file. */
export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}

/** Makes a symbolic link; tests pass one that fails. */
export type MakeLink = (target: string, path: string) => Promise<void>

/**
 * Adds a blob to a snapshot under its name: as a link, or as a copy where the file system or the account allows no links.
 * @throws {FileError} when neither can be written.
 */
export async function linkBlob(blob: string, pointer: string, makeLink: MakeLink = symlink): Promise<void> {
  await replaceFile(pointer, async (partial) => {
    try {
      await makeLink(relative(dirname(pointer), blob), partial)
    } catch (error) {
      if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error
      await copyFile(blob, partial)
    }
  }).catch(async (error: unknown) => {
    // Windows replaces no file that is mapped: another process has added it meanwhile, and uses it. A commit has one content for each name.
    if (!(await isFile(pointer))) throw error
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

/** Writes a file under another name and renames it, so that it is never seen incomplete. */
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

/** Runs work on the cache; system errors become {@link FileError}. */
export async function inCache<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === undefined || !/^E[A-Z]+$/.test(code)) throw cause
    const full = code === 'ENOSPC' || code === 'EDQUOT'
    throw new FileError({
      what: `${path} cannot be written`,
      expected: 'a writable cache folder with free disk space',
      received: (cause as Error).message,
      fix: full
        ? 'free some space, or set HF_HUB_CACHE to a folder on another disk'
        : 'set HF_HUB_CACHE to another folder',
      cause,
    })
  }
}
