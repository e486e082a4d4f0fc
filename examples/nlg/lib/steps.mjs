// Runs the scripts one after the other, as one would by hand, each a process of its own: so each has a peak of memory of its own.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runNode } from '../../lib/child.mjs'
import { Problem } from '../../lib/problem.mjs'
import { asFlags } from './recipes.mjs'

const HERE = fileURLToPath(new URL('..', import.meta.url))

/**
 * Runs a script with flags; its lines appear as they come.
 * @throws the signal's reason after Ctrl-C, which reaches the script, too. @throws {Problem} when the script fails, which then has said why.
 */
export async function runStep(script, flags, signal) {
  const { code } = await runNode([join(HERE, `${script}.mjs`), ...asFlags(flags)], signal)
  if (code !== 0) throw new Problem(`${script}.mjs ended with status ${code}`, { fix: 'see its message above' })
}

/** What a training run left behind; null when it did not come to its end. */
export async function resultOf(folder) {
  try {
    const result = JSON.parse(await readFile(join(folder, 'result.json'), 'utf8'))
    return result.aborted ? null : result
  } catch {
    return null
  }
}
