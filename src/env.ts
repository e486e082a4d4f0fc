// Every environment variable that the TypeScript side reads. docs/env.md lists them with those of the engine.

function text(name: string): string | undefined {
  const value = process.env[name]
  return value === undefined || value === '' ? undefined : value
}

export const env = {
  /** LORALIB_NATIVE_PATH: an addon file to load in place of the package's. */
  nativePath: text('LORALIB_NATIVE_PATH'),
}
