// Loads files in a child process, for files that may do anything to it.
import { fork } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { inRoot } from './run.mjs'

const CHILD = inRoot('scripts/lib/load-child.mjs')
const LIMIT_MS = 30_000

/** A child process in an empty folder of its own. It may die; the next load starts another one. */
export class Loader {
  #child = null
  #folder = mkdtempSync(join(tmpdir(), 'loralib-loader-'))

  /**
   * Loads a file. Returns `{state, ms, grownBytes, made}` and more: state `loaded` with `object`, `refused` with `name`, `code`, `message`,
   * `threw` for an error that is not one of the package, `died` with `how` for a child that ended or was too slow. `made` lists the
   * files that appeared in the child's folder.
   */
  async load(path, { mapped = false } = {}) {
    if (this.#child === null && (await this.#start()).state !== 'ready')
      throw new Error('the loading child does not start')
    this.#child.send({ path: resolve(path), mapped })
    const answer = await this.#answer()
    const made = readdirSync(this.#folder)
    for (const name of made) rmSync(join(this.#folder, name), { recursive: true })
    return { ...answer, made }
  }

  /** Ends the child and removes its folder. */
  close() {
    this.#child?.kill()
    this.#child = null
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #start() {
    // Without huge pages: one of 2 MB counts in full from its first byte, and whether there are any depends on the machine.
    const env = { ...process.env, MIMALLOC_ALLOW_THP: '0' }
    this.#child = fork(CHILD, { cwd: this.#folder, env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    return this.#answer()
  }

  /** The child's next message. Between messages it does not keep this process alive. */
  #answer() {
    const child = this.#child
    child.ref()
    child.channel?.ref()
    return new Promise((resolve) => {
      const end = (answer) => {
        clearTimeout(timer)
        child.removeAllListeners()
        if (answer.state === 'died') {
          child.kill('SIGKILL')
          this.#child = null
        } else {
          child.unref()
          child.channel?.unref()
        }
        resolve(answer)
      }
      const timer = setTimeout(() => end({ state: 'died', how: `no answer in ${LIMIT_MS / 1000} s` }), LIMIT_MS)
      child.once('message', end)
      child.once('error', (error) => end({ state: 'died', how: String(error) }))
      child.once('exit', (code, signal) => end({ state: 'died', how: `exit ${code ?? signal}` }))
    })
  }
}
