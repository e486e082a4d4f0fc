// Every environment variable that the TypeScript side reads. docs/env.md lists them with those of the engine.

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
