// What goes wrong between here and a hub.
import { AbortedError, FileError } from '../errors.js'
import type { ErrorParts } from '../errors.js'

/** A file of a hub cannot be had: the server refuses, cannot be reached, or does not hold it. Its code is that of a {@link FileError}. */
export class HubError extends FileError {
  /** The HTTP status that the server answered with; undefined when no answer came. */
  readonly status: number | undefined

  constructor(parts: ErrorParts, status?: number) {
    super(parts)
    this.status = status
  }
}

/** A failure that may be gone at the next try. */
export class Transient extends Error {
  override name = 'Transient'
  /** What to throw when the tries are used up. */
  readonly final: HubError
  /** How long the server asks to wait, if it does. */
  readonly waitMs: number | undefined

  constructor(final: HubError, waitMs?: number) {
    super(final.message)
    this.final = final
    this.waitMs = waitMs
  }
}

/** An address as messages may show it: the query of a signed one is a secret. */
export function shown(url: URL): string {
  return `${url.origin}${url.pathname}`
}

/** The error for an answer that is no success. */
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
      ...what('the hub does not let this account have it'),
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
    return { ...what('the hub does not have it'), expected: 'a file that is there', fix: 'check the id and the file' }
  if (status === 429)
    return {
      ...what('the hub answers no more requests for now'),
      expected: 'an answer',
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

/** The error for a server that cannot be reached, or falls silent. */
export function unreachable(url: URL, subject: string, cause: unknown): Transient {
  const lower = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  const error = new HubError({
    what: `${subject}: ${url.origin} cannot be reached`,
    expected: 'an answer',
    received: lower instanceof Error ? lower.message || lower.name : String(lower),
    fix: 'check the network; HF_ENDPOINT names another server, HF_HUB_OFFLINE=1 uses what the cache holds',
    cause,
  })
  return new Transient(error)
}

/** The error of a download that its signal ended. */
export function aborted(signal: AbortSignal): AbortedError {
  const reason: unknown = signal.reason
  return new AbortedError({
    what: 'the download was aborted',
    expected: 'a signal that is not aborted',
    received: reason instanceof Error ? reason.message : String(reason),
    fix: 'call it again: it goes on where it was',
    cause: reason,
  })
}
