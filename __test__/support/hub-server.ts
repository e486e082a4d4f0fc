// A hub on the loopback interface: the listing, the redirects and the headers of the real one, with faults that a test chooses.
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'

// The variables of the machine's user must not affect the tests.
for (const name of Object.keys(process.env))
  if (/^(HF_|HUGGING|TRANSFORMERS_OFFLINE)/.test(name)) delete process.env[name]

/** One request that the server received. */
export interface Seen {
  method: string
  path: string
  range: string | undefined
  authorization: string | undefined
  /** Whether it went to the server of blobs, not to the hub itself. */
  isCdn: boolean
}

/** A response that replaces the real one; null for the real one. */
export type Fault = (request: Seen) => { status: number; headers?: Record<string, string>; body?: string } | null

export const COMMIT = '0123456789abcdef0123456789abcdef01234567'

export class FakeHub {
  /** Name → content of the one repository, `owner/name`. */
  readonly files = new Map<string, Buffer>()
  readonly seen: Seen[] = []
  /** Files of at least this size are on the other server, under their SHA-256. */
  lfsFromBytes = 1000
  token: string | null = null
  fault: Fault = () => null
  /** Interrupts the next transfers of large files after these numbers of bytes. */
  cuts: number[] = []
  /** Stops sending the next large files after these numbers of bytes. */
  stalls: number[] = []
  /** Whether it supports range requests. */
  hasRanges = true
  /** Waits between two pieces of a blob. */
  pauseMs = 0
  /** Changes the listing. */
  relist: (listing: { sha: string; siblings: { rfilename: string }[] }) => unknown = (listing) => listing
  /** Changes the bytes of a blob before they are sent. */
  spoil: (bytes: Buffer) => Buffer = (bytes) => bytes
  readonly #hub: Server
  readonly #cdn: Server

  private constructor() {
    this.#hub = createServer((request, response) => void this.#answer(request, response, false))
    this.#cdn = createServer((request, response) => void this.#answer(request, response, true))
  }

  static async start(t: ExecutionContext, files: Record<string, Buffer | string>): Promise<FakeHub> {
    const hub = new FakeHub()
    for (const [name, content] of Object.entries(files)) hub.files.set(name, Buffer.from(content))
    for (const server of [hub.#hub, hub.#cdn])
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()))
    t.teardown(() => {
      for (const server of [hub.#hub, hub.#cdn]) {
        server.closeAllConnections()
        server.close()
      }
    })
    return hub
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#hub.address() as AddressInfo).port}`
  }

  /** Requests for the bytes of blobs. */
  get transfers(): Seen[] {
    return this.seen.filter(({ method, isCdn, path }) => method === 'GET' && (isCdn || path.includes('/resolve/')))
  }

  stop(): void {
    for (const server of [this.#hub, this.#cdn]) {
      server.closeAllConnections()
      server.close()
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse, isCdn: boolean): Promise<void> {
    const { method = '', url = '', headers } = request
    const seen: Seen = { method, path: url, range: headers.range, authorization: headers.authorization, isCdn }
    this.seen.push(seen)
    const fault = this.fault(seen)
    if (fault !== null) return void response.writeHead(fault.status, fault.headers).end(fault.body ?? '')
    if (isCdn) return this.#sendBlob(request, response, this.#bySha(url))
    if (this.token !== null && headers.authorization !== `Bearer ${this.token}`)
      return void response.writeHead(401, { 'x-error-code': 'RepoNotFound' }).end()
    const [, revision, name] = /^\/owner\/name\/resolve\/([^/]+)\/(.+)$/.exec(url) ?? []
    if (name !== undefined) return this.#resolve(request, response, revision!, decodeURIComponent(name))
    if (!url.startsWith('/api/models/owner/name/revision/'))
      return void response.writeHead(404, { 'x-error-code': 'RepoNotFound' }).end()
    const siblings = [...this.files.keys()].map((rfilename) => ({ rfilename }))
    response.end(JSON.stringify(this.relist({ sha: COMMIT, siblings })))
  }

  async #resolve(request: IncomingMessage, response: ServerResponse, revision: string, name: string): Promise<void> {
    const content = this.files.get(name)
    if (content === undefined || revision !== COMMIT)
      return void response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end()
    const commit = { 'x-repo-commit': COMMIT }
    if (content.length < this.lfsFromBytes) {
      const etag = `W/"${gitSha1(content)}"`
      for (const [key, value] of Object.entries({ ...commit, etag })) response.setHeader(key, value)
      return this.#sendBlob(request, response, content)
    }
    const location = `http://127.0.0.1:${(this.#cdn.address() as AddressInfo).port}/${sha256(content)}?signature=secret`
    const linked = { 'x-linked-etag': `"${sha256(content)}"`, 'x-linked-size': String(content.length) }
    response.writeHead(302, { ...commit, ...linked, location }).end('Found')
  }

  #bySha(url: string): Buffer | undefined {
    return [...this.files.values()].find((content) => url.startsWith(`/${sha256(content)}`))
  }

  async #sendBlob(request: IncomingMessage, response: ServerResponse, content: Buffer | undefined): Promise<void> {
    if (content === undefined) return void response.writeHead(404).end()
    const asked = this.hasRanges ? (request.headers.range ?? '') : ''
    const start = Number(/^bytes=(\d+)-$/.exec(asked)?.[1] ?? 0)
    if (start > 0) response.setHeader('content-range', `bytes ${start}-${content.length - 1}/${content.length}`)
    const bytes = this.spoil(content).subarray(start)
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': bytes.length })
    if (request.method === 'HEAD') return void response.end()
    const isLarge = content.length >= this.lfsFromBytes
    const [cut, stall] = isLarge
      ? [this.cuts.shift() ?? Infinity, this.stalls.shift() ?? Infinity]
      : [Infinity, Infinity]
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, Math.min(at + PIECE_BYTES, cut, stall))
      if (!response.write(piece)) await drained(response)
      if (at + PIECE_BYTES >= stall) return
      if (at + PIECE_BYTES >= cut) return void setTimeout(() => response.destroy(), 100)
      if (this.pauseMs > 0) await new Promise((done) => setTimeout(done, this.pauseMs))
      if (response.destroyed) return
    }
    response.end()
  }
}

const PIECE_BYTES = 16_384

function drained(response: ServerResponse): Promise<void> {
  return new Promise((done) => {
    const end = () => {
      response.off('drain', end).off('close', end)
      done()
    }
    response.on('drain', end).on('close', end)
  })
}

export const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
export const gitSha1 = (bytes: Buffer) =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')

/** A folder for the cache, deleted after the test. */
export function cacheFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'loralib-hub-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'hub')
}

/** Pseudorandom bytes, the same in each run. */
export function someBytes(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let i = 0, x = 1; i < size; i++) bytes[i] = (x = (x * 1103515245 + 12345) % 2 ** 31) >> 16
  return bytes
}
