// The warnings of the process that come while something runs.

export interface Warned {
  code: string
  message: string
}

/** Runs `fn` and returns the warnings that it gave. */
export async function warningsOf(fn: () => unknown): Promise<Warned[]> {
  const seen: Warned[] = []
  const listen = (warning: Error & { code?: string }): void =>
    void seen.push({ code: warning.code ?? '', message: warning.message })
  process.on('warning', listen)
  try {
    await fn()
    // Node gives them out in a later turn.
    await new Promise((resolve) => setImmediate(resolve))
  } finally {
    process.off('warning', listen)
  }
  return seen
}

/** The codes of those warnings. */
export const warningCodesOf = async (fn: () => unknown): Promise<string[]> =>
  (await warningsOf(fn)).map(({ code }) => code)
