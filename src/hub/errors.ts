// Errors of requests to a hub.
import { AbortedError, FileError } from '../errors.js'
import type { ErrorParts } from '../errors.js'

/** A file cannot be downloaded from a hub: the server refuses, cannot be reached, or does not have it. Its code is that of a {@link FileError}. */
export class HubError extends FileError {
  /** The HTTP status of the response; undefined when there was none. */
  readonly status: number | undefined

  constructor(parts: ErrorParts, status?: number) {
    super(parts)
    this.status = status
  }
}

/** A failure after which another attempt may succeed. */
export class Transient extends Error {
  override name = 'Transient'
  /** The error to throw after the last attempt. */
  readonly final: HubError
  /** How long the server asks the client to wait, if it does. */
  readonly waitMs: number | undefined

  constructor(final: HubError, waitMs?: number) {
    super(final.message)
    this.final = final
    this.waitMs = waitMs
  }
}

/** An address for messages, without its query: that of a signed address is a secret. */
export function shown(url: URL): string {
  return `${url.origin}${url.pathname}`
}

/** The error for a response whose status is not a success. */
export function refusal(response: Response, url: URL, subject: string): HubError | Transient {
  const { status, headers } = response
  const code = headers.get('x-error-code')
  const parts = { ...explain(status, code, subject), received: received(status, headers, url) }
  const error = new HubError(parts, status)
  const passing = status === 408 || status === 429 || status >= 500
  return passing ? new Transient(error, retryAfter(headers)) : error
}

function received(status: number, headers: Headers, url: URL): string {
  const message = headers.get('x-error-message')
  return `status ${status} from ${shown(url)}${message ? `: ${message.slice(0, 300)}` : ''}`
}

function explain(status: number, code: string | null, subject: string): Omit<ErrorParts, 'received'> {
  const what = (text: string) => ({ what: `${subject}: ${text}` })
  if (code === 'GatedRepo' || (status === 403 && code !== 'RepoNotFound'))
    return {
      ...what('this account has no access to it'),
      expected: 'a token of an account that has access',
      fix: "accept the model's terms on its page, and set HF_TOKEN to a token of that account",
    }
  if (status === 401 || code === 'RepoNotFound')
    return {
      ...what('the hub has no such model, or it is private'),
      expected: 'a folder, the id of a public model, or a token that may read it',
      fix: 'check the path or the id (owner/name); for a private model set HF_TOKEN',
    }
  if (code === 'RevisionNotFound')
    return { ...what('there is no such revision'), expected: 'a branch, tag or commit', fix: 'check the revision' }
  if (status === 404)
    return { ...what('the hub does not have it'), expected: 'an existing file', fix: 'check the id and the file name' }
  if (status === 429)
    return {
      ...what('too many requests: the hub refuses more for now'),
      expected: 'status 200',
      fix: 'wait some minutes; with a token (HF_TOKEN) more requests are allowed',
    }
  return { ...what('the hub failed'), expected: 'status 200', fix: 'try again later, or set HF_ENDPOINT to a mirror' }
}

/** Milliseconds of a Retry-After (seconds or a date), or until the window of the `ratelimit` field ends. */
function retryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after')
  if (value !== null && /^\d+$/.test(value.trim())) return Number(value) * 1000
  const date = value === null ? NaN : Date.parse(value)
  if (!Number.isNaN(date)) return Math.max(0, date - Date.now())
  const window = /\bt=(\d+)/.exec(headers.get('ratelimit') ?? '')
  return window === null ? undefined : Number(window[1]) * 1000
}

/** The error for a server that cannot be reached or stops responding. */
export function unreachable(url: URL, subject: string, cause: unknown): Transient {
  const lower = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  const error = new HubError({
    what: `${subject}: ${url.origin} cannot be reached`,
    expected: 'a response',
    received: lower instanceof Error ? lower.message || lower.name : String(lower),
    fix: 'check the network; HF_ENDPOINT names another server, HF_HUB_OFFLINE=1 uses only the cache',
    cause,
  })
  return new Transient(error)
}

/** The error for a download that its signal aborted. */
export function aborted(signal: AbortSignal): AbortedError {
  const reason: unknown = signal.reason
  return new AbortedError({
    what: 'the download was aborted',
    expected: 'a signal that is not aborted',
    received: reason instanceof Error ? reason.message : String(reason),
    fix: 'try again: the download resumes',
    cause: reason,
  })
}
