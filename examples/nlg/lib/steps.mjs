// Runs the scripts one after the other, as one would by hand, each a process of its own: so each has a peak of memory of its own.
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Problem } from '../../lib/problem.mjs'
import { asFlags } from './recipes.mjs'

const HERE = fileURLToPath(new URL('..', import.meta.url))

/**
 * Runs a script with flags; its lines appear as they come.
 * @throws the signal's reason after Ctrl-C, which reaches the script, too. @throws {Problem} when the script fails, which then has said why.
 */
export async function runStep(script, flags, signal) {
  signal.throwIfAborted()
  const args = [join(HERE, `${script}.mjs`), ...asFlags(flags)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  // Ctrl-C in a terminal reaches both; from elsewhere only this process.
  const pass = () => child.kill('SIGINT')
  if (!process.stdin.isTTY) signal.addEventListener('abort', pass, { once: true })
  const code = await new Promise((done, failed) => child.on('error', failed).on('close', done))
  signal.removeEventListener('abort', pass)
  signal.throwIfAborted()
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
