/** The codes of the warnings while `run` runs. */
export async function warningsOf(run: () => Promise<unknown>): Promise<string[]> {
  const codes: string[] = []
  const note = (warning: Error & { code?: string }) => void codes.push(warning.code ?? warning.name)
  process.on('warning', note)
  await run()
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', note)
  return codes
}
