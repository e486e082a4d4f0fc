// The frame round an example: Ctrl-C, and errors in plain words.
import * as lora from 'loralib'
import { Problem } from './problem.mjs'

const INTERRUPTED = 130

/**
 * Runs an example. The first Ctrl-C aborts the signal, and the example ends at its next step; the second one ends it at once.
 * Exit code 130 after Ctrl-C, 1 after an error.
 * @param {(interrupt: AbortSignal) => Promise<void>} example
 */
export async function runExample(example) {
  const controller = new AbortController()
  process.on('SIGINT', () => {
    if (controller.signal.aborted) process.exit(INTERRUPTED)
    controller.abort()
    process.exitCode = INTERRUPTED
    process.stderr.write('\nStopping after this step (Ctrl-C again: at once) …\n')
  })
  try {
    await example(controller.signal)
  } catch (error) {
    if (controller.signal.aborted && (error === controller.signal.reason || error instanceof lora.AbortedError)) return
    process.exitCode = 1
    if (error instanceof Problem) console.error(`\n${error.message}`)
    else if (error instanceof lora.LoraError) console.error(`\n${error.name} [${error.code}]: ${error.message}`)
    else console.error(error)
  }
}
