// All environment variables that TypeScript reads. docs/env.md lists them together with those of the engine.
import { OptionError } from '../errors.js'

function text(name: string): string | undefined {
  const value = process.env[name]
  return value === undefined || value === '' ? undefined : value
}

export const env = {
  /** LORALIB_NATIVE_PATH: an addon file to load instead of the package's. */
  nativePath: text('LORALIB_NATIVE_PATH'),
  /** LORALIB_DEVICE: `cuda`, `cuda:N` and `auto` ask for the addon with CUDA. The engine checks the value. */
  device: text('LORALIB_DEVICE') ?? 'cpu',
  /** LORALIB_TRACE: the engine writes a timeline, which must be complete when the process exits. */
  trace: text('LORALIB_TRACE') !== undefined,
  /** LORALIB_DEBUG of 2 or more: a stack for each queued operation. The engine checks the value. */
  callSites: Number(text('LORALIB_DEBUG') ?? 0) >= 2,
  /** LORALIB_CUDA_PATH: folders with NVIDIA's libraries, searched first. */
  cudaPath: (variables: Record<string, string | undefined> = process.env) => variables.LORALIB_CUDA_PATH ?? '',
}

/** The variables of downloads, with the names of huggingface_hub. Read at each download, since programs may set them after the package is loaded. */
export function hubEnv() {
  return {
    /** HF_HUB_CACHE: the folder of downloads. */
    cache: text('HF_HUB_CACHE') ?? text('HUGGINGFACE_HUB_CACHE'),
    /** HF_HOME: its parent folder, which also holds the token. */
    home: text('HF_HOME'),
    /** XDG_CACHE_HOME: the parent folder of that. */
    xdgCache: text('XDG_CACHE_HOME'),
    /** HF_ENDPOINT: a server other than the public one. */
    endpoint: text('HF_ENDPOINT'),
    /** HF_TOKEN: sent with every request to the endpoint. */
    token: text('HF_TOKEN') ?? text('HUGGING_FACE_HUB_TOKEN'),
    /** HF_TOKEN_PATH: a file with the token. */
    tokenPath: text('HF_TOKEN_PATH'),
    /** HF_HUB_DISABLE_IMPLICIT_TOKEN: send a token only where one is passed in code. */
    withoutToken: flag('HF_HUB_DISABLE_IMPLICIT_TOKEN'),
    /** HF_HUB_OFFLINE: make no request. */
    offline: flag('HF_HUB_OFFLINE') || flag('TRANSFORMERS_OFFLINE'),
    /** HF_HUB_ETAG_TIMEOUT, in seconds: how long the response about a file may take. */
    answerTimeoutMs: milliseconds('HF_HUB_ETAG_TIMEOUT', 10),
    /** HF_HUB_DOWNLOAD_TIMEOUT, in seconds: how long a transfer may stall. */
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
  throw badVariable(name, 'a number of seconds above 0', 'a number of seconds')
}

function badVariable(name: string, expected: string, fix: string): OptionError {
  return new OptionError({
    what: `the environment variable ${name} has an invalid value`,
    expected,
    received: String(process.env[name]),
    fix: `set it to ${fix}, or unset it`,
  })
}
