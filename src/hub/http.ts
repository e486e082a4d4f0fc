// Requests to a hub: redirects, tries, waits, and a watch for servers that fall silent.
import { setTimeout as sleep } from 'node:timers/promises'
import { FormatError } from '../errors.js'
import { HubError, Transient, aborted, refusal, shown, unreachable } from './errors.js'
import type { Hub } from './options.js'

const MOST_REDIRECTS = 8
/** How often a request that fails is made. */
export const MOST_TRIES = 5
/** The first pause between two tries; each further one is twice as long. */
const PAUSE_MS = 500
/** A server that asks for a longer pause than this gets an error in place of a process that seems to hang. */
const LONGEST_WAIT_MS = 5 * 60_000

/** A request under way. */
export interface Reply {
  response: Response
  /** Where the answer comes from, after redirects. */
  url: URL
}

/** Ends a request when its signal is aborted, or when nothing has come for a time. */
export class Watch {
  readonly signal: AbortSignal
  readonly #stall = new AbortController()
  readonly #ms: number
  #timer: NodeJS.Timeout | undefined

  constructor(hub: Hub, ms: number) {
    this.signal = hub.signal === undefined ? this.#stall.signal : AbortSignal.any([hub.signal, this.#stall.signal])
    this.#ms = ms
    this.moved()
  }

  /** Something came: the time begins anew. */
  moved(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#stall.abort(new Error(`nothing came for ${this.#ms / 1000} s`)), this.#ms)
  }

  /** Ends the watch, and the request if its body has not been read. */
  end(): void {
    clearTimeout(this.#timer)
    this.#stall.abort(new Error('the request is over'))
  }
}

/** What to ask for. */
export interface Ask {
  method: 'GET' | 'HEAD'
  url: URL
  /** What messages call it. */
  subject: string
  headers?: Record<string, string>
  /** Stop at a redirect to another server, and return it. @default false */
  sameOrigin?: boolean
  /** Sees the headers of each answer on the way. */
  onAnswer?: (headers: Headers) => void
}

/**
 * One request. Redirects are followed here, since the token is for the endpoint alone and the way to a blob leads to other servers.
 * @throws {Transient} when the server cannot be reached.
 */
export async function send(hub: Hub, ask: Ask, watch: Watch): Promise<Reply> {
  let { url } = ask
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    const response = await request(hub, ask, url, watch)
    ask.onAnswer?.(response.headers)
    const location = response.headers.get('location')
    if (location === null || ![301, 302, 303, 307, 308].includes(response.status)) return { response, url }
    const next = redirectTarget(url, location, ask.subject)
    if (ask.sameOrigin && next.origin !== url.origin) return { response, url }
    await response.body?.cancel()
    url = next
  }
  throw badRedirect(ask.subject, `more than ${MOST_REDIRECTS} redirects, the last to ${shown(url)}`)
}

async function request(hub: Hub, ask: Ask, url: URL, watch: Watch): Promise<Response> {
  // Sizes, ranges and hashes are those of the bytes as they lie in the repository.
  const headers: Record<string, string> = { 'user-agent': 'loralib', 'accept-encoding': 'identity', ...ask.headers }
  if (hub.token !== null && url.origin === hub.endpoint.origin) headers['authorization'] = `Bearer ${hub.token}`
  try {
    const response = await fetch(url, { method: ask.method, headers, redirect: 'manual', signal: watch.signal })
    watch.moved()
    return response
  } catch (error) {
    throw unreachable(url, ask.subject, error)
  }
}

function redirectTarget(from: URL, location: string, subject: string): URL {
  const next = URL.canParse(location, from.href) ? new URL(location, from) : null
  const isSafe = next?.protocol === 'https:' || (next?.protocol === 'http:' && from.protocol === 'http:')
  if (next !== null && isSafe) return next
  throw badRedirect(subject, `from ${shown(from)} to ${JSON.stringify(location.slice(0, 200))}`)
}

function badRedirect(subject: string, received: string): HubError {
  return new HubError({
    what: `${subject}: the server redirects in a way that is not followed`,
    expected: 'at most a few redirects, and none from https to http',
    received,
    fix: 'check HF_ENDPOINT',
  })
}

/**
 * Runs a request and what reads its answer, again after failures that may pass.
 * `moves` counts what has come; a try that brought something does not count as one.
 */
export async function withTries<T>(
  hub: Hub,
  attempt: () => Promise<T>,
  { moves = () => 0, mostTries = MOST_TRIES }: { moves?: () => number; mostTries?: number } = {},
): Promise<T> {
  let [tries, before] = [0, moves()]
  for (;;) {
    if (hub.signal?.aborted) throw aborted(hub.signal)
    try {
      return await attempt()
    } catch (error) {
      if (hub.signal?.aborted) throw aborted(hub.signal)
      if (!(error instanceof Transient)) throw error
      tries = moves() > before ? 1 : tries + 1
      before = moves()
      const waitMs = error.waitMs ?? PAUSE_MS * 2 ** (tries - 1)
      if (tries >= mostTries || waitMs > LONGEST_WAIT_MS) throw error.final
      await pause(hub, waitMs)
    }
  }
}

async function pause(hub: Hub, ms: number): Promise<void> {
  try {
    await sleep(ms, undefined, { signal: hub.signal })
  } catch (error) {
    throw hub.signal?.aborted ? aborted(hub.signal) : error
  }
}

/**
 * The body of an answer, piece by piece.
 * @throws {Transient} when it breaks off.
 */
export async function* bodyOf({ response, url }: Reply, subject: string, watch: Watch): AsyncGenerator<Uint8Array> {
  if (response.body === null) return
  const reader = response.body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw unreachable(url, subject, error)
      })
      if (done) return
      watch.moved()
      yield value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/** A JSON answer of at most `mostBytes`. @throws {HubError} for another status, {@link FormatError} for what is no JSON. */
export async function getJson(
  hub: Hub,
  url: URL,
  subject: string,
  { mostBytes, mostTries }: { mostBytes: number; mostTries: number },
): Promise<unknown> {
  const attempt = async () => {
    const watch = new Watch(hub, hub.answerTimeoutMs)
    try {
      const reply = await send(hub, { method: 'GET', url, subject }, watch)
      if (reply.response.status !== 200) throw refusal(reply.response, reply.url, subject)
      const pieces: Uint8Array[] = []
      let size = 0
      for await (const piece of bodyOf(reply, subject, watch)) {
        pieces.push(piece)
        size += piece.length
        if (size > mostBytes) throw badAnswer(subject, reply.url, 'JSON', `more than ${mostBytes} bytes`)
      }
      return parse(Buffer.concat(pieces).toString('utf8'), subject, reply.url)
    } finally {
      watch.end()
    }
  }
  return withTries(hub, attempt, { mostTries })
}

function parse(text: string, subject: string, url: URL): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw badAnswer(subject, url, 'JSON', JSON.stringify(text.slice(0, 100)))
  }
}

/** The error for an answer that is not what the hub's interface gives. */
export function badAnswer(subject: string, url: URL, expected: string, received: string): FormatError {
  return new FormatError({
    what: `${subject}: ${shown(url)} does not answer as a hub`,
    expected,
    received,
    fix: 'check HF_ENDPOINT: does a proxy or a login page answer in its place?',
  })
}
