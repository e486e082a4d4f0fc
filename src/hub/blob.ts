// The contents of one file: its size and hash from the hub, the transfer, and the check of the hash.
import type { Hash } from 'node:crypto'
import { constants, mkdir, open, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FormatError } from '../errors.js'
import { inCache, isFile } from './cache.js'
import type { RepoCache } from './cache.js'
import { HubError, Transient, refusal, shown } from './errors.js'
import { Watch, badAnswer, bodyOf, send, withTries } from './http.js'
import type { Reply } from './http.js'
import { withLock } from './lock.js'
import type { Hub } from './options.js'

/** What the hub reports about a file. */
export interface BlobInfo {
  /** Its name in messages: `owner/name/file`. */
  subject: string
  url: URL
  /** Name of its blob: the SHA-256 of a large file (LFS), git's SHA-1 of a small one. */
  etag: string
  sizeBytes: number
}

const READ_BYTES = 1 << 20

/** Requests size and hash of a file. @throws {HubError} {@link FormatError} */
export async function blobInfo(hub: Hub, url: URL, subject: string, commit: string): Promise<BlobInfo> {
  return withTries(hub, async () => {
    const watch = new Watch(hub, hub.answerTimeoutMs)
    const seen = { etag: '', size: '', commit: '' }
    // The first response may be a redirect whose x-linked fields describe the blob; the plain fields are those of the last response.
    const onResponse = (headers: Headers) => {
      seen.etag ||= headers.get('x-linked-etag') ?? ''
      seen.size ||= headers.get('x-linked-size') ?? ''
      seen.commit ||= headers.get('x-repo-commit') ?? ''
    }
    try {
      const reply = await send(hub, { method: 'HEAD', url, subject, sameOrigin: true, onResponse }, watch)
      const { status, headers } = reply.response
      if (status >= 400) throw refusal(reply.response, reply.url, subject)
      if (status === 200) {
        seen.etag ||= headers.get('etag') ?? ''
        seen.size ||= headers.get('content-length') ?? ''
      }
      return checkInfo({ ...seen, etag: seen.etag.replace(/^W\//, '').replaceAll('"', '') }, reply.url)
    } finally {
      watch.end()
    }
  })

  function checkInfo(seen: { etag: string; size: string; commit: string }, from: URL): BlobInfo {
    if (seen.commit !== '' && seen.commit !== commit)
      throw badAnswer(subject, from, `the commit ${commit}`, JSON.stringify(seen.commit))
    // The etag becomes a file name.
    if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/.test(seen.etag))
      throw badAnswer(subject, from, 'an etag, the hash of the file', JSON.stringify(seen.etag.slice(0, 200)))
    const sizeBytes = /^\d{1,15}$/.test(seen.size) ? Number(seen.size) : NaN
    if (Number.isNaN(sizeBytes)) throw badAnswer(subject, from, "the file's size", JSON.stringify(seen.size))
    return { subject, url, etag: seen.etag, sizeBytes }
  }
}

/**
 * Downloads a file's bytes into the cache, unless they are there: one process at a time, resuming a partial transfer.
 * @param report called with the number of bytes downloaded so far
 * @throws {HubError} {@link FormatError} when the bytes have another hash, {@link AbortedError}
 */
export async function fetchBlob(
  hub: Hub,
  cache: RepoCache,
  info: BlobInfo,
  report: (bytes: number) => void,
): Promise<string> {
  const blob = join(cache.blobs, info.etag)
  if (!(await isFile(blob)))
    await withLock(join(cache.locks, `${info.etag}.loralib.lock`), hub.signal, async () => {
      if (!(await isFile(blob))) await transfer(hub, blob, info, report)
    })
  report(info.sizeBytes)
  return blob
}

async function transfer(hub: Hub, blob: string, info: BlobInfo, report: (bytes: number) => void): Promise<void> {
  // Not the name that huggingface_hub uses: it appends to its file, under system locks that Node does not have.
  const partial = `${blob}.loralib.incomplete`
  await inCache(partial, () => mkdir(dirname(partial), { recursive: true }))
  for (;;) {
    const { isResumed, digest } = await fill(hub, partial, info, report)
    if (digest === null || digest === info.etag) break
    await rm(partial, { force: true })
    // The wrong bytes may come from an earlier process: once more from the start.
    if (!isResumed) throw wrongHash(info, digest)
  }
  await inCache(blob, () => rename(partial, blob))
}

/** Fills the partial file; returns the hash of all its bytes, null when the etag is not a hash. */
async function fill(hub: Hub, partial: string, info: BlobInfo, report: (bytes: number) => void) {
  const file = await inCache(partial, () => open(partial, constants.O_RDWR | constants.O_CREAT))
  try {
    const target = new Target(file, partial, info, report)
    const resumedAt = await target.start()
    let moved = 0
    const attempt = async () => {
      const before = target.bytes
      try {
        if (!target.isWhole) await receive(hub, info, target)
      } finally {
        moved += Math.max(0, target.bytes - before)
      }
    }
    await withTries(hub, attempt, { moves: () => moved })
    return { isResumed: resumedAt > 0, digest: await target.finish() }
  } finally {
    await file.close()
  }
}

async function receive(hub: Hub, info: BlobInfo, target: Target): Promise<void> {
  const watch = new Watch(hub, hub.stallTimeoutMs)
  try {
    const headers: Record<string, string> = target.bytes > 0 ? { range: `bytes=${target.bytes}-` } : {}
    const reply = await send(hub, { method: 'GET', url: info.url, subject: info.subject, headers }, watch)
    if (!continues(reply, info, target.bytes)) target.restart()
    for await (const piece of bodyOf(reply, info.subject, watch)) await target.write(piece)
  } finally {
    watch.end()
  }
  if (!target.isWhole) throw new Transient(cutShort(info, target.bytes))
}

/** Whether a response continues at byte `start`; false when it begins at 0. */
function continues({ response, url }: Reply, info: BlobInfo, start: number): boolean {
  if (response.status === 200) return start === 0
  if (response.status !== 206) throw refusal(response, url, info.subject)
  const range = response.headers.get('content-range') ?? ''
  if (range.startsWith(`bytes ${start}-`) && /\/(\*|\d+)$/.test(range)) return true
  throw badAnswer(info.subject, url, `bytes from ${start} on`, JSON.stringify(range.slice(0, 100)))
}

/** The file of a transfer, with the hash of the bytes written so far. */
class Target {
  bytes = 0
  readonly #file: FileHandle
  readonly #path: string
  readonly #info: BlobInfo
  readonly #report: (bytes: number) => void
  #hash: Hash | null

  constructor(file: FileHandle, path: string, info: BlobInfo, report: (bytes: number) => void) {
    this.#file = file
    this.#path = path
    this.#info = info
    this.#report = report
    this.#hash = hashFor(info)
  }

  get isWhole(): boolean {
    return this.bytes === this.#info.sizeBytes
  }

  /** Reads what an earlier transfer left; returns its size. */
  async start(): Promise<number> {
    const { size } = await this.#file.stat()
    if (size > this.#info.sizeBytes) return 0
    const buffer = Buffer.allocUnsafe(READ_BYTES)
    while (this.bytes < size) {
      const { bytesRead } = await this.#file.read(buffer, 0, Math.min(READ_BYTES, size - this.bytes), this.bytes)
      if (bytesRead === 0) break
      this.#hash?.update(buffer.subarray(0, bytesRead))
      this.bytes += bytesRead
    }
    if (this.bytes > 0) this.#report(this.bytes)
    return this.bytes
  }

  restart(): void {
    this.bytes = 0
    this.#hash = hashFor(this.#info)
  }

  async write(piece: Uint8Array): Promise<void> {
    if (this.bytes + piece.length > this.#info.sizeBytes) throw tooLong(this.#info)
    await inCache(this.#path, async () => {
      for (let at = 0; at < piece.length;)
        at += (await this.#file.write(piece, at, piece.length - at, this.bytes + at)).bytesWritten
    })
    this.#hash?.update(piece)
    this.bytes += piece.length
    this.#report(this.bytes)
  }

  /** Flushes the file to the disk; returns the hash. */
  async finish(): Promise<string | null> {
    await inCache(this.#path, async () => {
      await this.#file.truncate(this.bytes)
      await this.#file.sync()
    })
    return this.#hash?.digest('hex') ?? null
  }
}

function hashFor({ etag, sizeBytes, subject, url }: BlobInfo): Hash | null {
  // At its first use: importing it takes a part of the package's start.
  const { createHash } = process.getBuiltinModule('node:crypto')
  if (/^[0-9a-f]{64}$/.test(etag)) return createHash('sha256')
  if (/^[0-9a-f]{40}$/.test(etag)) return createHash('sha1').update(`blob ${sizeBytes}\0`)
  const text = `${subject}: ${shown(url)} reports no hash of the file, so only its size could be checked`
  process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_HUB_NO_HASH' })
  return null
}

function wrongHash(info: BlobInfo, digest: string): FormatError {
  return new FormatError({
    what: `${info.subject}: the downloaded bytes have another hash than the file`,
    expected: `${info.etag.length === 64 ? 'SHA-256' : 'git SHA-1'} ${info.etag}`,
    received: digest,
    fix: 'try again; if it fails again, check the network, a proxy, and HF_ENDPOINT',
  })
}

function tooLong(info: BlobInfo): FormatError {
  return new FormatError({
    what: `${info.subject}: the server sent more bytes than the file has`,
    expected: `${info.sizeBytes} bytes`,
    received: 'more',
    fix: 'try again; if it fails again, check the network, a proxy, and HF_ENDPOINT',
  })
}

function cutShort(info: BlobInfo, bytes: number): HubError {
  return new HubError({
    what: `${info.subject}: the transfer was interrupted`,
    expected: `${info.sizeBytes} bytes`,
    received: `${bytes} bytes`,
    fix: 'try again: the download resumes',
  })
}
