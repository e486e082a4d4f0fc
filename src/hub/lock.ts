// A lock so that a file is downloaded by one process at a time, among all that share the cache.
//
// Node has no system file locks, so this is a file that only one process can create. Its owner touches it regularly; a lock that is no longer touched,
// or whose owner has ended, may be taken over. Should two processes ever hold it, they write the same bytes at the same offsets, and the cache stays
// valid.
import { mkdir, open, readFile, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inCache } from './cache.js'
import { aborted } from './errors.js'

const POLL_MS = 100
const TOUCH_MS = 5_000
const STALE_MS = 30_000

/** Runs work while holding the lock. @throws {AbortedError} when the signal ends the wait. */
export async function withLock<T>(path: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  // At its first use: importing it takes a part of the package's start.
  const id = process.getBuiltinModule('node:crypto').randomUUID()
  await acquire(path, id, signal)
  const timer = setInterval(() => void touch(path), TOUCH_MS)
  timer.unref()
  try {
    return await work()
  } finally {
    clearInterval(timer)
    // Another process may have taken it over as stale, if this one was suspended for long.
    if ((await ownerOf(path))?.id === id) await rm(path, { force: true })
  }
}

async function acquire(path: string, id: string, signal: AbortSignal | undefined): Promise<void> {
  await inCache(path, () => mkdir(dirname(path), { recursive: true }))
  while (!(await inCache(path, () => create(path, id)))) {
    if (await isStale(path)) await rm(path, { force: true })
    else await sleep(POLL_MS)
    if (signal?.aborted) throw aborted(signal)
  }
}

async function create(path: string, id: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx')
    await file.writeFile(JSON.stringify({ id, pid: process.pid, host: hostname() })).finally(() => file.close())
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Windows reports EPERM or EBUSY for a file that is being deleted, and EPERM always where writing is forbidden: then only the signal ends the wait.
    if (code === 'EEXIST' || (process.platform === 'win32' && (code === 'EPERM' || code === 'EBUSY'))) return false
    throw error
  }
}

interface Owner {
  id: string
  pid: number
  host: string
}

async function ownerOf(path: string): Promise<Owner | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner
  } catch {
    return null // gone, or not written yet
  }
}

async function isStale(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null)
  if (found === null) return false
  if (Date.now() - found.mtimeMs > STALE_MS) return true
  const owner = await ownerOf(path)
  return owner !== null && owner.host === hostname() && !isAlive(owner.pid)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

async function touch(path: string): Promise<void> {
  const now = new Date()
  await utimes(path, now, now).catch(() => undefined)
}
