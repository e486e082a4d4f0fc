// Every environment variable that the TypeScript side reads. docs/env.md lists them with those of the engine.
import { OptionError } from '../errors.js'

function text(name: string): string | undefined {
  const value = process.env[name]
  return value === undefined || value === '' ? undefined : value
}

export const env = {
  /** LORALIB_NATIVE_PATH: an addon file to load in place of the package's. */
  nativePath: text('LORALIB_NATIVE_PATH'),
  /** LORALIB_TRACE: the engine writes a timeline, which must be complete when the process exits. */
  trace: text('LORALIB_TRACE') !== undefined,
  /** LORALIB_DEBUG from 2 on: a stack for each queued operation. The engine checks the value. */
  callSites: Number(text('LORALIB_DEBUG') ?? 0) >= 2,
}

/** What downloads read, by the names of huggingface_hub. At each download, since programs set them after the package is loaded, too. */
export function hubEnv() {
  return {
    /** HF_HUB_CACHE: where downloads lie. */
    cache: text('HF_HUB_CACHE') ?? text('HUGGINGFACE_HUB_CACHE'),
    /** HF_HOME: the folder above it, which holds the token as well. */
    home: text('HF_HOME'),
    /** XDG_CACHE_HOME: the folder above that. */
    xdgCache: text('XDG_CACHE_HOME'),
    /** HF_ENDPOINT: another server than the public one. */
    endpoint: text('HF_ENDPOINT'),
    /** HF_TOKEN: sent with every request to the endpoint. */
    token: text('HF_TOKEN') ?? text('HUGGING_FACE_HUB_TOKEN'),
    /** HF_TOKEN_PATH: a file that holds it. */
    tokenPath: text('HF_TOKEN_PATH'),
    /** HF_HUB_DISABLE_IMPLICIT_TOKEN: send a token only where one is passed in code. */
    withoutToken: flag('HF_HUB_DISABLE_IMPLICIT_TOKEN'),
    /** HF_HUB_OFFLINE: no request at all. */
    offline: flag('HF_HUB_OFFLINE') || flag('TRANSFORMERS_OFFLINE'),
    /** HF_HUB_ETAG_TIMEOUT, in seconds: how long an answer about a file may take. */
    answerTimeoutMs: milliseconds('HF_HUB_ETAG_TIMEOUT', 10),
    /** HF_HUB_DOWNLOAD_TIMEOUT, in seconds: how long a transfer may stand still. */
    stallTimeoutMs: milliseconds('HF_HUB_DOWNLOAD_TIMEOUT', 10),
  }
}

function flag(name: string): boolean {
  const value = text(name)?.toUpperCase()
  if (value === undefined || ['0', 'OFF', 'NO', 'FALSE'].includes(value)) return false
  if (['1', 'ON', 'YES', 'TRUE'].includes(value)) return true
  throw badVariable(name, '1 or 0', 'true or false as 1 or 0')
}

function milliseconds(name: string, seconds: number): number {
  const value = Number(text(name) ?? seconds)
  if (Number.isFinite(value) && value > 0) return Math.ceil(value * 1000)
  throw badVariable(name, 'seconds, more than 0', 'a number of seconds')
}

function badVariable(name: string, expected: string, fix: string): OptionError {
  return new OptionError({
    what: `the environment variable ${name} means nothing`,
    expected,
    received: String(process.env[name]),
    fix: `set it to ${fix}, or unset it`,
  })
}
