import { InternalError, reviveError, startStackAt } from '../errors.js'

/** Calls the addon; an error that crosses as data becomes the class of its code, with a stack that starts at the caller. */
export function call<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw revive(error, call)
  }
}

/** The same for a promise of the addon. Settles in a macrotask, so that Node can finalise handles and serve other events. */
export async function callAsync<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw revive(error, callAsync)
  } finally {
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** An error of the addon as one of ours. */
export function revive(error: unknown, above: (...args: never[]) => unknown): unknown {
  if (!(error instanceof Error)) return error
  const data = parse(error.message)
  if (data) {
    const revived = reviveError(data)
    startStackAt(revived, above)
    return revived
  }
  // What is no data is no error of the engine: a panic at the boundary, or a wrong argument of our own.
  const code = (error as { code?: string }).code
  if (code === undefined) return error
  return new InternalError({
    what: 'a fault of loralib',
    received: error.message,
    fix: 'please report this',
    cause: error,
  })
}

function parse(message: string): Record<string, string> | null {
  if (!message.startsWith('{')) return null
  try {
    const data: unknown = JSON.parse(message)
    return typeof data === 'object' && data !== null && 'loralib' in data ? (data as Record<string, string>) : null
  } catch {
    return null
  }
}
