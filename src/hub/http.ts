// Requests to a hub: redirects, retries, pauses, and timeouts for servers that stop responding.
import { setTimeout as sleep } from 'node:timers/promises'
import { FormatError } from '../errors.js'
import { HubError, Transient, aborted, refusal, shown, unreachable } from './errors.js'
import type { Hub } from './options.js'

const MOST_REDIRECTS = 8
/** The most attempts at a request that fails. */
export const MOST_TRIES = 5
/** The first pause between two attempts; each further one is twice as long. */
const PAUSE_MS = 500
/** A server that requests a longer pause than this causes an error, so that the process does not seem to hang. */
const LONGEST_WAIT_MS = 5 * 60_000

/** A response whose body is not read yet. */
export interface Reply {
  response: Response
  /** The address of the response, after redirects. */
  url: URL
}

/** Aborts a request when its signal is aborted, or when nothing has been received for a time. */
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

  /** Data was received: restarts the timeout. */
  moved(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#stall.abort(new Error(`nothing received for ${this.#ms / 1000} s`)), this.#ms)
  }

  /** Ends the watch, and the request if its body has not been read. */
  end(): void {
    clearTimeout(this.#timer)
    this.#stall.abort(new Error('the request is over'))
  }
}

/** A request. */
export interface Ask {
  method: 'GET' | 'HEAD'
  url: URL
  /** Its name in messages. */
  subject: string
  headers?: Record<string, string>
  /** Stop at a redirect to another server, and return it. @default false */
  sameOrigin?: boolean
  /** Called with the headers of each response, redirects included. */
  onResponse?: (headers: Headers) => void
}

/**
 * One request. Redirects are followed here and not by fetch, since the token is only for the endpoint, and blobs are on other servers.
 * @throws {Transient} when the server cannot be reached.
 */
export async function send(hub: Hub, ask: Ask, watch: Watch): Promise<Reply> {
  let { url } = ask
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    const response = await request(hub, ask, url, watch)
    ask.onResponse?.(response.headers)
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
  // Without compression: sizes, ranges and hashes are those of the bytes in the repository.
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
    what: `${subject}: a redirect of the server is not allowed`,
    expected: 'at most a few redirects, and none from https to http',
    received,
    fix: 'check HF_ENDPOINT',
  })
}

/**
 * Sends a request and reads its response, repeatedly after transient failures.
 * `moves` counts the received bytes; after an attempt that received some, attempts count from one again.
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
 * The body of a response, piece by piece.
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

/** A JSON response of at most `mostBytes`. @throws {HubError} for another status, {@link FormatError} when it is not JSON. */
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

/** The error for a response that does not follow the API of the hub. */
export function badAnswer(subject: string, url: URL, expected: string, received: string): FormatError {
  return new FormatError({
    what: `${subject}: ${shown(url)} does not respond as a hub`,
    expected,
    received,
    fix: 'check HF_ENDPOINT: does a proxy or a login page respond instead?',
  })
}
